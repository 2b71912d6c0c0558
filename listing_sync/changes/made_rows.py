"""Find what the database made of the rows that it was sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.listings import Value
from listing_sync.changes.as_sent import ByColumn
from listing_sync.changes.compare import is_equal
from listing_sync.lazy_dataclasses import dataclass

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Made:
    """What the database made of a request.

    `rows` hold by number what stands in `columns`, none of which was sent; `others` values sent
    that the database made something else of; `spelled` the numbers that it spells otherwise.
    """

    columns: tuple[str, ...]
    rows: Mapping[str, Sequence[Value]]
    others: Mapping[str, Mapping[str, Value]]
    spelled: Mapping[str, str]

    def of(self, number: str) -> dict[str, Value]:
        """Return what became of one row, but for what is as it was sent."""
        beside = zip(self.columns, self.rows[number], strict=True)
        return {**dict(beside), **self.others.get(number, {})}


def aligned(numbers: Sequence[str], rows: Sequence[Row], key: str) -> dict[str, Row]:
    """Return the rows by the numbers sent; PostgreSQL gives them back in the order of these."""
    found = {str(row[key]): row for row in rows}
    if len(rows) == len(numbers) and not found.keys() >= set(numbers):
        return dict(zip(numbers, rows, strict=True))
    return {number: found[number] for number in numbers if number in found}


def made_of(
    numbers: Sequence[str],
    columns: Sequence[str],
    sent: Sequence[Sequence[Value]],
    came: Sequence[Row],
    table: Mapping[str, ColumnType],
    key: str,
) -> Made:
    """Return what the database made of a request, of which `came` are the rows in its order.

    A column that was sent and did not come back is as it was sent. `table` gives the types.
    """
    if not numbers:
        return Made((), {}, {}, {})
    beside = tuple(came[0].keys() - set(columns))
    wanted = ByColumn(columns, sent)
    names = [name for name in columns if name in came[0]]
    keys = [row[key] for row in came]
    if keys == [*numbers] and key in names and wanted[key] == tuple(keys):  # as nearly always
        names.remove(key)
    others: dict[str, dict[str, Value]] = {}
    for name, got in zip(names, zip(*_values(names, came), strict=True), strict=True):
        kind = table.get(name, ColumnType.TEXT)
        values = wanted[name]
        for place in _doubtful(values, got, kind):
            if not is_equal(values[place], got[place], kind):
                others.setdefault(numbers[place], {})[name] = got[place]
    return Made(
        beside,
        dict(zip(numbers, _values(beside, came), strict=True)),
        others,
        {
            number: str(came_as)
            for number, came_as in zip(numbers, keys, strict=True)
            if came_as != number and str(came_as) != number
        },
    )


def _values(names: Sequence[str], rows: Sequence[Row]) -> Iterable[tuple[Value, ...]]:
    """Return the values of each row in these columns, picked in C: they are many."""
    if len(names) > 1:
        return map(itemgetter(*names), rows)
    return (tuple([row[name] for name in names]) for row in rows)


def _doubtful(wanted: Sequence[Value], got: Sequence[Value], kind: ColumnType) -> Sequence[int]:
    """Return the places where two columns are not the same at first sight, as most are.

    A number is sent as its digits, and may come back as a number.
    """
    if kind is ColumnType.JSON:
        return range(len(got))
    if wanted == got:
        return ()
    pairs: Iterable[tuple[Value, Value]] = zip(wanted, got, strict=True)
    if kind.is_number:
        pairs = zip(map(str, wanted), map(str, got), strict=True)
    return [place for place, (left, right) in enumerate(pairs) if left != right]
