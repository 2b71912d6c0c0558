"""Put the results of `migrate` into words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from listing_sync.cells.wording import plain
from listing_sync.changes.migrations import PendingFile, script_of
from listing_sync.changes.sql_text import RELOAD_SCHEMA
from listing_sync.cli.sync_text import show_plan as show_changes
from listing_sync.cli.sync_text import show_problems, show_result
from listing_sync.cli.text import (
    cut,
    numbers_text,
    rejection_table,
    table,
    value_text,
)
from listing_sync.language.sentences import phrase, phrase_number

if TYPE_CHECKING:
    from rich.console import Console

    from listing_sync.cli.face import Face
    from listing_sync.commands.cutover import CutoverResult
    from listing_sync.commands.migrate_plan import (
        Changes,
        LackingSql,
        MigrationPlan,
        TableReport,
    )
    from listing_sync.commands.migrate_up import Applied
    from listing_sync.commands.verify import Verification

SHOWN = 20
"""So many lines of each kind; --json has all."""


def cron_line(percent: float) -> str:
    """Return the line for the settings file of the cron job."""
    return f"SYNC_ROLLOUT_PERCENT={percent:g}"


# -- plan and up ------------------------------------------------------------------------------


def show_plan(face: Face, found: MigrationPlan) -> None:
    """Print the plan: SQL, table, changes, draft."""
    out = face.out
    _heading(out, phrase("SQL files"))
    show_pending(face, found.pending)
    _heading(out, phrase("Table {name}", name=found.table.name))
    _show_table(out, found.table)
    _heading(out, phrase("First sync of all listings"))
    if found.changes is None:
        face.complain(phrase("Not known: {why}", why=found.obstacle))
    else:
        _show_changes(face, found.changes)
    _heading(out, phrase("Headers that the mapping lacks"))
    out.print(found.draft.rstrip() or phrase("None."), soft_wrap=True)


def show_pending(face: Face, pending: Sequence[PendingFile]) -> None:
    """Print which files are to be applied."""
    if not pending:
        face.out.print(phrase("All are applied."))
        return
    face.out.print(phrase("To apply, with listing-sync migrate up:"))
    for item in pending:
        name = plain(item.file.name)
        if item.changed:
            name = phrase(
                "{name} (changed since it was applied; applied again, which is safe)", name=name
            )
        face.out.print(f"  {name}", soft_wrap=True)


def show_up(face: Face, pending: Sequence[PendingFile], applied: Applied | None) -> None:
    """Print what was applied, or the SQL that is to be."""
    if not pending:
        face.out.print(phrase("All SQL files are applied."))
    elif applied is None:
        face.out.print(script_of(pending), soft_wrap=True)
    else:
        face.out.print(
            phrase_number(
                "Applied {count} SQL file.", "Applied {count} SQL files.", len(applied.files)
            )
        )


def show_sql(out: Console, found: LackingSql) -> None:
    """Print SQL and nothing else: what has none is a comment."""
    parts = [script_of(found.pending)] if found.pending else []
    for lack in found.lacks:
        comment = "\n".join(f"-- {line}" for line in plain_lines(lack.what).splitlines())
        parts.append(f"{comment}\n{plain_lines(lack.sql)}" if lack.sql else comment)
    if any(lack.sql for lack in found.lacks):
        parts.append(RELOAD_SCHEMA)
    out.print("\n\n".join(parts) or f"-- {phrase('nothing is lacking')}", soft_wrap=True)


def _show_table(out: Console, found: TableReport) -> None:
    for lack in found.lacks:
        out.print(f"{plain(lack.what)}", soft_wrap=True)
        if lack.sql:
            out.print("  " + plain_lines(lack.sql).replace("\n", "\n  "), soft_wrap=True)
    if not found.lacks:
        out.print(phrase("It has what the mapping needs."))
    if found.not_owned:
        names = ", ".join(plain(name) for name in found.not_owned)
        out.print(
            phrase("Left alone, not in the mapping: {columns}", columns=names), soft_wrap=True
        )


def _show_changes(face: Face, changes: Changes) -> None:
    show_changes(face.out, changes.plan)
    stats = changes.stats
    face.out.print(
        phrase_number(
            "{count:,} listing: {inserted:,} to insert, {updated:,} to update, {unchanged:,} equal,"
            " {failed:,} rejected",
            "{count:,} listings: {inserted:,} to insert, {updated:,} to update, {unchanged:,}"
            " equal, {failed:,} rejected",
            stats.total,
            inserted=stats.inserted,
            updated=stats.updated,
            unchanged=stats.unchanged,
            failed=stats.failed,
        ),
        soft_wrap=True,
    )
    unlisted = changes.plan.unlisted
    if unlisted:
        face.out.print(
            phrase_number(
                "{count:,} listing only in the table, left there: {numbers}",
                "{count:,} listings only in the table, left there: {numbers}",
                len(unlisted),
                numbers=numbers_text(unlisted),
            ),
            soft_wrap=True,
        )
    if changes.rejections:
        face.out.print(rejection_table(changes.rejections, SHOWN))


# -- verify and cutover -----------------------------------------------------------------------


def show_verification(face: Face, found: Verification) -> None:
    """Print what differs, the first of each kind."""
    out = face.out
    differing = len({item.property_number for item in found.differing})
    equal = found.compared - len(found.missing) - differing
    parts: list[str] = [phrase("{number:,} equal", number=equal)]
    if found.missing:
        parts.append(phrase("{number:,} missing in the table", number=len(found.missing)))
    if differing:
        parts.append(phrase("{number:,} differing", number=differing))
    if found.unexpected:
        parts.append(phrase("{number:,} only in the table", number=len(found.unexpected)))
    if rejected := {item.sheet_row for item in found.rejected}:
        parts.append(phrase("{number:,} rejected in the sheet", number=len(rejected)))
    out.print(
        phrase_number(
            "Compared {count:,} listing (share {percent:g} %):",
            "Compared {count:,} listings (share {percent:g} %):",
            found.compared,
            percent=found.percent,
        )
    )
    out.print(f"  {', '.join(parts)}", soft_wrap=True)
    if found.missing:
        numbers = numbers_text(found.missing)
        out.print(phrase("Missing in the table: {numbers}", numbers=numbers), soft_wrap=True)
    if found.unexpected:
        numbers = numbers_text(found.unexpected)
        out.print(phrase("Only in the table: {numbers}", numbers=numbers), soft_wrap=True)
    if found.differing:
        rows = [
            (
                cut(plain(item.property_number), 16),
                cut(plain(item.header), 20),
                f"{value_text(item.sheet)} / {value_text(item.table)}",
            )
            for item in found.differing[:SHOWN]
        ]
        out.print(table((phrase("Listing"), phrase("Column"), phrase("Sheet / table")), rows))
        show_rest(out, len(found.differing))
    others = sum(item.by_others for item in found.differing)
    if others:
        out.print(
            phrase_number(
                "{count:,} value of these somebody else changed in the table after us: is the old"
                " sync switched off?",
                "{count:,} values of these somebody else changed in the table after us: is the old"
                " sync switched off?",
                others,
            ),
            soft_wrap=True,
        )
    if found.rejected:
        out.print(rejection_table(found.rejected, SHOWN))


def show_cutover(face: Face, result: CutoverResult, percent: float, snapshot: Path) -> None:
    """Print what a cutover did, and what to do next: on, or back."""
    out = face.out
    kept = (
        phrase("Kept the first snapshot, of the table before this tool: {path}", path=snapshot)
        if result.snapshot.first
        else phrase("Kept the snapshot: {path}", path=snapshot)
    )
    out.print(kept, soft_wrap=True)
    show_result(out, result.sync, dry_run=False)
    for warning in result.sync.new_warnings:
        face.warn(phrase("Warning: {warning}", warning=warning))
    if result.verification is None:
        show_problems(face, result.sync, tells_all=False)
    else:
        show_verification(face, result.verification)
    if result.verification is not None and result.verification.is_written:
        out.print(phrase("For the settings file of the cron job:"))
        out.print(f"  {cron_line(percent)}")
    else:
        face.complain(
            phrase("Stopped here: the table does not say what the sheet says. The way back:")
        )
        face.complain(f"  listing-sync migrate rollback --snapshot {snapshot}")


# -- pieces -----------------------------------------------------------------------------------


def plain_lines(text: str) -> str:
    """Return foreign text made plain line by line."""
    return "\n".join(plain(line) for line in text.splitlines())


def _heading(out: Console, text: str) -> None:
    out.print(f"\n{plain(text)}", style="bold")


def show_rest(out: Console, number: int) -> None:
    """Say how many lines of a kind were not shown."""
    if number > SHOWN:
        out.print(phrase("and {number:,} more (all with --json)", number=number - SHOWN))
