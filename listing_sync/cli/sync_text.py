"""Put the result of a run or dry run into words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from listing_sync import logs
from listing_sync.cells.wording import duration, plain
from listing_sync.cli.mails import complain_once, tell_column, tell_end
from listing_sync.cli.text import cut, numbers_text, rejection_table, table, value_text
from listing_sync.history.common_faults import columns_apart, numbers_apart, repeats
from listing_sync.history.runs import GOOD, Run, RunStatus
from listing_sync.language.sentences import english_of, joined, marked, phrase, phrase_number

if TYPE_CHECKING:
    from rich.console import Console

    from listing_sync.changes.plan import Plan, Update
    from listing_sync.cli.face import Face
    from listing_sync.commands.sync import SyncResult

SHOWN_REJECTIONS = 20
SHOWN_CHANGES = 10
SHOWN_WARNINGS = 5

_ENDINGS = {
    RunStatus.COMPLETED: marked("Done"),
    RunStatus.PARTIAL: marked("Done in part"),
    RunStatus.FAILED: marked("Failed"),
    RunStatus.INTERRUPTED: marked("Stopped"),
}


def show_result(out: Console, result: SyncResult, *, dry_run: bool) -> None:
    """Print the plan of a dry run, then the summary."""
    if dry_run and result.plan is not None:
        show_plan(out, result.plan)
    ending = phrase("Dry run, nothing written") if dry_run else _ENDINGS[result.run.status]
    seconds = (result.run.heartbeat_at - result.run.started_at).total_seconds()
    said = phrase_number(
        "{ending}: {count:,} listing in {time}",
        "{ending}: {count:,} listings in {time}",
        result.run.stats.total,
        ending=ending,
        time=duration(seconds),
    )
    out.print(said, soft_wrap=True)
    totals = _planned(result.run) if dry_run else _done(result.run)
    separator = phrase(", ")
    out.print(f"  {separator.join(totals)}", soft_wrap=True)
    if result.plan is not None and result.plan.unlisted and not result.plan.removals:
        kept = phrase_number(
            "{count:,} listing in the table but not in the sheet, left there (--prune removes"
            " them)",
            "{count:,} listings in the table but not in the sheet, left there (--prune removes"
            " them)",
            len(result.plan.unlisted),
        )
        out.print(f"  {kept}", soft_wrap=True)


def _done(run: Run) -> Iterator[str]:
    """Yield what a run did, a total each; what is rare only where it was."""
    stats = run.stats
    yield phrase("{total:,} inserted", total=stats.inserted)
    yield phrase("{total:,} updated", total=stats.updated)
    yield phrase("{total:,} unchanged", total=stats.unchanged)
    if stats.removed:
        yield phrase("{total:,} removed", total=stats.removed)
    yield from _not_taken(run)


def _planned(run: Run) -> Iterator[str]:
    """Yield what a dry run would do, a total each; what is rare only where it would be."""
    stats = run.stats
    yield phrase("{total:,} would be inserted", total=stats.inserted)
    yield phrase("{total:,} would be updated", total=stats.updated)
    yield phrase("{total:,} unchanged", total=stats.unchanged)
    if stats.removed:
        yield phrase("{total:,} would be removed", total=stats.removed)
    yield from _not_taken(run)


def _not_taken(run: Run) -> Iterator[str]:
    """Yield how many listings were rejected for their cells, failed otherwise, or were left out."""
    from listing_sync.history.month import rejected_and_failed

    rejected, failed = rejected_and_failed(run)
    if rejected:
        yield phrase("{total:,} rejected", total=rejected)
    if failed:
        yield phrase("{total:,} failed", total=failed)
    if run.stats.skipped:
        yield phrase("{total:,} skipped", total=run.stats.skipped)


def show_removed(out: Console, numbers: Sequence[str]) -> None:
    """Print each number whose row was deleted or marked: for cron's mail this is news."""
    named = ", ".join(map(plain, numbers))
    said = phrase_number(
        "Removed {count:,} listing: {named}",
        "Removed {count:,} listings: {named}",
        len(numbers),
        named=named,
    )
    out.print(said, soft_wrap=True)


