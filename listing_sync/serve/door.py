"""Put the door together: who is let in, what is answered, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware

from listing_sync.ports import Ports
from listing_sync.serve.api import Api, Documents
from listing_sync.serve.children import Children, Launch
from listing_sync.serve.gate import Gate
from listing_sync.serve.looking import Looking
from listing_sync.serve.people import Doorkeeper
from listing_sync.serve.problems import HANDLERS
from listing_sync.serve.shield import Shield
from listing_sync.serve.tokens import TokensFile


@dataclass(frozen=True, slots=True)
class DoorOptions:
    """How the door is opened; `env_file` is the file that settings come from, if there is one."""

    tokens_file: Path
    launch: Launch
    documents: Documents
    env_file: Path | None = None
    is_behind_tls: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """The application, and the runs that it started."""

    app: Starlette
    children: Children


def make_door(ports: Ports, options: DoorOptions) -> Door:
    """Return the door, closed yet.

    Raises:
        SettingsError: the file of tokens is none, or not safe.
    """
    tokens = TokensFile(options.tokens_file)
    tokens.all()
    children = Children(ports, options.launch)
    doorkeeper = Doorkeeper(Gate(tokens, ports.clock.monotonic), options.is_behind_tls)
    looking = Looking(ports, children, options.env_file)
    api = Api(doorkeeper, children, looking, options.documents)
    app = Starlette(
        routes=api.routes(),
        exception_handlers=HANDLERS,
        middleware=[Middleware(Shield, is_behind_tls=options.is_behind_tls)],
    )
    return Door(app, children)
