"""Parse the flags of `sync all` and `sync numbers`, run them, and print what came of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from listing_sync.cli.face import Face
from listing_sync.cli.mails import require_state_dir, tell_started, tell_unstarted, warn_once
from listing_sync.cli.shown import Shown, emit
from listing_sync.errors import SettingsError

if TYPE_CHECKING:
    from listing_sync.commands.sync import SyncOptions, SyncResult
    from listing_sync.wiring.world import World

SHOWN_REJECTIONS = 20
SHOWN_CHANGES = 10

_COMMENT = re.compile(r"(?:^|\s)#.*")

sync_app = typer.Typer(
    help="Make the table say what the sheet says.", no_args_is_help=True, rich_markup_mode=None
)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Write equal listings too.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def register(app: typer.Typer) -> None:
    """Add `sync` to the program."""
    app.add_typer(sync_app, name="sync")


@sync_app.command("all")
def sync_all(
    context: typer.Context,
    *,
    dry_run: DryRun = False,
    force: Force = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also remove listings that are not in the sheet.")
    ] = False,
    prune_limit: Annotated[
        float | None,
        typer.Option(metavar="PCT", min=0, max=100, help="Refuse to remove more than this share."),
    ] = None,
    change_limit: Annotated[
        float | None,
        typer.Option(metavar="PCT", min=1, max=100, help="Refuse to change more than this share."),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=1000, help="Listings per write request.")
    ] = None,
    json: Json = False,
) -> None:
    """Sync every listing of the sheet."""
    flags = {
        "sync_prune": prune or None,
        "sync_prune_limit": prune_limit,
        "sync_change_limit": change_limit,
        "sync_batch_size": batch_size,
    }
    _sync(context.obj, None, flags, dry_run=dry_run, force=force, json=json)


@sync_app.command("numbers")
def sync_numbers(
    context: typer.Context,
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="NUMBER...", help="Property numbers.")
    ] = None,
    *,
    from_file: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-", help="Read more numbers from a file, one a line; # begins a comment."
        ),
    ] = None,
    dry_run: DryRun = False,
    force: Force = False,
    json: Json = False,
) -> None:
    """Sync the listings named; only their rows are read."""
    from listing_sync.cells.validator import normalise_number

    asked = [*(numbers or []), *_numbers_in(from_file)]
    wanted = tuple(dict.fromkeys(number for text in asked if (number := normalise_number(text))))
    if not wanted:
        raise typer.BadParameter("name at least one property number, or --from-file PATH")
    _sync(context.obj, wanted, {}, dry_run=dry_run, force=force, json=json)


def _numbers_in(path: str | None) -> list[str]:
    if path is None:
        return []
    try:
        # A pipe is as welcome as a file: `--from-file <(...)`; who types it waits for it.
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise typer.BadParameter(
            f"cannot read {path}: {reason}", param_hint="--from-file"
        ) from None
    lines = (_COMMENT.sub("", line) for line in text.splitlines())
    return [part for line in lines for part in line.replace(",", " ").split()]


def _sync(
    face: Face,
    numbers: tuple[str, ...] | None,
    flags: Mapping[str, object],
    *,
    dry_run: bool,
    force: bool,
    json: bool,
) -> None:
    with _opened(face, flags, json=json, writes=not dry_run, all_=numbers is None) as world:
        from listing_sync.cli.progress import progress_of
        from listing_sync.commands.sync import sync
        from listing_sync.steps.exposed_files import writable_files

        if problem := writable_files(world.settings, face.settings_path):
            warn_once(face, "files", problem)
        options = _options(world, numbers, dry_run=dry_run, force=force)
        with progress_of(face) as progress:
            result = sync(world, options, progress)
        if not dry_run:
            _write_status_page(world)
        _show(face, result, dry_run=dry_run)
        raise typer.Exit(_code(result))


@contextmanager
def _opened(
    face: Face, flags: Mapping[str, object], *, json: bool, writes: bool, all_: bool
) -> Iterator[World]:
    """Open the world; of an unattended `sync all` only news are told, settings included."""
    is_mailed = writes and all_ and face.is_unattended
    with ExitStack() as stack:
        try:
            world = stack.enter_context(
                face.open(flags=flags, json_output=json, moves_breakers=writes)
            )
        except SettingsError as error:
            if is_mailed:
                tell_unstarted(face, error)
            raise
        if is_mailed:
            from listing_sync.steps.standing_trouble import mails_of

            tell_started(face)
            face.mails = mails_of(world)
        if writes:
            require_state_dir(world, is_mailed=is_mailed)
        yield world


def _options(
    world: World, numbers: tuple[str, ...] | None, *, dry_run: bool, force: bool
) -> SyncOptions:
    from listing_sync.changes.refusal import SafetyLimits
    from listing_sync.commands.sync import SyncOptions

    settings = world.settings
    return SyncOptions(
        limits=SafetyLimits(settings.sync_prune_limit, settings.sync_change_limit),
        percent=settings.sync_rollout_percent,
        batch_size=settings.sync_batch_size,
        numbers=numbers,
        dry_run=dry_run,
        force=force,
        prune=settings.sync_prune and numbers is None,
    )


def _write_status_page(world: World) -> None:
    if world.settings.sync_status_page is not None:
        from listing_sync.page.status_page import refresh

        refresh(world, world.settings.sync_status_page)


def _code(result: SyncResult) -> int:
    from listing_sync.cli.exits import ExitCode, code_of_run

    if result.refused:
        return ExitCode.FAILED
    return code_of_run(result.run, result.error, not_found=len(result.not_found))


def _show(face: Face, result: SyncResult, *, dry_run: bool) -> None:
    from listing_sync.cli import sync_text

    tells_all = face.verbose or dry_run or (face.is_terminal and not face.quiet)

    def document() -> Mapping[str, object]:
        from listing_sync.cli.json_output import plan_document, run_document

        extra = plan_document(result.plan, result.refused) if dry_run and result.plan else {}
        return run_document(result.run, result.rejections, dry_run=dry_run, extra=extra)

    def words() -> None:
        if tells_all:
            sync_text.show_result(face.out, result, dry_run=dry_run)
        if result.run.removed and not face.quiet:
            sync_text.show_removed(face.out, result.run.removed)

    emit(face, Shown(document, words))
    sync_text.show_problems(face, result, tells_all=tells_all)
