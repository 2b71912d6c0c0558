"""The real Rest against the local stack, its calls passed straight on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from listing_sync.reliability.pacing import Patience
from listing_sync.supabase.rest import Rest
from listing_sync.transport import build_client
from tests.stack.postgres import PostgresServer
from tests.stack.supabase_lite import SupabaseLite

T = TypeVar("T")
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class Calls:
    """Stands where the guard does: makes one try a call and notes what was asked for."""

    def __init__(self) -> None:
        self.made: list[tuple[str, Patience]] = []

    def __call__(self, send: Callable[[], T], what: str, patience: Patience = Patience.RETRY) -> T:
        self.made.append((what, patience))
        return send()


@contextmanager
def project_of(tables: str, *, max_rows: int = 1000) -> Iterator[SupabaseLite]:
    """Give a project of a module's own, with sql/ and these tables."""
    with PostgresServer() as postgres, SupabaseLite(postgres, max_rows=max_rows) as project:
        project.execute(tables)
        project.restart()
        yield project


@contextmanager
def connected(url: str, key: str, calls: Calls | None = None) -> Iterator[Rest]:
    with build_client(timeout_s=10, connections=4, on_bytes=lambda _: None) as http:
        yield Rest(url, key, http=http, call=calls or Calls(), now=lambda: NOW)
