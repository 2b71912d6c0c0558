"""Parse the flags of `migrate ...`, run the command, and print its result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from listing_sync.cli.asking import consent, need_yes_or_terminal
from listing_sync.cli.exits import ExitCode, code_of_error, code_of_run
from listing_sync.cli.face import Face
from listing_sync.cli.progress import progress_of
from listing_sync.cli.run_names import checked_run_name
from listing_sync.cli.shown import Shown, emit, meanwhile
from listing_sync.errors import RefusedError
from listing_sync.language.sentences import marked, phrase, spoken

if TYPE_CHECKING:
    from listing_sync.steps.ways_back import Source
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

_NO_WAY = marked(
    "nothing was applied: neither SUPABASE_DB_URL nor SUPABASE_ACCESS_TOKEN is set. Set one of"
    " them, or paste the SQL above into the SQL editor of the dashboard"
)
_NOT_SEEN = marked(
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
        with progress_of(face) as progress:
            found = make_migration_plan(world, progress)
        code = ExitCode.FAILED
        if found.changes is not None:
            code = ExitCode.PARTLY if found.changes.rejections else ExitCode.DONE
        shown = Shown(
            lambda: migrate_json.plan_document(found),
            lambda: migrate_text.show_plan(face, found),
            code,
        )
        raise typer.Exit(emit(face, shown))


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
            need_yes_or_terminal(yes=yes)
        pending = migrate_up.find_pending(world)
        applied = None
        if pending and database is not None and not dry_run:
            meanwhile(face, lambda: migrate_text.show_pending(face, pending))
            consent(phrase("Apply this over {way}?", way=database.way), yes=yes)
            with progress_of(face) as progress:
                applied = migrate_up.apply(world, database, pending, progress)
        problem = None
        if pending and database is None and not dry_run:
            problem = spoken(_NO_WAY)
        elif applied is not None and not applied.visible:
            problem = spoken(_NOT_SEEN)
        shown = Shown(
            lambda: migrate_json.up_document(pending, applied, problem),
            lambda: migrate_text.show_up(face, pending, applied),
            ExitCode.FAILED if problem else ExitCode.DONE,
        )
        code = emit(face, shown)
        if problem:
            face.complain(problem)
        raise typer.Exit(code)


@migrate_app.command("verify")
def verify(context: typer.Context, *, percent: Percent = None, json: Json = False) -> None:
    """Compare sheet and table value by value."""
    face: Face = context.obj
    with face.open(flags=_share(percent), json_output=json, moves_breakers=False) as world:
        from listing_sync.cli import migrate_json, migrate_text
        from listing_sync.commands.verify import verify as compare

        with progress_of(face) as progress:
            found = compare(world, world.settings.sync_rollout_percent, progress)
        shown = Shown(
            lambda: migrate_json.verification_document(found),
            lambda: migrate_text.show_verification(face, found),
            ExitCode.DONE if found.is_equal else ExitCode.PARTLY,
        )
        raise typer.Exit(emit(face, shown))


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
        need_yes_or_terminal(yes=yes)
    with face.open(flags=_share(percent), json_output=json, moves_breakers=not dry_run) as world:
        from listing_sync.cli import migrate_json, migrate_text
        from listing_sync.commands.cutover import cutover as cut_over

        share = world.settings.sync_rollout_percent
        code = _show_what_cutover_changes(face, world, dry_run=dry_run)
        if dry_run:
            raise typer.Exit(code)
        consent(
            phrase("Take a snapshot and sync {share:g} % of the listings?", share=share), yes=yes
        )
        with progress_of(face) as progress:
            result = cut_over(world, share, progress)
        path = world.machine.snapshots.path_of(result.snapshot)
        code = code_of_run(result.sync.run, result.sync.error)
        if code == ExitCode.DONE and not (result.verification and result.verification.is_equal):
            code = ExitCode.PARTLY
        shown = Shown(
            lambda: migrate_json.cutover_document(result, share, path),
            lambda: migrate_text.show_cutover(face, result, share, path),
            code,
        )
        raise typer.Exit(emit(face, shown))


def _show_what_cutover_changes(face: Face, world: World, *, dry_run: bool) -> int:
    """Show what would be written, and return the exit code that a dry run ends with."""
    from listing_sync.cli import migrate_json, sync_text
    from listing_sync.commands.cutover import preview

    share = world.settings.sync_rollout_percent
    with progress_of(face) as progress:
        found = preview(world, share, progress)
    if found.error is not None:
        raise found.error
    if found.refused:
        raise RefusedError(found.refused)
    shown = Shown(
        lambda: migrate_json.cutover_preview_document(found, share),
        lambda: sync_text.show_result(face.out, found, dry_run=True),
        code_of_run(found.run, None),
    )
    if dry_run:
        return emit(face, shown)
    meanwhile(face, shown.words)
    return shown.code


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
        need_yes_or_terminal(yes=yes)
    with face.open(needs_sheet=False, json_output=json, moves_breakers=not dry_run) as world:
        from listing_sync.cli import migrate_json, rollback_text
        from listing_sync.commands import rollback as commands

        _need_state_dir(world, dry_run=dry_run)
        source = commands.find_source(world, snapshot=_as_named(snapshot), run_id=run_id)
        meanwhile(face, lambda: rollback_text.show_snapshots(face, world.machine.snapshots, source))
        hold = None
        if dry_run or not yes:
            with progress_of(face) as progress:
                result = commands.preview(world, source, progress)
        if not dry_run:
            if not yes:
                foretold = result
                meanwhile(face, lambda: rollback_text.show_rollback(face, foretold))
            consent(
                phrase(
                    "Lead the table back to {source}, and put syncing on hold?", source=str(source)
                ),
                yes=yes,
            )
            with progress_of(face) as progress:
                result = commands.rollback(world, source, progress)
            hold = world.machine.hold.path
        code = ExitCode.PARTLY if result.left_alone or result.remaining else ExitCode.DONE
        shown = Shown(
            lambda: migrate_json.rollback_document(result, _path(world, source)),
            lambda: rollback_text.show_rollback(face, result, hold=hold),
            code if result.error is None else code_of_error(result.error),
        )
        emit(face, shown)
        if result.error is not None:
            face.complain(
                phrase("Stopped: {error}; run the same command again to go on", error=result.error)
            )
        raise typer.Exit(shown.code)


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
