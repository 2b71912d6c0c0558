"""Compare what the sheet says with the table, and plan the changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from listing_sync.cells.listings import SheetContents
from listing_sync.changes.blanks import blanks_to_write, without_hidden
from listing_sync.changes.given_back import NOTHING_KNOWN, GivenBack
from listing_sync.changes.meaning import Settled, in_question, settle
from listing_sync.changes.plan import Plan, TableRow, make_plan
from listing_sync.ports import Ports
from listing_sync.steps.background import Prefetched
from listing_sync.steps.comparing import Comparing, Scope
from listing_sync.steps.reading import Reading

PAGES_AHEAD = 3


def plan_changes(
    ports: Ports,
    reading: Reading,
    scope: Scope,
    *,
    on_rows: Callable[[int], None],
    tick: Callable[[], None],
    known: GivenBack = NOTHING_KNOWN,
) -> Settled:
    """Compare with the table, whose pages are read ahead meanwhile.

    Where a number of the sheet is on no row, the table is asked which row it means; where a blank
    cell would empty a value, the sheet is asked whether it is one.
    """
    settled = _settled(ports, reading, scope, on_rows=on_rows, tick=tick, known=known)
    return looked_behind(ports, settled, reading.contents)


def looked_behind(ports: Ports, settled: Settled, contents: SheetContents) -> Settled:
    """Return what is left once the sheet has said which of the blanks to be written are none.

    That is asked for beside what the sheet is read from: nothing is to be concluded from it.
    """
    if cells := blanks_to_write(settled.plan):
        behind = ports.sheet.look_behind(cells)
        return replace(without_hidden(settled, behind, contents), seen=None)
    return settled


def _settled(
    ports: Ports,
    reading: Reading,
    scope: Scope,
    *,
    on_rows: Callable[[int], None],
    tick: Callable[[], None],
    known: GivenBack,
) -> Settled:
    checked, seen = reading.checked, None
    columns = [column.column for column in checked.columns]

    def counted(pages: Iterable[Sequence[TableRow]]) -> Iterator[Sequence[TableRow]]:
        for page in Prefetched(pages, ahead=PAGES_AHEAD).each(tick):
            yield page
            on_rows(len(page))
            tick()

    if scope.selected_only:
        numbers = sorted(listing.property_number for listing in checked.listings)
        plan = make_plan(
            checked,
            counted(ports.target.table.rows(columns, numbers)),
            percent=scope.percent,
            force=scope.force,
            prune=scope.prune,
            known=known,
        )
    else:
        comparing = Comparing(ports, checked, scope, counted, known)
        plan = comparing.plan()
        seen = comparing.seen
    meant = meant_rows(ports, plan, known)
    if not meant:
        return Settled(plan, checked, seen=seen)
    found = ports.target.table.rows(columns, sorted(set(meant.values())))
    there = {row.property_number: row for page in found for row in page}
    return settle(
        plan,
        checked,
        {number: there[key] for number, key in meant.items() if key in there},
        contents=reading.contents,
        key=reading.key,
        force=scope.force,
        prune=scope.prune,
        known=known,
    )


def meant_rows(ports: Ports, plan: Plan, known: GivenBack) -> dict[str, str]:
    """Return the keys of the rows that numbers without one of their own mean.

    What the table has told before is not asked again while that row is on no row of the sheet.
    """
    unlisted = set(plan.unlisted)
    asked = in_question(plan)
    told = {number: known.keys[number] for number in asked if known.keys.get(number) in unlisted}
    rest = [number for number in asked if number not in told]
    return told | dict(ports.target.table.meant_by(rest) if rest else {})
