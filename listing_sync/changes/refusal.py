"""Refuse a plan that removes or changes too much, and tell the likeliest cause and the ways on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from listing_sync.cells import wording
from listing_sync.cells.listings import Listing, SheetColumn
from listing_sync.changes.likely_cause import likely_cause
from listing_sync.changes.plan import BLANKED_FROM, Plan

CHANGE_LIMIT_FROM = 20
"""Tables smaller than this have no change limit (docs/contract.md section 1)."""

_UNKNOWN = "Was the wrong tab read, one column sorted alone or a part of the sheet deleted?"

_WAY_BACK = (
    "An accident: File > Version history of the Google Sheet brings back what was there (of a"
    " file: its last copy)"
)


@dataclass(frozen=True, slots=True)
class SafetyLimits:
    """How much a run may remove or change before it is refused, in percent; 100 is no limit."""

    prune_percent: float
    change_percent: float


@dataclass(frozen=True, slots=True)
class _Excess:
    """A limit that a plan passes, the option that sets it, and the percentage that would do."""

    reason: str
    option: str
    needed: int


def refusal(
    plan: Plan,
    limits: SafetyLimits,
    *,
    listings: Sequence[Listing] = (),
    command: str | None = None,
) -> str | None:
    """Return why this plan must not be applied, the likeliest cause first, or None when it may.

    `listings` are all valid ones of the sheet, from the top. `command` is what to type for the
    same run (without the limits), None where no such run is to be repeated: then no way through is
    told. All limits are told at once: who follows the way through is not refused again.
    """
    excesses = (*_removed_too_many(plan, limits), *_changed_too_many(plan, limits))
    if not excesses:
        return None
    what = "; ".join(excess.reason for excess in excesses)
    cause = likely_cause(plan, listings)
    told = f"{cause}: {what}." if cause else f"{what}. {_UNKNOWN}"
    way_back = f"{told} {_WAY_BACK}"
    if command is None:
        return way_back
    needed: dict[str, int] = {}
    for excess in excesses:
        needed[excess.option] = max(excess.needed, needed.get(excess.option, 0))
    options = " ".join(f"{option} {percentage}" for option, percentage in needed.items())
    return (
        f"{way_back}. See what would change with --dry-run; if it is wanted, run once:"
        f" `{command} {options}`"
    )


def _removed_too_many(plan: Plan, limits: SafetyLimits) -> Iterator[_Excess]:
    removed, size, limit = len(plan.removals), plan.table_size, limits.prune_percent
    if _exceeds(removed, limit, size):
        share = f"{wording.percent(removed / size)}; the limit SYNC_PRUNE_LIMIT is {limit:g}%"
        yield _Excess(
            f"{removed} of {size} listings in the table would be removed, as they are no longer in"
            f" the sheet ({share})",
            "--prune-limit",
            _percentage_for(removed, size),
        )


def _changed_too_many(plan: Plan, limits: SafetyLimits) -> Iterator[_Excess]:
    size, limit = plan.table_size, limits.change_percent
    if size < CHANGE_LIMIT_FROM or limit >= 100:  # noqa: PLR2004 - no limit
        return

    def excess(count: int, whole: int, what: str) -> Iterator[_Excess]:
        if _exceeds(count, limit, whole):
            share = f"{wording.percent(count / whole)}; the limit SYNC_CHANGE_LIMIT is {limit:g}%"
            needed = min(100, _percentage_for(count, whole))
            yield _Excess(f"{what} ({share})", "--change-limit", needed)

    changed, added = plan.changes, plan.additions
    most = _most_changed(plan)
    yield from excess(changed, size, f"{changed} of {size} listings would be changed{most}")
    yield from excess(added, size, f"{added} would be added to a table of {size} listings")
    blanked, filled, column = max(
        zip(plan.blanked, plan.filled, plan.columns, strict=True), key=_blanked_share
    )
    if blanked >= BLANKED_FROM:
        what = f"{blanked} of {filled} values of column {column.header!r} would become blank"
        yield from excess(blanked, filled, what)


def _blanked_share(counts: tuple[int, int, SheetColumn]) -> float:
    blanked, filled, _ = counts
    return blanked / filled if blanked >= BLANKED_FROM else 0


def _exceeds(count: int, limit_percent: float, whole: int) -> bool:
    return 100 * count > Decimal(str(limit_percent)) * whole


def _percentage_for(count: int, whole: int) -> int:
    """Return the smallest whole percentage that lets `count` of `whole` pass."""
    return -(-100 * count // whole)


def _most_changed(plan: Plan) -> str:
    counts = Counter(index for update in plan.updates for index in update.changed)
    names = [f"{plan.columns[index].header!r} {count}" for index, count in counts.most_common(3)]
    return f", most often in {', '.join(names)}" if names else ""
