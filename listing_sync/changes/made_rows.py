"""Find what the database made of the rows that it was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    others = came[0].keys() - set(columns)
    made: list[dict[str, Value]] = [{name: row[name] for name in others} for row in came]
    for index, name in enumerate(columns):
        if name not in came[0]:
            continue
        kind = table.get(name, ColumnType.TEXT)
        wanted = [sent[place][index] for place in there]
        got = [row[name] for row in came]
        if kind is not ColumnType.JSON and wanted == got:
            continue
        for one, left, right in zip(made, wanted, got, strict=True):
            if not is_equal(left, right, kind):
                one[name] = right
    spelled = {number: str(row[key]) for number, row in found.items()}
    return (
        {numbers[place]: one for place, one in zip(there, made, strict=True)},
        {number: said for number, said in spelled.items() if said != number},
    )


def _by_number(numbers: Sequence[str], rows: Sequence[Row], key: str) -> dict[str, Row]:
    """Return the rows by the numbers sent; PostgreSQL gives them back in the order of these."""
    found = {str(row[key]): row for row in rows}
    if len(rows) == len(numbers) and not found.keys() >= set(numbers):
        return dict(zip(numbers, rows, strict=True))
    return {number: found[number] for number in numbers if number in found}
