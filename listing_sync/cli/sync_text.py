"""Put the result of a run or dry run into words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from listing_sync import logs
from listing_sync.cells.wording import count, duration, plain
from listing_sync.cli.mails import complain_once, tell_column, tell_end
from listing_sync.cli.text import cut, numbers_text, rejection_table, table, value_text
from listing_sync.history.common_faults import columns_apart, repeats
from listing_sync.history.runs import GOOD, RunStatus

if TYPE_CHECKING:
    from rich.console import Console

    from listing_sync.changes.plan import Plan, Update
    from listing_sync.cli.face import Face
    from listing_sync.commands.sync import SyncResult

SHOWN_REJECTIONS = 20
SHOWN_CHANGES = 10
SHOWN_WARNINGS = 5

_ENDINGS = {
    RunStatus.COMPLETED: "Done",
    RunStatus.PARTIAL: "Done in part",
    RunStatus.FAILED: "Failed",
    RunStatus.INTERRUPTED: "Stopped",
}


def show_result(out: Console, result: SyncResult, *, dry_run: bool) -> None:
    """Print the plan of a dry run, then the summary."""
    if dry_run and result.plan is not None:
        show_plan(out, result.plan)
    stats = result.run.stats
    verb = "would be " if dry_run else ""
    ending = "Dry run, nothing written" if dry_run else _ENDINGS[result.run.status]
    seconds = (result.run.heartbeat_at - result.run.started_at).total_seconds()
    parts = [
        f"{stats.inserted:,} {verb}inserted",
        f"{stats.updated:,} {verb}updated",
        f"{stats.unchanged:,} unchanged",
    ]
    optional = (
        (stats.removed, f"{verb}removed"),
        (stats.failed, "rejected" if dry_run else "failed"),
        (stats.skipped, "skipped"),
    )
    parts += [f"{number:,} {word}" for number, word in optional if number]
    out.print(f"{ending}: {count(stats.total, 'listing')} in {duration(seconds)}", soft_wrap=True)
    out.print(f"  {', '.join(parts)}", soft_wrap=True)
    if result.plan is not None and result.plan.unlisted and not result.plan.removals:
        kept = count(len(result.plan.unlisted), "listing")
        out.print(f"  {kept} in the table but not in the sheet, left there (--prune removes them)")


def show_removed(out: Console, numbers: Sequence[str]) -> None:
    """Print each number whose row was deleted or marked: for cron's mail this is news."""
    named = ", ".join(map(plain, numbers))
    out.print(f"Removed {count(len(numbers), 'listing')}: {named}", soft_wrap=True)


def show_plan(out: Console, plan: Plan) -> None:
    """Print what a plan would insert, update and remove, the first of each."""
    _show_numbers(out, "insert", [listing.property_number for listing in plan.inserts])
    updates = [update for update in plan.updates if update.changed or update.mark is not None]
    if updates:
        out.print(f"Would update {count(len(updates), 'listing')}:")
        rows = [row for update in updates[:SHOWN_CHANGES] for row in _change_rows(plan, update)]
        out.print(table(("Listing", "Column", "Old -> new"), rows))
        if len(updates) > SHOWN_CHANGES:
            out.print(f"and {len(updates) - SHOWN_CHANGES:,} more (all with --json)")
    same = len(plan.updates) - len(updates)
    if same:
        out.print(f"Would write {count(same, 'equal listing')} again (--force)")
    _show_numbers(out, "remove", plan.removals)


def _change_rows(plan: Plan, update: Update) -> Iterator[tuple[str, str, str]]:
    """Yield a line for each change of a listing; only the first names it."""
    values = update.listing.values
    changes = [
        (plan.columns[index].header, old, values[index])
        for index, old in zip(update.changed, update.old, strict=True)
    ]
    if update.mark is not None:
        changes.insert(0, ("(removal mark)", update.mark, None))
    number = cut(plain(update.listing.property_number), 16)
    for header, old, new in changes:
        yield number, cut(plain(header), 20), f"{value_text(old)} -> {value_text(new)}"
        number = ""


def _show_numbers(out: Console, verb: str, numbers: list[str] | tuple[str, ...]) -> None:
    if not numbers:
        return
    out.print(f"Would {verb} {count(len(numbers), 'listing')}: {numbers_text(numbers)}")


def show_problems(face: Face, result: SyncResult, *, tells_all: bool) -> None:
    """Print what ended the run, warnings, rejections and numbers not found, on stderr.

    Without a terminal only news are told, so that cron mails nothing else.
    """
    _show_cause(face, result)
    if not face.quiet:
        warnings = result.run.warnings if tells_all else result.new_warnings
        shown = warnings if face.verbose else warnings[:SHOWN_WARNINGS]
        for warning in shown:
            face.warn(f"Warning: {warning}{result.examples.get(warning, '')}")
        if len(warnings) > len(shown):
            more = count(len(warnings) - len(shown), "more warning")
            face.warn(f"and {more}, all with -v: listing-sync -v sync all")
        _show_rejections(face, result, tells_all=tells_all)
    for number, near in result.not_found.items():
        hint = f"; near: {', '.join(near)}" if near else ""
        face.complain(f"{number} is not in the sheet{hint}")
    if result.refused:
        face.complain(f"This plan would be refused: {result.refused}")


def _show_cause(face: Face, result: SyncResult) -> None:
    """Print what ended the run, or which column fails as a whole, before all that comes of it."""
    cause = result.run.cause
    if why := result.error or (cause and cause.message):
        told = f"{_ENDINGS[result.run.status]}: {why}"
        if result.run.status in GOOD:
            tell_column(face, told)
        else:
            complain_once(face, told)
    elif result.run.status in GOOD:
        tell_column(face, None)
    if result.run.status in GOOD:
        tell_end(face)


def _show_rejections(face: Face, result: SyncResult, *, tells_all: bool) -> None:
    """Print a line for each column that fails as a whole, then the other cells as a table."""
    cause = result.run.cause
    columns, rejections = columns_apart(
        result.rejections if tells_all else result.news, result.run.stats.total
    )
    for line in columns:
        if cause is None or line not in cause.message:
            face.complain(line, level="warning")
    rejections = tuple(item for item in rejections if not repeats(item, cause))
    if not rejections:
        return
    news = "" if tells_all else "new "
    face.complain(f"{count(len(rejections), f'{news}problem')}:", level="warning")
    if not face.is_logged:
        face.err.print(rejection_table(rejections, SHOWN_REJECTIONS))
        return
    for item in rejections[:SHOWN_REJECTIONS]:
        logs.event(
            "warning",
            "rejection",
            f"{item.property_number or '-'} {item.cell or '-'} {item.reason}",
            property_number=item.property_number,
            cell=item.cell,
            column=item.column,
            category=item.category.value,
        )
