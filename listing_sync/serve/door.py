"""Put the door together: who is let in, what is answered, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware

from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports
from listing_sync.serve.api import Api, Documents
from listing_sync.serve.children import Children, Launch
from listing_sync.serve.events import Events
from listing_sync.serve.gate import Gate
from listing_sync.serve.live import LivePage
from listing_sync.serve.login import Login
from listing_sync.serve.looking import Looking
from listing_sync.serve.people import Doorkeeper
from listing_sync.serve.problems import HANDLERS
from listing_sync.serve.sessions import LoginForms, Sessions
from listing_sync.serve.shield import Shield
from listing_sync.serve.tokens import TokensFile
from listing_sync.serve.watch import Watch


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
    """The application, who is logged in, and the runs started; `close` ends waits for events."""

    app: Starlette
    children: Children
    sessions: Sessions
    close: Callable[[], None]


def make_door(ports: Ports, options: DoorOptions) -> Door:
    """Return the door, closed yet.

    Raises:
        SettingsError: the file of tokens is none, or not safe.
    """
    tokens = TokensFile(options.tokens_file)
    tokens.all()
    children = Children(ports, options.launch)
    monotonic = ports.clock.monotonic
    gate = Gate(tokens, monotonic)
    sessions = Sessions(monotonic, gate.is_valid)
    doorkeeper = Doorkeeper(gate, sessions, options.is_behind_tls)
    looking = Looking(ports, children, options.env_file)
    watch = Watch(looking.scene, looking.sign, looking.forget)
    api = Api(doorkeeper, children, looking, options.documents, watch.hurry)
    rooms = (
        api,
        Events(doorkeeper, watch, options.documents),
        Login(doorkeeper, LoginForms()),
        LivePage(doorkeeper, looking),
    )
    app = Starlette(
        routes=[route for room in rooms for route in room.routes()],
        exception_handlers=HANDLERS,
        middleware=[Middleware(Shield, is_behind_tls=options.is_behind_tls)],
    )
    return Door(app, children, sessions, watch.close)
