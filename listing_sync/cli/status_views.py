"""Print what `status` found: runs, one run, what is rejected, the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Never

import typer

from listing_sync.cells.listings import Rejection
from listing_sync.cells.wording import plain
from listing_sync.cli.exits import ExitCode
from listing_sync.cli.face import Face
from listing_sync.cli.json_output import (
    rejected_document,
    run_document,
    runs_document,
)
from listing_sync.cli.run_names import WHOLE_ID
from listing_sync.cli.shown import Shown, emit
from listing_sync.cli.status_text import (
    pace_line,
    run_facts,
    run_lines,
)
from listing_sync.cli.text import fact_table, wrong
from listing_sync.history.pace import pace
from listing_sync.history.runs import Run, RunStatus
from listing_sync.history.signs_of_life import Going
from listing_sync.language.sentences import phrase, phrase_number

if TYPE_CHECKING:
    from listing_sync.commands.status import OneRun, Recent
    from listing_sync.ports import Ports

_LOOK_EVERY_S = 1.0
_NAMED_RUNS = 5


def show_recent(face: Face, ports: Ports, limit: int) -> int:
    """Print the last runs; return the exit code."""
    from listing_sync.commands.status import going, recent

    found = recent(ports, limit)
    at_work = going(ports, found)

    def words() -> None:
        if found.runs or not found.away:
            face.say("\n".join(run_lines(found.runs, at_work)))
        _print_away(face, found.away, found.problems)

    code = ExitCode.FAILED if found.away else ExitCode.DONE
    return emit(face, Shown(lambda: runs_document(found, at_work), words, code))


def print_rejections(
    face: Face, rejections: Sequence[Rejection], *, are_more: bool = False
) -> None:
    """Print each rejection whole; a link stays in one piece, however long."""
    if rejections:
        many = len(rejections)
        said = (
            phrase_number("{count:,} more rejection:", "{count:,} more rejections:", many)
            if are_more
            else phrase_number("{count:,} rejection:", "{count:,} rejections:", many)
        )
        face.out.print(f"\n{said}")
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
        face.complain(phrase("Only what this machine knows is shown: {why}", why=away))


def show_named_run(face: Face, ports: Ports, name: str) -> int:
    """Print one run whole, by its id or what stands for it; return the exit code."""
    from listing_sync.commands.status import OneRun, one_run, run_ids_like

    if len(name) < WHOLE_ID:
        found = run_ids_like(ports, name)
        if len(found.runs) > 1:
            said = phrase_number(
                "{name} may mean {count:,} run: {runs}",
                "{name} may mean {count:,} runs: {runs}",
                len(found.runs),
                name=name,
                runs=", ".join(run.run_id for run in found.runs[:_NAMED_RUNS]),
            )
            face.complain(said)
            return ExitCode.PARTLY
        if not found.runs:
            return _show_run(face, name, OneRun(None, (), found.away))
        name = found.runs[0].run_id
    return _show_run(face, name, one_run(ports, name))


def show_rejected(face: Face, found: OneRun) -> int:
    """Print what is rejected now, cell by cell; return the exit code."""

    def words() -> None:
        if found.run is None and not found.away:
            face.out.print(phrase("No run has checked the sheet yet."))
        elif not found.rejections and not found.away:
            face.out.print(phrase("Nothing is rejected."))
        print_rejections(face, found.rejections)
        _print_away(face, found.away)

    code = ExitCode.PARTLY if found.rejections else ExitCode.DONE
    shown = Shown(lambda: rejected_document(found), words, ExitCode.FAILED if found.away else code)
    return emit(face, shown)


def _show_run(face: Face, run_id: str, found: OneRun) -> int:
    run = found.run
    if run is None:
        nothing = phrase("No run {run}; `listing-sync status` lists the last ones.", run=run_id)
        missing = Shown(
            lambda: {"syncId": run_id, "error": found.away or phrase("no such run")},
            lambda: face.complain(found.away or nothing),
            ExitCode.FAILED if found.away else ExitCode.PARTLY,
        )
        return emit(face, missing)

    def words() -> None:
        face.out.print(fact_table(run_facts(run, found.going)))
        print_rejections(face, found.rejections)
        _print_away(face, found.away)

    extra = {"error": found.away} if found.away else None
    code = ExitCode.FAILED if found.away else ExitCode.DONE
    return emit(face, Shown(lambda: run_document(run, found.rejections, extra=extra), words, code))


def watch_runs(face: Face, ports: Ports, limit: int) -> Never:
    """Redraw every second on a terminal, else print each change; a stop signal ends it."""
    from listing_sync.commands.status import going, recent

    first_looks: dict[str, Run] = {}

    def look() -> Recent:
        ports.clock.sleep(_LOOK_EVERY_S)
        return recent(ports, limit)

    def words(found: Recent) -> str:
        lines = _watch_lines(found, going(ports, found), ports.clock.now(), first_looks)
        return "\n".join(lines)

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


def _watch_lines(
    found: Recent, going: Sequence[Going], now: datetime, first_looks: dict[str, Run]
) -> Iterator[str]:
    if found.runs or not found.away:
        yield from run_lines(found.runs, going)
    for run in found.runs:
        if run.status is RunStatus.IN_PROGRESS:
            yield ""
            yield pace_line(pace(first_looks.setdefault(run.run_id, run), run, now))
    if found.away:
        said = phrase("Only what this machine knows is shown: {why}", why=plain(found.away))
        yield f"\n{said}"


def write_page(face: Face, ports: Ports, path: Path) -> int:
    """Write the page; return the exit code."""
    from listing_sync.commands.page_facts import page_facts
    from listing_sync.page import status_page

    facts = page_facts(ports)
    try:
        status_page.write(path, status_page.render(facts))
    except OSError as error:
        raise typer.BadParameter(f"cannot write {path}: {error.strerror}") from error
    _print_away(face, facts.away, facts.problems)
    return ExitCode.FAILED if facts.away else ExitCode.DONE
