"""Parse the flags of `migrate ...`, run the command, and print its result."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from listing_sync.cli.exits import ExitCode, code_of_error, code_of_run
from listing_sync.cli.face import Face
from listing_sync.cli.run_names import checked_run_name
from listing_sync.errors import RefusedError, StoppedError

if TYPE_CHECKING:
    from listing_sync.cli.progress import Bars, Silent
    from listing_sync.commands.rollback import Source
    from listing_sync.wiring.world import World

migrate_app = typer.Typer(
    help="Move over from another sync, by shares, and back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Percent = Annotated[
    float | None,
    typer.Option(
        metavar="P", min=0, max=100, help="Share of the listings; default SYNC_ROLLOUT_PERCENT."
    ),
]

_NO_WAY = (
    "nothing was applied: neither SUPABASE_DB_URL nor SUPABASE_ACCESS_TOKEN is set. Set one of"
    " them, or paste the SQL above into the SQL editor of the dashboard"
)
_NOT_SEEN = (
    "the SQL is applied, but the REST API does not see the tables yet: try"
    " `listing-sync migrate plan` in some minutes"
)


def register(app: typer.Typer) -> None:
    """Add `migrate` to the program."""
    app.add_typer(migrate_app, name="migrate")


@migrate_app.command("plan")
def plan(
    context: typer.Context,
    *,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print only the SQL that is lacking, to be pasted.")
    ] = False,
    json: Json = False,
) -> None:
    """Show pending SQL, what the table lacks, and what a first sync would change."""
    if sql and json:
        raise typer.BadParameter("--sql and --json do not go together")
    face: Face = context.obj
    with face.open(needs_sheet=not sql, json_output=json, moves_breakers=False) as world:
        from listing_sync.cli import migrate_json, migrate_text
        from listing_sync.commands.migrate_plan import find_lacking_sql, make_migration_plan

        if sql:
            migrate_text.show_sql(face.out, find_lacking_sql(world))
            raise typer.Exit(ExitCode.DONE)
        with _progress(face, json=json) as progress:
            found = make_migration_plan(world, progress)
        if json:
            face.print_json(migrate_json.plan_document(found))
        else:
            migrate_text.show_plan(face, found)
        if found.changes is None:
            raise typer.Exit(ExitCode.FAILED)
        raise typer.Exit(ExitCode.PARTLY if found.changes.rejections else ExitCode.DONE)


@migrate_app.command("up")
def up(
    context: typer.Context, *, dry_run: DryRun = False, yes: Yes = False, json: Json = False
) -> None:
    """Apply the files of sql/ that are not applied yet."""
    face: Face = context.obj
    with face.open(needs_sheet=False, json_output=json) as world:
        from listing_sync.cli import migrate_json, migrate_text
        from listing_sync.commands import migrate_up

        database = world.target.database
        if database is not None and not dry_run:
            _need_yes_or_terminal(yes=yes)
        pending = migrate_up.find_pending(world)
        applied = None
        if pending and database is not None and not dry_run:
            if not json:
                migrate_text.show_pending(face, pending)
            _ask(f"Apply this over {database.way}?", yes=yes)
            with _progress(face, json=json) as progress:
                applied = migrate_up.apply(world, database, pending, progress)
        problem = None
        if pending and database is None and not dry_run:
            problem = _NO_WAY
        elif applied is not None and not applied.visible:
            problem = _NOT_SEEN
        if json:
            face.print_json(migrate_json.up_document(pending, applied, problem))
        else:
            migrate_text.show_up(face, pending, applied)
        if problem:
            face.complain(problem)
            raise typer.Exit(ExitCode.FAILED)


@migrate_app.command("verify")
def verify(context: typer.Context, *, percent: Percent = None, json: Json = False) -> None:
    """Compare sheet and table value by value."""
    face: Face = context.obj
    with face.open(flags=_share(percent), json_output=json, moves_breakers=False) as world:
        from listing_sync.cli import migrate_json, migrate_text
        from listing_sync.commands.verify import verify as compare

        with _progress(face, json=json) as progress:
            found = compare(world, world.settings.sync_rollout_percent, progress)
        if json:
            face.print_json(migrate_json.verification_document(found))
        else:
            migrate_text.show_verification(face, found)
        raise typer.Exit(ExitCode.DONE if found.is_equal else ExitCode.PARTLY)


@migrate_app.command("cutover")
def cutover(
    context: typer.Context,
    *,
    percent: Percent = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Keep a snapshot of the table, sync the share, and verify it."""
    face: Face = context.obj
    if not dry_run:
        _need_yes_or_terminal(yes=yes)
    with face.open(flags=_share(percent), json_output=json, moves_breakers=not dry_run) as world:
        from listing_sync.cli import migrate_json, migrate_text
        from listing_sync.commands.cutover import cutover as cut_over

        share = world.settings.sync_rollout_percent
        code = _show_what_cutover_changes(face, world, dry_run=dry_run, json=json)
        if dry_run:
            raise typer.Exit(code)
        _ask(f"Take a snapshot and sync {share:g} % of the listings?", yes=yes)
        with _progress(face, json=json) as progress:
            result = cut_over(world, share, progress)
        path = world.machine.snapshots.path_of(result.snapshot)
        if json:
            face.print_json(migrate_json.cutover_document(result, share, path))
        else:
            migrate_text.show_cutover(face, result, share, path)
        code = code_of_run(result.sync.run, result.sync.error)
        if code == ExitCode.DONE and not (result.verification and result.verification.is_equal):
            code = ExitCode.PARTLY
        raise typer.Exit(code)


