"""Print the last runs, one run whole, the story of one listing, or the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Never

import typer

from listing_sync.cells.listings import Rejection
from listing_sync.cells.wording import count, plain
from listing_sync.cli.exits import ExitCode
from listing_sync.cli.face import Face
from listing_sync.cli.json_output import (
    listing_document,
    rejected_document,
    run_document,
    runs_document,
)
from listing_sync.cli.run_names import WHOLE_ID, checked_run_name
from listing_sync.cli.status_text import (
    listing_facts,
    pace_line,
    run_facts,
    run_lines,
)
from listing_sync.cli.text import fact_table, local_time, wrong
from listing_sync.history.pace import pace
from listing_sync.history.runs import Run, RunStatus
from listing_sync.history.story import Story, answer

if TYPE_CHECKING:
    from listing_sync.commands.status import OneRun, Recent
    from listing_sync.ports import Ports

_LOOK_EVERY_S = 1.0
_NAMED_RUNS = 5


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
    with face.open(needs_sheet=listing is not None, json_output=json) as ports:
        # They cost what --help and other commands need not wait for.
        from listing_sync.commands.listing_story import listing_story
        from listing_sync.commands.status import recent, rejected_now

        if listing is not None:
            code = _show_listing(face, listing_story(ports, listing), as_json=json)
        elif run_id is not None:
            code = _show_named_run(face, ports, run_id, as_json=json)
        elif rejected:
            code = _show_rejected(face, rejected_now(ports), as_json=json)
        elif html is not None:
            code = _write_page(face, ports, html)
        elif watch:
            _watch(face, ports, limit)
        else:
            code = _show_recent(face, recent(ports, limit), as_json=json)
    raise typer.Exit(code)


def _show_recent(face: Face, found: Recent, *, as_json: bool) -> int:
    if as_json:
        face.print_json(runs_document(found))
    else:
        if found.runs or not found.away:
            face.out.print("\n".join(run_lines(found.runs)), soft_wrap=True)
        _print_away(face, found.away, found.problems)
    return ExitCode.FAILED if found.away else ExitCode.DONE


def _print_rejections(face: Face, rejections: Sequence[Rejection]) -> None:
    """Print each rejection whole; a link stays in one piece, however long."""
    if rejections:
        face.out.print(f"\n{count(len(rejections), 'rejection')}:")
    for item in rejections:
        place = f"{plain(item.property_number or '-')}  {plain(item.cell or '-')}"
        face.out.print(place, soft_wrap=True)
        face.out.print(fact_table([("", wrong(item))]))
        if item.link:
            face.out.print(f"  {plain(item.link)}", soft_wrap=True)


def _print_away(face: Face, away: str | None, problems: Sequence[str] = ()) -> None:
    for problem in problems:
        face.complain(problem)
    if away:
        face.complain(f"Only what this machine knows is shown: {away}")


def _show_named_run(face: Face, ports: Ports, name: str, *, as_json: bool) -> int:
    from listing_sync.commands.status import OneRun, one_run, run_ids_like

    if len(name) < WHOLE_ID:
        found = run_ids_like(ports, name)
        if len(found.runs) > 1:
            face.complain(
                f"{name} may mean {count(len(found.runs), 'run')}:"
                f" {', '.join(run.run_id for run in found.runs[:_NAMED_RUNS])}"
            )
            return ExitCode.PARTLY
        if not found.runs:
            return _show_run(face, name, OneRun(None, (), found.away), as_json=as_json)
        name = found.runs[0].run_id
    return _show_run(face, name, one_run(ports, name), as_json=as_json)


def _show_rejected(face: Face, found: OneRun, *, as_json: bool) -> int:
    if as_json:
        face.print_json(rejected_document(found))
    else:
        if found.run is None and not found.away:
            face.out.print("No run has checked the sheet yet.")
        elif not found.rejections and not found.away:
            face.out.print("Nothing is rejected.")
        _print_rejections(face, found.rejections)
        _print_away(face, found.away)
    if found.away:
        return ExitCode.FAILED
    return ExitCode.PARTLY if found.rejections else ExitCode.DONE


def _show_run(face: Face, run_id: str, found: OneRun, *, as_json: bool) -> int:
    run = found.run
    if run is None:
        if as_json:
            face.print_json({"syncId": run_id, "error": found.away or "no such run"})
        else:
            nothing = f"No run {run_id}; `listing-sync status` lists the last ones."
            face.complain(found.away or nothing)
        return ExitCode.FAILED if found.away else ExitCode.PARTLY
    if as_json:
        extra = {"error": found.away} if found.away else None
        face.print_json(run_document(run, found.rejections, extra=extra))
    else:
        face.out.print(fact_table(run_facts(run)))
        _print_rejections(face, found.rejections)
        _print_away(face, found.away)
    return ExitCode.FAILED if found.away else ExitCode.DONE


def _show_listing(face: Face, story: Story, *, as_json: bool) -> int:
    if as_json:
        face.print_json(listing_document(story))
    else:
        face.out.print(plain(answer(story, local_time)))
        face.out.print()
        face.out.print(fact_table(listing_facts(story)))
        if story.sheet:
            _print_rejections(face, story.sheet.rejections)
    if story.sheet is None or story.table is None:
        return ExitCode.FAILED
    return ExitCode.DONE if story.is_known else ExitCode.PARTLY


def _watch(face: Face, ports: Ports, limit: int) -> Never:
    """Redraw every second on a terminal, else print each change; a stop signal ends it."""
    from listing_sync.commands.status import recent

    first_looks: dict[str, Run] = {}

    def look() -> Recent:
        ports.clock.sleep(_LOOK_EVERY_S)
        return recent(ports, limit)

    def words(found: Recent) -> str:
        return "\n".join(_watch_lines(found, ports.clock.now(), first_looks))

    found = recent(ports, limit)
    if not face.out.is_terminal or face.out.is_dumb_terminal:
        while True:
            face.out.print(words(found), soft_wrap=True)
            printed = found
            while found == printed:
                found = look()
    from rich.live import Live
    from rich.text import Text

    with Live(console=face.out, auto_refresh=False, screen=True) as live:
        while True:
            live.update(Text(words(found)), refresh=True)
            found = look()


def _watch_lines(found: Recent, now: datetime, first_looks: dict[str, Run]) -> Iterator[str]:
    if found.runs or not found.away:
        yield from run_lines(found.runs)
    for run in found.runs:
        if run.status is RunStatus.IN_PROGRESS:
            yield ""
            yield pace_line(pace(first_looks.setdefault(run.run_id, run), run, now))
    if found.away:
        yield f"\nOnly what this machine knows is shown: {plain(found.away)}"


def _write_page(face: Face, ports: Ports, path: Path) -> int:
    from listing_sync.commands.status import page_facts
    from listing_sync.page import status_page

    facts = page_facts(ports)
    try:
        status_page.write(path, status_page.render(facts))
    except OSError as error:
        raise typer.BadParameter(f"cannot write {path}: {error.strerror}") from error
    _print_away(face, facts.away, facts.problems)
    return ExitCode.FAILED if facts.away else ExitCode.DONE
