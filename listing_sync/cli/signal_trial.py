"""`test-signals`: one message to each channel and monitor."""

from __future__ import annotations

from typing import Annotated

import typer

from listing_sync.cells.wording import plain
from listing_sync.cli.exits import ExitCode
from listing_sync.cli.face import Face

_NONE = (
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
            if not json:
                became = "taken" if each.problem is None else f"NOT taken: {each.problem}"
                face.out.print(f"{plain(each.to)}: {plain(became)}", soft_wrap=True)
    if json:
        found = [
            {"to": each.to, "taken": each.problem is None, "problem": each.problem}
            for each in tried
        ]
        face.print_json({"signals": found})
    elif not tried:
        face.out.print(_NONE, soft_wrap=True)
    is_well = bool(tried) and all(each.problem is None for each in tried)
    raise typer.Exit(ExitCode.DONE if is_well else ExitCode.PARTLY)
