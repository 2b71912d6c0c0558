"""Print the last runs, one run whole, the story of one listing, or the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from listing_sync.cli.face import Face
from listing_sync.cli.run_names import checked_run_name


def register(app: typer.Typer) -> None:
    """Add `status`."""
    app.command("status")(status)


def status(
    ctx: typer.Context,
    run_id: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN_ID", help="One run whole: its id, the first characters of it, or latest."
        ),
    ] = None,
    *,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="What is rejected now, cell by cell.")
    ] = False,
    listing: Annotated[
        str | None, typer.Option(help="The story of one listing.", metavar="NUMBER")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many runs.", metavar="N", min=1, max=1000)] = 10,
    watch: Annotated[bool, typer.Option("--watch", help="Redraw until stopped.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page.", metavar="PATH")] = None,
) -> None:
    """Show the last runs, one run, or why a listing is not on the site."""
    chosen = [
        name
        for name, is_given in (
            ("RUN_ID", run_id),
            ("--rejected", rejected),
            ("--listing", listing),
            ("--watch", watch),
            ("--html", html),
        )
        if is_given not in {None, False}
    ]
    if len(chosen) > 1:
        raise typer.BadParameter(f"{' and '.join(chosen)} do not go together")
    if json and (watch or html):
        raise typer.BadParameter(f"--json and {chosen[0]} do not go together")
    if listing is not None and not listing.strip():
        raise typer.BadParameter("--listing wants a property number")
    if run_id is not None:
        run_id = checked_run_name(run_id, param_hint="RUN_ID")
    face: Face = ctx.obj
    needs_sheet = listing is not None
    with face.open(needs_sheet=needs_sheet, json_output=json, moves_breakers=False) as world:
        ports = world.looking()
        # They cost what --help and other commands need not wait for.
        from listing_sync.cli.status_views import (
            show_named_run,
            show_recent,
            show_rejected,
            watch_runs,
            write_page,
        )
        from listing_sync.commands.status import rejected_now

        if listing is not None:
            from listing_sync.cli.listing_views import show_listing
            from listing_sync.commands.listing_story import listing_story

            story = listing_story(ports, listing)
            code = show_listing(face, story, ports.clock.now())
        elif run_id is not None:
            code = show_named_run(face, ports, run_id)
        elif rejected:
            code = show_rejected(face, rejected_now(ports))
        elif html is not None:
            code = write_page(face, ports, html)
        elif watch:
            watch_runs(face, ports, limit)
        else:
            code = show_recent(face, ports, limit)
    raise typer.Exit(code)
