"""Numbers that the sheet no longer has in, their rows deleted or marked out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from listing_sync.errors import BatchTooLargeError, RemoteError, RowError, TransientError
from listing_sync.ports import Ports, Replaced


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows of a part were removed, or which one was not and why."""

    count: int
    refused: str | None = None
    error: RemoteError | None = None


def remove(
    ports: Ports,
    numbers: Sequence[str],
    *,
    size: int,
    marked_at: datetime,
    remember: Callable[[Sequence[Replaced]], None],
) -> Iterator[Removed]:
    """Delete the rows, or mark them when the mapping says so; refused rows are found by halving.

    What a row held, in every column, is remembered before it goes.

    Raises:
        RemoteError: other than of a row or of the moment; what ends a run.
    """
    for start in range(0, len(numbers), size):
        yield from _remove(ports, numbers[start : start + size], marked_at, remember)


def _remove(
    ports: Ports,
    numbers: Sequence[str],
    marked_at: datetime,
    remember: Callable[[Sequence[Replaced]], None],
) -> Iterator[Removed]:
    mark_column = ports.mapping.mark_column
    try:
        if mark_column is None:
            rows = ports.table.whole_rows(numbers)
            remember([Replaced(str(row[ports.mapping.key]), row, None) for row in rows])
            ports.table.delete(numbers)
        else:
            mark = marked_at.isoformat()
            remember(
                [Replaced(number, {mark_column: None}, {mark_column: mark}) for number in numbers]
            )
            ports.table.mark(numbers, marked_at)
    except (RowError, BatchTooLargeError) as error:
        if len(numbers) == 1:
            yield Removed(0, numbers[0], error)
            return
        middle = len(numbers) // 2
        yield from _remove(ports, numbers[:middle], marked_at, remember)
        yield from _remove(ports, numbers[middle:], marked_at, remember)
    except TransientError as error:
        for number in numbers:
            yield Removed(0, number, error)
    else:
        yield Removed(len(numbers))
