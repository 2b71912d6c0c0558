"""Put the results of `migrate rollback` into words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from listing_sync.cells.wording import plain
from listing_sync.changes.rollback import Action, LeftAlone
from listing_sync.cli.migrate_text import SHOWN, show_rest
from listing_sync.cli.text import cut, exact_local_time, table, value_text
from listing_sync.language.sentences import marked, phrase, phrase_number, spoken

if TYPE_CHECKING:
    from rich.console import Console

    from listing_sync.changes.rollback import Step
    from listing_sync.cli.face import Face
    from listing_sync.commands.rollback import RollbackResult
    from listing_sync.ports import Snapshots
    from listing_sync.steps.ways_back import Source

_STEPS = {
    Action.NONE: marked("none"),
    Action.RESTORE: marked("restore"),
    Action.BRING_BACK: marked("bring back"),
    Action.REMOVE: marked("remove"),
}


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
            phrase("first") if meta.first else phrase("later"),
            snapshots.path_of(meta).name,
        )
        for meta in taken
    ]
    face.out.print(
        table(("", phrase("Taken"), phrase("Kind"), phrase("Name for --snapshot")), rows)
    )


def show_rollback(face: Face, result: RollbackResult, *, hold: Path | None = None) -> None:
    """Print what a rollback would do, or with `hold` what it did."""
    out, stats = face.out, result.stats
    if hold is None:
        _show_steps(out, result.examples)
    out.print(phrase("Back to {source}:", source=str(result.source)))
    done = phrase(
        "{restored:,} restored, {back:,} brought back, {removed:,} removed, {unchanged:,} as they"
        " were",
        restored=stats.updated,
        back=stats.inserted,
        removed=stats.removed,
        unchanged=stats.unchanged,
    )
    if hold is None:
        done = phrase(
            "{restored:,} would be restored, {back:,} would be brought back, {removed:,} would be"
            " removed, {unchanged:,} as they were",
            restored=stats.updated,
            back=stats.inserted,
            removed=stats.removed,
            unchanged=stats.unchanged,
        )
    out.print(f"  {done}", soft_wrap=True)
    _show_left_alone(out, result.left_alone)
    for warning in result.warnings:
        face.warn(phrase("Warning: {warning}", warning=warning))
    if hold is None:
        return
    if result.remaining:
        face.complain(
            phrase_number(
                "{count:,} listing still not as it was: run the same command again",
                "{count:,} listings still not as they were: run the same command again",
                result.remaining,
            )
        )
    elif result.remaining == 0:
        out.print(phrase("Verified: everything that was ours is as it was."))
    if result.is_on_hold:
        out.print(
            phrase("Syncing is on hold ({path}). `listing-sync resume` lets it go on.", path=hold),
            soft_wrap=True,
        )
    else:
        out.print(phrase("Nothing was written, so syncing is not put on hold."))


def _show_steps(out: Console, steps: Sequence[Step]) -> None:
    rows = [
        (cut(plain(step.property_number), 16), spoken(_STEPS[step.action]), _change(step))
        for step in steps
    ]
    if rows:
        out.print(table((phrase("Listing"), phrase("Step"), phrase("Now -> then")), rows))


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
    out.print(phrase("Not as our runs left it, and left alone ({number:,}):", number=len(items)))
    rows = [
        (cut(plain(item.property_number), 16), plain(item.column or ""), plain(item.reason))
        for item in items[:SHOWN]
    ]
    out.print(table((phrase("Listing"), phrase("Column"), phrase("Why")), rows))
    show_rest(out, len(items))
