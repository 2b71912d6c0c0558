"""Put the command line together: global options, a file a command, errors to exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from listing_sync import __version__
from listing_sync.cli.exits import ExitCode, code_of_error
from listing_sync.cli.face import Face
from listing_sync.cli.global_options import command_of, hoisted
from listing_sync.cli.help_texts import add_help
from listing_sync.cli.mails import complain_once
from listing_sync.cli.streams import OutputError, prepare_output
from listing_sync.errors import ListingSyncError, SettingsError
from listing_sync.history.exposure import disk_problem

_FILES: Final = {
    "init": "init",
    "sync": "sync",
    "status": "status",
    "health": "health",
    "migrate": "migrate",
    "settings": "settings",
    "pause": "pause",
    "resume": "pause",
    "test-signals": "signal_trial",
    "serve": "serve",
}
"""The file of each command, in the order of the help."""


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"listing-sync {__version__}")
        raise typer.Exit


def options(
    context: typer.Context,
    env_file: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Settings file; default: .env in this folder."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say everything, also without a terminal.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    log_format: Annotated[
        LogFormat, typer.Option(metavar="text|json", help="Format of the log lines on stderr.")
    ] = LogFormat.TEXT,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Take the global options."""
    face = context.obj
    face.env_file = env_file
    face.verbose = verbose
    face.quiet = quiet
    face.log_format = log_format.value
    face.choose_language()


def program(asked: str | None = None) -> typer.Typer:
    """Return the command line with the command asked for alone, with all where that is none."""
    app = typer.Typer(
        name="listing-sync",
        help="Makes a Supabase table say what a Google Sheet of property listings says.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(options)
    for name in [_FILES[asked]] if asked in _FILES else dict.fromkeys(_FILES.values()):
        import_module(f"listing_sync.cli.{name}").register(app)
    add_help(app)
    return app


def run() -> NoReturn:
    """Run the program and exit; what is foreseeable becomes a sentence and a code."""
    prepare_output()
    face = Face()
    try:
        code = _code_of_command(face)
        sys.stdout.flush()
    except OutputError as error:
        code = _discard_output(face, error)
    except Exception as error:
        code = _code_of_signal(error) or _report(face, error)
    sys.exit(code)


def _code_of_signal(error: BaseException) -> int | None:
    """Return the code of a signal that came in the midst of an import, which failed of it.

    Its locks may be found as nobody left them: "cannot release un-acquired lock".
    """
    before = error.__context__
    while before is not None and not isinstance(before, SystemExit):
        before = before.__context__
    return before.code if before is not None and isinstance(before.code, int) else None


def _code_of_command(face: Face) -> int:
    try:
        arguments = hoisted(sys.argv[1:])
        program(command_of(arguments))(args=arguments, obj=face)
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else ExitCode.USAGE
    except ListingSyncError as error:
        code = code_of_error(error)
        problems = error.problems if isinstance(error, SettingsError) else (str(error),)
        _tell(face, problems, code)
        return code
    return ExitCode.DONE


def _discard_output(face: Face, error: OutputError) -> int:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.has_no_reader:
        return ExitCode.DONE
    face.complain(f"the output cannot be written: {error}")
    return ExitCode.FAILED


def _report(face: Face, error: Exception) -> int:
    """Tell of a disk that takes nothing, else of a bug."""
    number, name = (getattr(error, each, None) for each in ("errno", "filename"))
    if problem := disk_problem(number, name if isinstance(name, str) else None):
        _tell(face, (problem,), ExitCode.FAILED)
        return ExitCode.FAILED
    if face.verbose:
        face.know_secrets()
        traceback.print_exc()
    problem = (
        f"listing-sync has a bug ({type(error).__name__}): run the same command with -v after"
        " listing-sync, and report what it prints where you got the program (README, Trouble)"
    )
    try:
        _tell(face, (problem,), ExitCode.BUG)
    except Exception:  # what remembers the mails may be what is broken
        face.mails = None
        _tell(face, (problem,), ExitCode.BUG)
    return ExitCode.BUG


def _tell(face: Face, problems: Sequence[str], code: int) -> None:
    complain_once(face, "\n".join(problems))
    if face.json_output:
        face.print_json({"status": "failed", "exitCode": code, "problems": problems})
