"""Refuse a plan that removes or changes too much, and tell the likeliest cause and the ways on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from listing_sync.cells import wording
from listing_sync.cells.listings import Listing, SheetColumn
from listing_sync.changes.likely_cause import likely_cause
from listing_sync.changes.plan import BLANKED_FROM, Plan
from listing_sync.language.sentences import joined, marked, phrase
from listing_sync.lazy_dataclasses import dataclass

CHANGE_LIMIT_FROM = 20
"""Tables smaller than this have no change limit (docs/contract.md section 1)."""

_UNKNOWN = marked("Was the wrong tab read, one column sorted alone or a part of the sheet deleted?")

_WAY_BACK = marked(
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
    what = joined("; ", [excess.reason for excess in excesses])
    cause = likely_cause(plan, listings)
    told = (
        phrase("{cause}: {what}. {way_back}", cause=cause, what=what, way_back=_WAY_BACK)
        if cause
        else phrase(
            "{what}. {question} {way_back}", what=what, question=_UNKNOWN, way_back=_WAY_BACK
        )
    )
    if command is None:
        return told
    needed: dict[str, int] = {}
    for excess in excesses:
        needed[excess.option] = max(excess.needed, needed.get(excess.option, 0))
    options = " ".join(f"{option} {percentage}" for option, percentage in needed.items())
    return phrase(
        "{told}. See what would change: `{command} --dry-run`; if it is wanted, run once:"
        " `{command} {options}`",
        told=told,
        command=command,
        options=options,
    )


def _removed_too_many(plan: Plan, limits: SafetyLimits) -> Iterator[_Excess]:
    removed, size, limit = len(plan.removals), plan.table_size, limits.prune_percent
    if _exceeds(removed, limit, size):
        yield _Excess(
            phrase(
                "{removed} of {size} listings in the table would be removed, as they are no longer"
                " in the sheet ({share}; the limit SYNC_PRUNE_LIMIT is {limit:g}%)",
                removed=removed,
                size=size,
                share=wording.percent(removed / size),
                limit=limit,
            ),
            "--prune-limit",
            _percentage_for(removed, size),
        )


def _changed_too_many(plan: Plan, limits: SafetyLimits) -> Iterator[_Excess]:
    size, limit = plan.table_size, limits.change_percent
    if size < CHANGE_LIMIT_FROM or limit >= 100:  # noqa: PLR2004 - no limit
        return

    def excess(count: int, whole: int, what: str) -> Iterator[_Excess]:
        if _exceeds(count, limit, whole):
            reason = phrase(
                "{what} ({share}; the limit SYNC_CHANGE_LIMIT is {limit:g}%)",
                what=what,
                share=wording.percent(count / whole),
                limit=limit,
            )
            needed = min(100, _percentage_for(count, whole))
            yield _Excess(reason, "--change-limit", needed)

    changed, added = plan.changes, plan.additions
    yield from excess(changed, size, _would_change(plan, changed))
    what = phrase("{added} would be added to a table of {size} listings", added=added, size=size)
    yield from excess(added, size, what)
    blanked, filled, column = max(
        zip(plan.blanked, plan.filled, plan.columns, strict=True), key=_blanked_share
    )
    if blanked >= BLANKED_FROM:
        what = phrase(
            "{blanked} of {filled} values of column {header!r} would become blank",
            blanked=blanked,
            filled=filled,
            header=column.header,
        )
        yield from excess(blanked, filled, what)


def _blanked_share(counts: tuple[int, int, SheetColumn]) -> float:
    blanked, filled, _ = counts
    return blanked / filled if blanked >= BLANKED_FROM else 0


def _exceeds(count: int, limit_percent: float, whole: int) -> bool:
    return 100 * count > Decimal(str(limit_percent)) * whole


def _percentage_for(count: int, whole: int) -> int:
    """Return the smallest whole percentage that lets `count` of `whole` pass."""
    return -(-100 * count // whole)


def _would_change(plan: Plan, changed: int) -> str:
    """Return how many listings would change, and in which columns most often."""
    counts = Counter(index for update in plan.updates for index in update.changed)
    names = [f"{plan.columns[index].header!r} {count}" for index, count in counts.most_common(3)]
    if not names:
        return phrase(
            "{changed} of {size} listings would be changed", changed=changed, size=plan.table_size
        )
    return phrase(
        "{changed} of {size} listings would be changed, most often in {columns}",
        changed=changed,
        size=plan.table_size,
        columns=", ".join(names),
    )
