"""`test-signals`: one message to each channel and monitor."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from listing_sync.cells.wording import plain
from listing_sync.cli.exits import ExitCode
from listing_sync.cli.face import Face
from listing_sync.cli.shown import Shown, emit, meanwhile
from listing_sync.language.sentences import marked, phrase, spoken

if TYPE_CHECKING:
    from listing_sync.commands.signal_trial import Tried

_NONE = marked(
    "No channel is set: SYNC_ALERT_WEBHOOK_URL or SYNC_NOTIFY_URLS for messages,"
    " SYNC_HEARTBEAT_URL for a monitor"
    " (docs/monitoring/README.md)."
)


def register(app: typer.Typer) -> None:
    """Add `test-signals`."""
    app.command("test-signals")(try_all)


def try_all(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Send one message to each channel and monitor, and say what came back."""
    face: Face = context.obj
    with face.open(needs_sheet=False, json_output=json, moves_breakers=False) as world:
        from listing_sync.commands.signal_trial import try_signals

        tried = []
        for each in try_signals(world):
            tried.append(each)
            meanwhile(face, partial(_tell, face, each))
    is_well = bool(tried) and all(each.problem is None for each in tried)
    result = Shown(
        lambda: {
            "signals": [
                {"to": each.to, "taken": each.problem is None, "problem": each.problem}
                for each in tried
            ]
        },
        lambda: None if tried else face.out.print(spoken(_NONE), soft_wrap=True),
        ExitCode.DONE if is_well else ExitCode.PARTLY,
    )
    raise typer.Exit(emit(face, result))


def _tell(face: Face, tried: Tried) -> None:
    said = (
        phrase("{to}: taken", to=plain(tried.to))
        if tried.problem is None
        else phrase("{to}: NOT taken: {why}", to=plain(tried.to), why=plain(tried.problem))
    )
    face.out.print(said, soft_wrap=True)
