"""Build the documents of `--json`, with the keys of docs/contract.md section 4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from listing_sync.cells.listings import Rejection
from listing_sync.cells.wording import utc_text
from listing_sync.changes.plan import Plan, Update
from listing_sync.history.runs import Cause, Run, RunStats
from listing_sync.history.signs_of_life import Going

if TYPE_CHECKING:
    from listing_sync.commands.status import OneRun, Recent

Document = dict[str, object]

VALUE_LIMIT = 200


def run_document(
    run: Run,
    rejections: Iterable[Rejection] | None,
    *,
    dry_run: bool = False,
    extra: Mapping[str, object] | None = None,
) -> Document:
    """Return one run; `rejections` None leaves `errors` out, `extra` keys come last.

    What stopped the run is the first of the errors, with no listing. A run that waits on this
    machine for its delivery has `"inJournal": true`.
    """
    document: Document = {
        "syncId": run.run_id,
        "type": run.run_type.value,
        "status": run.status.value,
        "startedAt": utc_text(run.started_at),
        "completedAt": utc_text(run.completed_at) if run.completed_at else None,
        "stats": stats_document(run.stats),
    }
    if rejections is not None:
        document["removed"] = list(run.removed)
        causes = [_cause_document(run.cause)] if run.cause else []
        document["errors"] = causes + [rejection_document(item) for item in rejections]
    if run.in_journal:
        document["inJournal"] = True
    if dry_run:
        document["dryRun"] = True
    return document | dict(extra or {})


def stats_document(stats: RunStats) -> Document:
    """Return the counts of a run."""
    return {
        "total": stats.total,
        "success": stats.success,
        "failed": stats.failed,
        "skipped": stats.skipped,
        "inserted": stats.inserted,
        "updated": stats.updated,
        "unchanged": stats.unchanged,
        "removed": stats.removed,
    }


def rejection_document(rejection: Rejection) -> Document:
    """Return one rejection as it stands in `errors`."""
    return {
        "propertyNumber": rejection.property_number,
        "row": rejection.sheet_row,
        "column": rejection.column,
        "cell": rejection.cell,
        "value": None if rejection.value is None else rejection.value[:VALUE_LIMIT],
        "category": rejection.category.value,
        "error": rejection.reason,
        "code": rejection.code,
        "link": rejection.link,
    }


def _cause_document(cause: Cause) -> Document:
    nowhere = Rejection(None, None, None, None, None, cause.message, cause.category)
    return rejection_document(nowhere)


def plan_document(plan: Plan, refusal: str | None) -> Document:
    """Return what a dry run adds: every change column by column, and why it would be refused."""
    return {
        "changes": {
            "inserts": [listing.property_number for listing in plan.inserts],
            "updates": [_update_document(plan, update) for update in plan.updates],
            "removals": list(plan.removals),
        },
        "refusal": refusal,
    }


def _update_document(plan: Plan, update: Update) -> Document:
    return {
        "propertyNumber": update.listing.property_number,
        "columns": [
            {"column": plan.columns[index].header, "old": old, "new": update.listing.values[index]}
            for index, old in zip(update.changed, update.old, strict=True)
        ],
        "unmarked": update.mark is not None,
    }


def runs_document(recent: Recent, going: Sequence[Going] = ()) -> Document:
    """Return the last runs, newest first; `error` says why Supabase could not be asked.

    A run in progress has its `life`: at work, hangs, gone or silent.
    """
    life: dict[str, Document] = {item.run.run_id: {"life": item.life.value} for item in going}
    runs = [run_document(run, None, extra=life.get(run.run_id)) for run in recent.runs]
    document: Document = {"runs": runs}
    return document | ({"error": recent.away} if recent.away else {})


def rejected_document(found: OneRun) -> Document:
    """Return what is rejected now and which run found it, both null where nothing is known."""
    run = found.run
    document: Document = {
        "syncId": run.run_id if run else None,
        "checkedAt": utc_text(run.completed_at) if run and run.completed_at else None,
        "errors": [rejection_document(item) for item in found.rejections],
    }
    return document | ({"error": found.away} if found.away else {})
