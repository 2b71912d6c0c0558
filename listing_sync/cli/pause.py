"""Put syncing on hold on every machine, and let it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from listing_sync.cells.wording import plain
from listing_sync.cli.exits import ExitCode
from listing_sync.cli.face import Face
from listing_sync.language.sentences import marked, phrase, phrase_number

if TYPE_CHECKING:
    from listing_sync.steps.holding import Resumed


def register(app: typer.Typer) -> None:
    """Add `pause` and `resume`."""
    app.command("pause")(pause)
    app.command("resume")(resume)


def pause(
    context: typer.Context,
    *,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Said to everybody whose sync is refused.")
    ] = "",
) -> None:
    """Put `sync all` on hold on every machine; single numbers can still be synced."""
    face: Face = context.obj
    with face.open(needs_sheet=False, moves_breakers=False) as world:
        from listing_sync.steps import holding

        world.machine.require_state_dir()
        problem = holding.pause(world, reason.strip())
        said = phrase(
            "Syncing of {target} is on hold ({path}). `listing-sync resume` lets it go on.",
            target=plain(world.identity.target),
            path=plain(str(world.machine.hold.path)),
        )
        face.out.print(said, soft_wrap=True)
        if problem:
            face.complain(problem)
            raise typer.Exit(ExitCode.PARTLY)


def resume(
    context: typer.Context,
    *,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Also end the holds of other machines.")
    ] = False,
) -> None:
    """Let syncing go on that a person or a rollback has put on hold."""
    face: Face = context.obj
    with face.open(needs_sheet=False, moves_breakers=False) as world:
        from listing_sync.steps import holding

        found = holding.resume(world, everywhere=everywhere)
        raise typer.Exit(_show(face, found, everywhere=everywhere))


def _show(face: Face, found: Resumed, *, everywhere: bool) -> int:
    if found.here is not None:
        was = plain(found.here) if found.here else marked("on hold")
        face.out.print(phrase("Syncing goes on. It was: {was}", was=was), soft_wrap=True)
    for item in found.elsewhere:
        became = marked("Let go") if everywhere else marked("Still on hold")
        line = phrase(
            "{became}: {reason} ({host})",
            became=became,
            reason=plain(item.reason),
            host=plain(item.host),
        )
        face.out.print(line, soft_wrap=True)
    if found.elsewhere and not everywhere:
        others = phrase_number(
            "{count:,} hold of another machine: run `listing-sync resume` there, or here with"
            " --everywhere",
            "{count:,} holds of another machine: run `listing-sync resume` there, or here with"
            " --everywhere",
            len(found.elsewhere),
        )
        face.complain(others)
    if found.problem:
        face.complain(found.problem)
    if found.here is None and not found.elsewhere and not found.problem:
        face.out.print(phrase("Syncing was not on hold."))
    still_held = bool(found.problem or (found.elsewhere and not everywhere))
    return ExitCode.PARTLY if still_held else ExitCode.DONE
