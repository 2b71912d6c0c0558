"""Put the results of `migrate` into words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from listing_sync.cells.wording import count, plain
from listing_sync.changes.migrations import PendingFile, script_of
from listing_sync.changes.rollback import Action, LeftAlone
from listing_sync.changes.sql_text import RELOAD_SCHEMA
from listing_sync.cli.sync_text import show_plan as show_changes
from listing_sync.cli.sync_text import show_problems, show_result
from listing_sync.cli.text import (
    cut,
    exact_local_time,
    numbers_text,
    rejection_table,
    table,
    value_text,
)
from listing_sync.language.sentences import phrase

if TYPE_CHECKING:
    from rich.console import Console

    from listing_sync.changes.rollback import Step
    from listing_sync.cli.face import Face
    from listing_sync.commands.cutover import CutoverResult
    from listing_sync.commands.migrate_plan import (
        Changes,
        LackingSql,
        MigrationPlan,
        TableReport,
    )
    from listing_sync.commands.migrate_up import Applied
    from listing_sync.commands.rollback import RollbackResult, Source
    from listing_sync.commands.verify import Verification
    from listing_sync.ports import Snapshots

SHOWN = 20
"""So many lines of each kind; --json has all."""


def cron_line(percent: float) -> str:
    """Return the line for the settings file of the cron job."""
    return f"SYNC_ROLLOUT_PERCENT={percent:g}"


# -- plan and up ------------------------------------------------------------------------------


def show_plan(face: Face, found: MigrationPlan) -> None:
    """Print the plan: SQL, table, changes, draft."""
    out = face.out
    _heading(out, "SQL files")
    show_pending(face, found.pending)
    _heading(out, f"Table {found.table.name}")
    _show_table(out, found.table)
    _heading(out, "First sync of all listings")
    if found.changes is None:
        face.complain(f"Not known: {found.obstacle}")
    else:
        _show_changes(face, found.changes)
    _heading(out, "Headers that the mapping lacks")
    out.print(found.draft.rstrip() or "None.", soft_wrap=True)


def show_pending(face: Face, pending: Sequence[PendingFile]) -> None:
    """Print which files are to be applied."""
    if not pending:
        face.out.print("All are applied.")
        return
    face.out.print("To apply, with listing-sync migrate up:")
    for item in pending:
        note = " (changed since it was applied; applied again, which is safe)"
        face.out.print(f"  {item.file.name}{note if item.changed else ''}", soft_wrap=True)


def show_up(face: Face, pending: Sequence[PendingFile], applied: Applied | None) -> None:
    """Print what was applied, or the SQL that is to be."""
    if not pending:
        face.out.print("All SQL files are applied.")
    elif applied is None:
        face.out.print(script_of(pending), soft_wrap=True)
    else:
        face.out.print(f"Applied {count(len(applied.files), 'SQL file')}.")


def show_sql(out: Console, found: LackingSql) -> None:
    """Print SQL and nothing else: what has none is a comment."""
    parts = [script_of(found.pending)] if found.pending else []
    for lack in found.lacks:
        comment = "\n".join(f"-- {line}" for line in plain_lines(lack.what).splitlines())
        parts.append(f"{comment}\n{plain_lines(lack.sql)}" if lack.sql else comment)
    if any(lack.sql for lack in found.lacks):
        parts.append(RELOAD_SCHEMA)
    out.print("\n\n".join(parts) or "-- nothing is lacking", soft_wrap=True)


def _show_table(out: Console, found: TableReport) -> None:
    for lack in found.lacks:
        out.print(f"{plain(lack.what)}", soft_wrap=True)
        if lack.sql:
            out.print("  " + plain_lines(lack.sql).replace("\n", "\n  "), soft_wrap=True)
    if not found.lacks:
        out.print("It has what the mapping needs.")
    if found.not_owned:
        names = ", ".join(plain(name) for name in found.not_owned)
        out.print(f"Left alone, not in the mapping: {names}", soft_wrap=True)


def _show_changes(face: Face, changes: Changes) -> None:
    show_changes(face.out, changes.plan)
    stats = changes.stats
    face.out.print(
        f"{count(stats.total, 'listing')}: {stats.inserted:,} to insert, {stats.updated:,} to"
        f" update, {stats.unchanged:,} equal, {stats.failed:,} rejected",
        soft_wrap=True,
    )
    unlisted = changes.plan.unlisted
    if unlisted:
        face.out.print(
            f"{count(len(unlisted), 'listing')} only in the table, left there:"
            f" {numbers_text(unlisted)}",
            soft_wrap=True,
        )
    if changes.rejections:
        face.out.print(rejection_table(changes.rejections, SHOWN))


# -- verify and cutover -----------------------------------------------------------------------


def show_verification(face: Face, found: Verification) -> None:
    """Print what differs, the first of each kind."""
    out = face.out
    differing = len({item.property_number for item in found.differing})
    parts = [f"{found.compared - len(found.missing) - differing:,} equal"]
    optional = (
        (len(found.missing), "missing in the table"),
        (differing, "differing"),
        (len(found.unexpected), "only in the table"),
        (len({item.sheet_row for item in found.rejected}), "rejected in the sheet"),
    )
    parts += [f"{number:,} {word}" for number, word in optional if number]
    out.print(f"Compared {count(found.compared, 'listing')} (share {found.percent:g} %):")
    out.print(f"  {', '.join(parts)}", soft_wrap=True)
    if found.missing:
        out.print(f"Missing in the table: {numbers_text(found.missing)}", soft_wrap=True)
    if found.unexpected:
        out.print(f"Only in the table: {numbers_text(found.unexpected)}", soft_wrap=True)
    if found.differing:
        rows = [
            (
                cut(plain(item.property_number), 16),
                cut(plain(item.header), 20),
                f"{value_text(item.sheet)} / {value_text(item.table)}",
            )
            for item in found.differing[:SHOWN]
        ]
        out.print(table(("Listing", "Column", "Sheet / table"), rows))
        _show_rest(out, len(found.differing))
    others = sum(item.by_others for item in found.differing)
    if others:
        out.print(
            f"{count(others, 'value')} of these somebody else changed in the table after us: is"
            " the old sync switched off?",
            soft_wrap=True,
        )
    if found.rejected:
        out.print(rejection_table(found.rejected, SHOWN))


def show_cutover(face: Face, result: CutoverResult, percent: float, snapshot: Path) -> None:
    """Print what a cutover did, and what to do next: on, or back."""
    out = face.out
    kind = "first snapshot, of the table before this tool" if result.snapshot.first else "snapshot"
    out.print(f"Kept the {kind}: {snapshot}", soft_wrap=True)
    show_result(out, result.sync, dry_run=False)
    for warning in result.sync.new_warnings:
        face.warn(phrase("Warning: {warning}", warning=warning))
    if result.verification is None:
        show_problems(face, result.sync, tells_all=False)
    else:
        show_verification(face, result.verification)
    if result.verification is not None and result.verification.is_written:
        out.print("For the settings file of the cron job:")
        out.print(f"  {cron_line(percent)}")
    else:
        face.complain("Stopped here: the table does not say what the sheet says. The way back:")
        face.complain(f"  listing-sync migrate rollback --snapshot {snapshot}")


# -- rollback ---------------------------------------------------------------------------------


def show_snapshots(face: Face, snapshots: Snapshots, source: Source) -> None:
    """Print the snapshots there are, with the one that is used."""
    taken = snapshots.all()
    if not taken:
        return
    used = source.snapshot and snapshots.path_of(source.snapshot)
    rows = [
        (
            "->" if snapshots.path_of(meta) == used else "",
            exact_local_time(meta.taken_at),
            "first" if meta.first else "later",
            snapshots.path_of(meta).name,
        )
        for meta in taken
    ]
    face.out.print(table(("", "Taken", "Kind", "Name for --snapshot"), rows))


def show_rollback(face: Face, result: RollbackResult, *, hold: Path | None = None) -> None:
    """Print what a rollback would do, or with `hold` what it did."""
    out, stats = face.out, result.stats
    verb = "" if hold else "would be "
    if hold is None:
        _show_steps(out, result.examples)
    out.print(f"Back to {result.source}:")
    out.print(
        f"  {stats.updated:,} {verb}restored, {stats.inserted:,} {verb}brought back,"
        f" {stats.removed:,} {verb}removed, {stats.unchanged:,} as they were",
        soft_wrap=True,
    )
    _show_left_alone(out, result.left_alone)
    for warning in result.warnings:
        face.warn(phrase("Warning: {warning}", warning=warning))
    if hold is None:
        return
    if result.remaining:
        face.complain(
            f"{count(result.remaining, 'listing')} still not as they were: run the same command"
            " again"
        )
    elif result.remaining == 0:
        out.print("Verified: everything that was ours is as it was.")
    if result.is_on_hold:
        out.print(
            f"Syncing is on hold ({hold}). `listing-sync resume` lets it go on.", soft_wrap=True
        )
    else:
        out.print("Nothing was written, so syncing is not put on hold.")


def _show_steps(out: Console, steps: Sequence[Step]) -> None:
    rows = [
        (cut(plain(step.property_number), 16), step.action.value, _change(step)) for step in steps
    ]
    if rows:
        out.print(table(("Listing", "Step", "Now -> then"), rows))


def _change(step: Step) -> str:
    if step.action is not Action.RESTORE:
        return ""
    now = step.now or {}
    return ", ".join(
        f"{plain(name)}: {value_text(now.get(name))} -> {value_text(value)}"
        for name, value in step.values.items()
    )


def _show_left_alone(out: Console, items: Sequence[LeftAlone]) -> None:
    if not items:
        return
    out.print(f"Not as our runs left it, and left alone ({len(items):,}):")
    rows = [
        (cut(plain(item.property_number), 16), plain(item.column or ""), plain(item.reason))
        for item in items[:SHOWN]
    ]
    out.print(table(("Listing", "Column", "Why"), rows))
    _show_rest(out, len(items))


# -- pieces -----------------------------------------------------------------------------------


def plain_lines(text: str) -> str:
    """Return foreign text made plain line by line."""
    return "\n".join(plain(line) for line in text.splitlines())


def _heading(out: Console, text: str) -> None:
    out.print(f"\n{plain(text)}", style="bold")


def _show_rest(out: Console, number: int) -> None:
    if number > SHOWN:
        out.print(f"and {number - SHOWN:,} more (all with --json)")
