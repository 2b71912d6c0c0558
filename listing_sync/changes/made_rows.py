"""Find what the database made of the rows that it was sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.listings import Value
from listing_sync.changes.compare import is_equal

Row = Mapping[str, Value]


def made_of(
    numbers: Sequence[str],
    columns: Sequence[str],
    sent: Sequence[Sequence[Value]],
    rows: Sequence[Row],
    table: Mapping[str, ColumnType],
    key: str,
) -> tuple[dict[str, dict[str, Value]], dict[str, str]]:
    """Return by number what the database made of a request, and how it spells numbers otherwise.

    That is what it made of values sent where it is another, and what else its rows hold. `rows`
    are those that came back: one that did not may not be there. `table` gives the types.
    """
    found = _by_number(numbers, rows, key)
    there = [place for place, number in enumerate(numbers) if number in found]
    if not there:
        return {}, {}
    came = [found[numbers[place]] for place in there]
    others = tuple(came[0].keys() - set(columns))
    made: list[dict[str, Value]] = [
        dict(zip(others, values, strict=True)) for values in _values(others, came)
    ]
    names = [name for name in columns if name in came[0]]
    wanted = zip(*(sent[place] for place in there), strict=True)
    by_name = dict(zip(columns, wanted, strict=True))
    for name, got in zip(names, zip(*_values(names, came), strict=True), strict=True):
        kind = table.get(name, ColumnType.TEXT)
        for place in _doubtful(by_name[name], got, kind):
            if not is_equal(by_name[name][place], got[place], kind):
                made[place][name] = got[place]
    spelled = {number: str(row[key]) for number, row in found.items()}
    return (
        {numbers[place]: one for place, one in zip(there, made, strict=True)},
        {number: said for number, said in spelled.items() if said != number},
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


def _by_number(numbers: Sequence[str], rows: Sequence[Row], key: str) -> dict[str, Row]:
    """Return the rows by the numbers sent; PostgreSQL gives them back in the order of these."""
    found = {str(row[key]): row for row in rows}
    if len(rows) == len(numbers) and not found.keys() >= set(numbers):
        return dict(zip(numbers, rows, strict=True))
    return {number: found[number] for number in numbers if number in found}