def _show_what_cutover_changes(face: Face, world: World, *, dry_run: bool, json: bool) -> int:
    """Show what would be written, and return the exit code that a dry run ends with."""
    from listing_sync.cli import migrate_json, sync_text
    from listing_sync.commands.cutover import preview

    share = world.settings.sync_rollout_percent
    with _progress(face, json=json) as progress:
        found = preview(world, share, progress)
    if found.error is not None:
        raise found.error
    if found.refused:
        raise RefusedError(found.refused)
    if not json:
        sync_text.show_result(face.out, found, dry_run=True)
    elif dry_run:
        face.print_json(migrate_json.cutover_preview_document(found, share))
    return code_of_run(found.run, None)


@migrate_app.command("rollback")
def rollback(
    context: typer.Context,
    *,
    run: Annotated[
        str | None,
        typer.Option(
            metavar="RUN_ID",
            help="Undo this one run: its id, the first characters of it, or latest.",
        ),
    ] = None,
    snapshot: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Go back to this snapshot, not the latest.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Lead the table back to a snapshot, or undo one run, and put syncing on hold."""
    face: Face = context.obj
    if run is not None and snapshot is not None:
        raise typer.BadParameter("give --run or --snapshot, not both")
    run_id = None if run is None else checked_run_name(run, param_hint="--run")
    if not dry_run:
        _need_yes_or_terminal(yes=yes)
    with face.open(needs_sheet=False, json_output=json, moves_breakers=not dry_run) as world:
        from listing_sync.cli import migrate_json, migrate_text
        from listing_sync.commands import rollback as commands

        _need_state_dir(world, dry_run=dry_run)
        source = commands.find_source(world, snapshot=_as_named(snapshot), run_id=run_id)
        if not json:
            migrate_text.show_snapshots(face, world.machine.snapshots, source)
        if dry_run or not yes:
            with _progress(face, json=json) as progress:
                result = commands.preview(world, source, progress)
            if not json:
                migrate_text.show_rollback(face, result)
        if not dry_run:
            _ask(f"Lead the table back to {source}, and put syncing on hold?", yes=yes)
            with _progress(face, json=json) as progress:
                result = commands.rollback(world, source, progress)
            if not json:
                migrate_text.show_rollback(face, result, hold=world.machine.hold.path)
        if json:
            face.print_json(migrate_json.rollback_document(result, _path(world, source)))
        if result.error is not None:
            face.complain(f"Stopped: {result.error}; run the same command again to go on")
            raise typer.Exit(code_of_error(result.error))
        raise typer.Exit(
            ExitCode.PARTLY if result.left_alone or result.remaining else ExitCode.DONE
        )


def _as_named(snapshot: Path | None) -> Path | None:
    """Return a path that is there as a whole path; others are names, as the list shows them."""
    return snapshot.resolve() if snapshot is not None and snapshot.exists() else snapshot


def _path(world: World, source: Source) -> Path | None:
    return world.machine.snapshots.path_of(source.snapshot) if source.snapshot else None


def _share(percent: float | None) -> Mapping[str, object]:
    return {"sync_rollout_percent": percent}


def _need_state_dir(world: World, *, dry_run: bool) -> None:
    """Refuse to believe what lies in a folder that others may write; a dry run makes nothing."""
    if not dry_run:
        world.machine.require_state_dir()


def _need_yes_or_terminal(*, yes: bool) -> None:
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("--yes is needed where there is no terminal to ask on")


def _ask(question: str, *, yes: bool) -> None:
    """Ask on the terminal unless told not to; a no, or Ctrl-C, ends the command."""
    if yes:
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        raise StoppedError("stopped: nothing was changed", signal=signal.SIGINT) from None
    finally:
        signal.signal(signal.SIGINT, before)
    if not agreed:
        raise RefusedError("nothing was changed")


@contextmanager
def _progress(face: Face, *, json: bool) -> Iterator[Bars | Silent]:
    from listing_sync.cli.progress import Bars, Silent

    watched = sys.stderr.isatty() and not (face.quiet or json)
    with Bars(face.err) if watched else Silent() as progress:
        yield progress
