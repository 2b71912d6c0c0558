"""Build the documents of `migrate --json`, with the keys of docs/contract.md section 4."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from listing_sync.changes.migrations import PendingFile, script_of
from listing_sync.changes.rollback import LeftAlone
from listing_sync.cli.json_output import (
    Document,
    rejection_document,
    run_document,
    stats_document,
)
from listing_sync.cli.json_output import plan_document as changes_document
from listing_sync.cli.migrate_text import cron_line
from listing_sync.commands.cutover import CutoverResult
from listing_sync.commands.migrate_plan import MigrationPlan
from listing_sync.commands.migrate_up import Applied
from listing_sync.commands.rollback import RollbackResult
from listing_sync.commands.sync import SyncResult
from listing_sync.commands.verify import Verification


def plan_document(found: MigrationPlan) -> Document:
    """Return a migration plan; `changes` is null where `obstacle` says why."""
    changes = found.changes
    return {
        "pending": [item.file.name for item in found.pending],
        "table": {
            "name": found.table.name,
            "exists": found.table.exists,
            "lacks": [{"what": lack.what, "sql": lack.sql} for lack in found.table.lacks],
            "notOwned": list(found.table.not_owned),
        },
        "changes": stats_document(changes.stats) if changes else None,
        "differences": changes_document(changes.plan, None)["changes"] if changes else None,
        "errors": [rejection_document(item) for item in changes.rejections] if changes else [],
        "draftMapping": found.draft,
        "obstacle": found.obstacle,
    }


def up_document(
    pending: Sequence[PendingFile], applied: Applied | None, problem: str | None
) -> Document:
    """Return what was applied, or the SQL that is to be."""
    return {
        "pending": [item.file.name for item in pending],
        "applied": [item.file.name for item in applied.files] if applied else [],
        "sql": script_of(pending) if pending and applied is None else None,
        "visible": applied.visible if applied else None,
        "problem": problem,
    }


def verification_document(found: Verification) -> Document:
    """Return every difference."""
    return {
        "percent": found.percent,
        "compared": found.compared,
        "missing": list(found.missing),
        "unexpected": list(found.unexpected),
        "differing": [
            {
                "number": item.property_number,
                "column": item.header,
                "sheet": item.sheet,
                "table": item.table,
                "changedByOthers": item.by_others,
            }
            for item in found.differing
        ],
        "rejected": [rejection_document(item) for item in found.rejected],
    }


def cutover_preview_document(preview: SyncResult, percent: float) -> Document:
    """Return what a cutover would change."""
    changes = changes_document(preview.plan, None) if preview.plan else {}
    extra = {**changes, "percent": percent, "snapshot": None, "leftAlone": []}
    return run_document(preview.run, preview.rejections, dry_run=True, extra=extra)


def cutover_document(result: CutoverResult, percent: float, snapshot: Path) -> Document:
    """Return the run of a cutover with its snapshot and verification."""
    found = result.verification
    extra = {
        "percent": percent,
        "snapshot": str(snapshot),
        "leftAlone": [
            _left_alone(LeftAlone(number, None, "not in the sheet"))
            for number in (found.unexpected if found else ())
        ],
        "verification": verification_document(found) if found else None,
        "cron": cron_line(percent) if found and found.is_written else None,
    }
    return run_document(result.sync.run, result.sync.rejections, extra=extra)


def rollback_document(result: RollbackResult, snapshot: Path | None) -> Document:
    """Return what a rollback did, or would do (`verified` is then null)."""
    stats = result.stats
    return {
        "restored": stats.updated,
        "broughtBack": stats.inserted,
        "removed": stats.removed,
        "unchanged": stats.unchanged,
        "snapshot": str(snapshot) if snapshot else None,
        "run": result.source.run_id,
        "leftAlone": [_left_alone(item) for item in result.left_alone],
        "warnings": list(result.warnings),
        "verified": None if result.remaining is None else result.remaining == 0,
        "error": str(result.error) if result.error else None,
    }


def _left_alone(item: LeftAlone) -> Document:
    return {"number": item.property_number, "column": item.column, "reason": item.reason}
