"""Open the door, `serve`, and keep the tokens that it lets in."""

from __future__ import annotations

import os
import signal
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from listing_sync.cells.wording import plain
from listing_sync.cli.exits import ExitCode
from listing_sync.cli.face import RUN_TO_BE, Face
from listing_sync.cli.shown import Shown, emit
from listing_sync.cli.text import table
from listing_sync.errors import SettingsError

if TYPE_CHECKING:
    from listing_sync.serve.tokens import TokensFile

_NAME_LENGTH = 64
_NEEDED = ("starlette", "uvicorn")


class RoleName(StrEnum):
    """The roles, for the command line."""

    READ = "read"
    RUN = "run"


serve_app = typer.Typer(
    help="Answer over HTTP: runs, health, and the office's page.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
token_app = typer.Typer(
    help="Who is let in by `serve`.", no_args_is_help=True, rich_markup_mode=None
)
serve_app.add_typer(token_app, name="token")


def register(app: typer.Typer) -> None:
    """Add `serve` to the program."""
    app.add_typer(serve_app, name="serve")


@serve_app.callback()
def serve(
    context: typer.Context,
    *,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen at.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="The port; 0: any free one.")
    ] = 8787,
    behind_tls: Annotated[
        bool,
        typer.Option("--behind-tls", help="A proxy with TLS stands before; cookies are Secure."),
    ] = False,
) -> None:
    """Answer over HTTP until stopped; a run that was started goes on when this ends."""
    if context.invoked_subcommand is not None:
        return
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise SettingsError(
            (f"serve: needs {' and '.join(missing)}: pip install 'listing-sync[serve]'",)
        )
    from listing_sync.serve.server import is_of_this_machine, listening

    if not (behind_tls or is_of_this_machine(host)):
        raise typer.BadParameter(
            f"{plain(host)} is reached from outside, where tokens would pass in clear: put a proxy"
            " with TLS before it and say so with --behind-tls, or leave --host out",
            param_hint="--host",
        )
    face: Face = context.obj
    with face.open(moves_breakers=False) as world:
        from listing_sync.cli.health_text import health_document
        from listing_sync.cli.json_output import run_document
        from listing_sync.serve.api import Documents
        from listing_sync.serve.children import Launch
        from listing_sync.serve.door import DoorOptions, make_door
        from listing_sync.serve.server import serve as serve_until_stopped

        options = DoorOptions(
            tokens_file=_tokens_file(world.settings.sync_serve_tokens_file),
            launch=Launch(_this_program(face), face.environment, RUN_TO_BE),
            documents=Documents(run_document, health_document, face.json_version),
            env_file=face.settings_path,
            is_behind_tls=behind_tls,
        )
        door = make_door(world, options)
        listener = listening(host, port)
        with listener:
            at = f"http://{_in_url(host)}:{listener.getsockname()[1]}/"
            face.announce(f"serving {at} until stopped")

            def end(number: int) -> None:
                face.stop.request(number)
                door.close()

            serve_until_stopped(door.app, listener, end)
            if os.getpid() == 1:  # a container ends with its first process, and all in it
                door.children.end(signal.SIGTERM)


def _this_program(face: Face) -> list[str]:
    # -P: what lies in the working directory is none of Python's.
    program = [sys.executable, "-P", "-m", "listing_sync"]
    return [*program, "--env-file", str(face.env_file)] if face.env_file else program


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _tokens_file(path: Path | None) -> Path:
    if path is None:
        problem = (
            "SYNC_SERVE_TOKENS_FILE: required by serve: the file that"
            " `listing-sync serve token add NAME` keeps tokens in"
        )
        raise SettingsError((problem,))
    return path


def _tokens(face: Face) -> TokensFile:
    from listing_sync.serve.tokens import TokensFile

    # Whoever keeps the tokens needs no key of Supabase's for it.
    given = face.given.texts.get("SYNC_SERVE_TOKENS_FILE")
    return TokensFile(_tokens_file(Path(given) if given else None))


@token_app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is.")],
    *,
    role: Annotated[
        RoleName, typer.Option(metavar="read|run", help="What it is good for: run may also read.")
    ] = RoleName.READ,
) -> None:
    """Make a token and print it, once; only its hash is kept."""
    from listing_sync.clock import SystemClock
    from listing_sync.serve.tokens import Role

    name = name.strip()
    if not name or len(name) > _NAME_LENGTH or not name.isprintable():
        raise typer.BadParameter(
            f"expected a name of 1 to {_NAME_LENGTH} characters", param_hint="NAME"
        )
    face: Face = context.obj
    now = SystemClock(face.stop).now()
    text = _tokens(face).add(name, Role(role.value), now)
    face.say(text)
    face.warn("It is shown this once. Who has it is let in: hand it over like a password.")


@token_app.command("list")
def list_(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Name who is let in, and what each may do."""
    face: Face = context.obj
    face.json_output = json
    found = _tokens(face).all()

    def document() -> dict[str, object]:
        return {
            "tokens": [
                {"name": each.name, "role": each.role.value, "createdAt": each.created_at}
                for each in found
            ]
        }

    def words() -> None:
        if not found:
            face.say("Nobody is let in: `listing-sync serve token add NAME` makes a token.")
            return
        rows = [(plain(each.name), each.role.value, plain(each.created_at)) for each in found]
        face.out.print(table(("Name", "Role", "Since"), rows))

    emit(face, Shown(document, words))


@token_app.command("remove")
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose token it is.")],
) -> None:
    """Let somebody in no more, at once, wherever logged in."""
    face: Face = context.obj
    if not _tokens(face).remove(name.strip()):
        face.complain(f"there is no token {plain(name.strip())!r}: `listing-sync serve token list`")
        raise typer.Exit(ExitCode.PARTLY)
