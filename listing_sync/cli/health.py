"""Print `health`: a line for Nagios and one a check, or JSON, with the exit codes of Nagios."""

from __future__ import annotations

from typing import Annotated

import typer

from listing_sync.cells.wording import plain
from listing_sync.cli.shown import Shown, emit
from listing_sync.cli.text import table
from listing_sync.language.sentences import phrase

_EXIT_CODES = {"healthy": 0, "degraded": 1, "unhealthy": 2, "unknown": 3}
"""By the verdict (history/verdict.py)."""


def register(app: typer.Typer) -> None:
    """Add `health` to the program."""
    app.command("health")(_health)


def _health(
    context: typer.Context,
    *,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Check settings, services and runs: exit 0 healthy, 1 degraded, 2 unhealthy, 3 unknown."""
    face = context.obj
    with face.open(json_output=json, moves_breakers=False) as world:
        from listing_sync.cli.health_text import (
            check_words,
            health_document,
            status_word,
            summary_line,
        )
        from listing_sync.commands.health import health

        result = health(world, face.settings_path)

        def words() -> None:
            face.out.print(summary_line(result, world.settings.sync_stale_after), soft_wrap=True)
            if not face.quiet:
                rows = [
                    (status_word(check), check_words(check), plain(check.detail))
                    for check in result.checks
                ]
                face.out.print(table((phrase("Status"), phrase("Check"), phrase("Found")), rows))

        code = _EXIT_CODES[result.verdict]
        raise typer.Exit(emit(face, Shown(lambda: health_document(result), words, code)))
