"""Supabase Lite on a real PostgreSQL, with Supabase's roles: grants and policies act."""

from __future__ import annotations

import atexit
import http.client
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from psycopg import sql

from tests.stack import child
from tests.stack.postgres import PostgresServer, Statement, execute, free_port

NODE_MODULES = Path(__file__).parent / "node_modules"
SQL_FILES = tuple(sorted(Path(__file__).parents[2].glob("sql/*.sql")))

_PROGRAM = NODE_MODULES / "@supabase" / "lite" / "dist" / "cli" / "index.js"
_START_TIMEOUT_S = 30.0

# As on a Supabase project made after 2026-05-30: the API's roles may use the schema and nothing in
# it. Source: "Securing your API" in Supabase's documentation.
_ROLES = """
do $$
begin
  if to_regrole('anon') is null then
    create role anon nologin noinherit;
    create role authenticated nologin noinherit;
    create role service_role nologin noinherit bypassrls;
  end if;
end
$$;
grant usage on schema public to anon, authenticated, service_role;
"""

# Lite grants everything in public to all three roles with its first request after a start; these
# take that back.
_SAVE_GRANTS = """
select oid, relacl::text from pg_class where relnamespace = 'public'::regnamespace
"""
_RESTORE_GRANTS = "update pg_class set relacl = %s::aclitem[] where oid = %s"
_REVOKE_DEFAULTS = """
alter default privileges in schema public
  revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public
  revoke all on sequences from anon, authenticated, service_role;
"""


class SupabaseLite:
    """One Supabase project on loopback, in its own database of `postgres`.

    Args:
        postgres: a running server.
        database: its database, made when absent.
        apply: SQL files run before Lite starts.
        max_rows: rows of one answer, as Supabase's setting of that name.
    """

    def __init__(
        self,
        postgres: PostgresServer,
        *,
        database: str = "project",
        apply: Iterable[Path] = SQL_FILES,
        max_rows: int = 1000,
    ) -> None:
        self.postgres = postgres
        self.dsn = postgres.dsn_of(database)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.secret_key = f"sb_secret_{secrets.token_hex(11)}_{secrets.token_hex(4)}"
        self.publishable_key = f"sb_publishable_{secrets.token_hex(11)}_{secrets.token_hex(4)}"
        self._database = database
        self._apply = tuple(apply)
        self._max_rows = max_rows
        self._directory = Path(tempfile.mkdtemp(prefix="listing-sync-lite-"))
        self._process: subprocess.Popen[bytes] | None = None

    def execute(
        self, statement: Statement, parameters: Sequence[object] | None = None
    ) -> list[tuple[Any, ...]]:
        """Run SQL in the project's database, as superuser; return the rows, if any."""
        return execute(self.dsn, statement, parameters)

    def truncate(self) -> None:
        """Empty every table of the schema public."""
        tables = self.execute("select tablename from pg_tables where schemaname = 'public'")
        if tables:
            names = sql.SQL(", ").join(sql.Identifier("public", name) for (name,) in tables)
            self.execute(sql.SQL("truncate {} cascade").format(names))

    def restart(self) -> None:
        """Start Lite anew on the same port; it sees changed tables only then."""
        self._stop_process()
        self._start_process()

    def __enter__(self) -> Self:
        atexit.register(self.stop)
        try:
            self._prepare()
            self._start_process()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop Lite; the database stays with its server. Harmless when repeated."""
        self._stop_process()
        shutil.rmtree(self._directory, ignore_errors=True)
        atexit.unregister(self.stop)

    def _prepare(self) -> None:
        if shutil.which("node") is None:
            raise RuntimeError(
                "Supabase Lite needs Node.js 20 or newer: there is no `node` in PATH"
            )
        if not _PROGRAM.exists():
            raise RuntimeError(
                "tests/stack/node_modules is missing: run `make test`, it installs it"
            )
        known = execute(
            self.postgres.dsn, "select 1 from pg_database where datname = %s", (self._database,)
        )
        if not known:
            self.postgres.create_database(self._database)
        self.execute(_ROLES)
        for path in self._apply:
            self.execute(path.read_text(encoding="utf-8"))
        config = self._directory / "supabase" / "config.toml"
        config.parent.mkdir()
        config.write_text(
            f"[api]\nport = {self.port}\nmax_rows = {self._max_rows}\n\n"
            f'[auth]\npublishable_key = "{self.publishable_key}"\n'
            f'secret_key = "{self.secret_key}"\njwt_secret = "{secrets.token_urlsafe(48)}"\n\n'
            f'[db]\ndriver = "postgres"\nurl = "{self.dsn}"\n',
            encoding="utf-8",
        )

    def _start_process(self) -> None:
        self._process = child.start(
            ["node", _PROGRAM, "--no-telemetry", "start", "--no-admin"],
            log=self._directory / "log",
            cwd=self._directory,
            env=os.environ | {"LITE_TELEMETRY": "0", "NO_COLOR": "1"},
        )
        self._wait_until_ready()
        self._undo_grants()

    def _stop_process(self) -> None:
        if self._process is not None:
            child.stop(self._process, signal.SIGKILL)  # it keeps nothing
            self._process = None

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self._status_of("/rest/v1/") != 200:
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                log = (self._directory / "log").read_text(errors="replace")
                raise RuntimeError(f"Supabase Lite did not start: {log}")
            time.sleep(0.02)

    def _undo_grants(self) -> None:
        table = self.execute(
            "select relname from pg_class where relrowsecurity"
            " and relnamespace = 'public'::regnamespace limit 1"
        )
        if not table:
            return
        grants = self.execute(_SAVE_GRANTS)
        self._status_of(f"/rest/v1/{table[0][0]}?limit=0")
        for oid, acl in grants:
            self.execute(_RESTORE_GRANTS, (acl, oid))
        self.execute(_REVOKE_DEFAULTS)

    def _status_of(self, target: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", target, headers={"apikey": self.secret_key})
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()
