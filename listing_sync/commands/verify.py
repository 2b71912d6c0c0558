"""Compare sheet and table value by value, and find who else writes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Rejection, Value
from listing_sync.changes.compare import is_equal
from listing_sync.changes.plan import Plan, Update
from listing_sync.errors import RefusedError
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports, Progress, SnapshotMeta
from listing_sync.steps.comparing import Scope
from listing_sync.steps.learning import known_to
from listing_sync.steps.planning import plan_changes
from listing_sync.steps.reading import read


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """One value that differs; `header` as in the sheet.

    `by_others`: our last run wrote, or the last snapshot holds, what the sheet still says.
    """

    property_number: str
    header: str
    sheet: Value
    table: Value
    by_others: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared, within the share of `percent`, and what is not equal."""

    percent: float
    compared: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    differing: tuple[ValueDifference, ...]
    rejected: tuple[Rejection, ...]

    @property
    def is_equal(self) -> bool:
        """Return whether the table says what the sheet says."""
        return not (self.missing or self.unexpected or self.differing or self.rejected)

    @property
    def is_written(self) -> bool:
        """Return whether the table has every valid listing with its values."""
        return not (self.missing or self.differing)


def verify(ports: Ports, percent: float, progress: Progress) -> Verification:
    """Compare the listings inside the share with the table; marked rows are not looked at."""
    reading = read(ports, progress, percent=percent)
    progress.phase("Comparing", None)
    settled = plan_changes(
        ports,
        reading,
        Scope(percent=percent),
        on_rows=progress.advance,
        tick=_nothing,
        known=known_to(ports),
    )
    plan = settled.plan
    return Verification(
        percent=percent,
        compared=len(settled.checked.listings),
        missing=tuple(listing.property_number for listing in plan.inserts),
        unexpected=plan.unlisted,
        differing=_differences(ports, plan),
        rejected=settled.checked.rejections,
    )


def _nothing() -> None:
    return


def _differences(ports: Ports, plan: Plan) -> tuple[ValueDifference, ...]:
    updates = [update for update in plan.updates if update.mark is None]
    if not updates:
        return ()
    known = _last_known(ports, plan, updates)
    return tuple(
        ValueDifference(
            update.listing.property_number,
            plan.columns[index].header,
            update.listing.values[index],
            old,
            by_others=_is_known(
                known.get(update.key, {}),
                plan.columns[index].column,
                update.listing.values[index],
            ),
        )
        for update in updates
        for index, old in zip(update.changed, update.old, strict=True)
    )


def _is_known(known: Mapping[str, Value], column: Column, wanted: Value) -> bool:
    return column.name in known and is_equal(wanted, known[column.name], column.type)


def _last_known(ports: Ports, plan: Plan, updates: list[Update]) -> dict[str, dict[str, Value]]:
    """Return what these rows held last as far as this machine knows: number -> column -> value.

    That is what the last snapshot holds, and over it what our runs wrote.
    """
    names = {column.column.name for column in plan.columns}
    known: dict[str, dict[str, Value]] = {update.key: {} for update in updates}
    beginning: SnapshotMeta | None = None
    with suppress(RefusedError):  # a damaged snapshot tells nothing
        for meta in ports.machine.snapshots.all()[:1]:
            for row in ports.machine.snapshots.rows(meta):
                number = str(row[ports.mapping.key])
                if number in known:
                    known[number] |= {name: row[name] for name in names & row.keys()}
            beginning = meta
    with ports.machine.written_since(beginning) as written:
        for number, values in known.items():
            for change in written.changes_of(number):
                values.update(change.new or {})
    return known
