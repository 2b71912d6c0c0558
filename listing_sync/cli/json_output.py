"""Results in, the documents of `--json` out, as docs/contract.md section 4 names their keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from listing_sync.core.listings import Rejection
from listing_sync.core.plan import Plan, Update
from listing_sync.core.runs import Cause, Run

Document = dict[str, object]

VALUE_LIMIT = 200


def utc_text(moment: datetime) -> str:
    """Return a moment as 2026-01-31T09:30:00Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def run_document(
    run: Run,
    rejections: Iterable[Rejection] | None,
    *,
    dry_run: bool = False,
    extra: Mapping[str, object] | None = None,
) -> Document:
    """Return one run; `rejections` None leaves `errors` out, `extra` keys come last.

    What stopped the run is the first of the errors, with no listing.
    """
    stats = run.stats
    document: Document = {
        "syncId": run.run_id,
        "type": run.run_type.value,
        "status": run.status.value,
        "startedAt": utc_text(run.started_at),
        "completedAt": utc_text(run.completed_at) if run.completed_at else None,
        "stats": {
            "total": stats.total,
            "success": stats.success,
            "failed": stats.failed,
            "skipped": stats.skipped,
            "inserted": stats.inserted,
            "updated": stats.updated,
            "unchanged": stats.unchanged,
            "removed": stats.removed,
        },
    }
    if rejections is not None:
        causes = [_cause_document(run.cause)] if run.cause else []
        document["errors"] = causes + [rejection_document(item) for item in rejections]
    if dry_run:
        document["dryRun"] = True
    return document | dict(extra or {})


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
    }