def show_plan(out: Console, plan: Plan) -> None:
    """Print what a plan would insert, update and remove, the first of each."""
    if plan.inserts:
        said = phrase_number(
            "Would insert {count:,} listing: {named}",
            "Would insert {count:,} listings: {named}",
            len(plan.inserts),
            named=numbers_text([listing.property_number for listing in plan.inserts]),
        )
        out.print(said)
    updates = [update for update in plan.updates if update.changed or update.mark is not None]
    if updates:
        out.print(
            phrase_number(
                "Would update {count:,} listing:", "Would update {count:,} listings:", len(updates)
            )
        )
        rows = [row for update in updates[:SHOWN_CHANGES] for row in _change_rows(plan, update)]
        out.print(table((phrase("Listing"), phrase("Column"), phrase("Old -> new")), rows))
        if len(updates) > SHOWN_CHANGES:
            left = len(updates) - SHOWN_CHANGES
            out.print(phrase("and {more:,} more (all with --json)", more=left))
    same = len(plan.updates) - len(updates)
    if same:
        said = phrase_number(
            "Would write {count:,} equal listing again (--force)",
            "Would write {count:,} equal listings again (--force)",
            same,
        )
        out.print(said)
    if plan.removals:
        said = phrase_number(
            "Would remove {count:,} listing: {named}",
            "Would remove {count:,} listings: {named}",
            len(plan.removals),
            named=numbers_text(plan.removals),
        )
        out.print(said)


def _change_rows(plan: Plan, update: Update) -> Iterator[tuple[str, str, str]]:
    """Yield a line for each change of a listing; only the first names it."""
    values = update.listing.values
    changes = [
        (plan.columns[index].header, old, values[index])
        for index, old in zip(update.changed, update.old, strict=True)
    ]
    if update.mark is not None:
        changes.insert(0, (phrase("(removal mark)"), update.mark, None))
    number = cut(plain(update.listing.property_number), 16)
    for header, old, new in changes:
        yield number, cut(plain(header), 20), f"{value_text(old)} -> {value_text(new)}"
        number = ""


def show_problems(face: Face, result: SyncResult, *, tells_all: bool) -> None:
    """Print what ended the run, warnings, rejections and numbers not found, on stderr.

    Without a terminal only news are told, so that cron mails nothing else.
    """
    _show_cause(face, result)
    if not face.quiet:
        warnings = result.run.warnings if tells_all else result.new_warnings
        shown = warnings if face.verbose else warnings[:SHOWN_WARNINGS]
        for warning in shown:
            whole = joined("", [warning, result.examples.get(warning, "")])
            face.warn(phrase("Warning: {warning}", warning=whole))
        if len(warnings) > len(shown):
            said = phrase_number(
                "and {count:,} more warning, all with -v: listing-sync -v sync all",
                "and {count:,} more warnings, all with -v: listing-sync -v sync all",
                len(warnings) - len(shown),
            )
            face.warn(said)
        _show_rejections(face, result, tells_all=tells_all)
    for number, near in result.not_found.items():
        if near:
            names = ", ".join(near)
            said = phrase("{number} is not in the sheet; near: {near}", number=number, near=names)
        else:
            said = phrase("{number} is not in the sheet", number=number)
        face.complain(said)
    if result.refused:
        face.complain(phrase("This plan would be refused: {why}", why=result.refused))


def _show_cause(face: Face, result: SyncResult) -> None:
    """Print what ended the run, or which column fails as a whole, before all that comes of it."""
    cause = result.run.cause
    if why := result.error or (cause and cause.message):
        told = phrase("{ending}: {why}", ending=_ENDINGS[result.run.status], why=why)
        if result.run.status in GOOD:
            tell_column(face, told)
        else:
            complain_once(face, told)
    elif result.run.status in GOOD:
        tell_column(face, None)
    if result.run.status in GOOD:
        tell_end(face)


def _show_rejections(face: Face, result: SyncResult, *, tells_all: bool) -> None:
    """Print a line for each column that fails and number that is there twice, then the others."""
    cause = result.run.cause
    columns, rejections = columns_apart(
        result.rejections if tells_all else result.news, result.run.stats.total
    )
    numbers, rejections = numbers_apart(rejections)
    for line in (*columns, *numbers):
        if cause is None or line not in cause.message:
            face.complain(line, level="warning")
    rejections = tuple(item for item in rejections if not repeats(item, cause))
    if not rejections:
        return
    many = len(rejections)
    said = (
        phrase_number("{count:,} problem:", "{count:,} problems:", many)
        if tells_all
        else phrase_number("{count:,} new problem:", "{count:,} new problems:", many)
    )
    face.complain(said, level="warning")
    if not face.is_logged:
        face.err.print(rejection_table(rejections, SHOWN_REJECTIONS))
        return
    for item in rejections[:SHOWN_REJECTIONS]:
        logs.event(
            "warning",
            "rejection",
            f"{item.property_number or '-'} {item.cell or '-'} {english_of(item.reason)}",
            property_number=item.property_number,
            cell=item.cell,
            column=item.column,
            category=item.category.value,
        )
