"""Run SQL over a direct PostgreSQL connection, one transaction a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row

from listing_sync.cells.listings import Value
from listing_sync.errors import (
    Category,
    PermanentError,
    RemoteError,
    Service,
    SettingsError,
    TransientError,
)
from listing_sync.language.sentences import joined, marked, phrase, spoken

if TYPE_CHECKING:
    from listing_sync.supabase.rest import Call

T = TypeVar("T")

_CONNECT_TIMEOUT_S = 10
_LOCK_TIMEOUT = b"set local lock_timeout = '10s'"
_OF_THE_MOMENT = ("08", "40", "53", "55P03", "57P")
"""Classes of SQLSTATE that pass by themselves."""
_POOLER = marked(
    "copy the Session pooler's address from the dashboard (Connect > Session pooler): host"
    " aws-...pooler.supabase.com, port 5432, user postgres.<project reference>"
)
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
_ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
_ADVICE = {
    "25006": marked(
        "the database is read-only: often its disk is full (dashboard > Reports > Database)"
    ),
    "42501": marked("use the user postgres, or another owner of the schema public"),
}
_PASSING = ("starting up", "shutting down", "recovery", "too many", "connection slots")
_UNREACHABLE = (
    "network is unreachable",
    "cannot assign requested address",
    "could not translate host name",
    "failed to resolve host",
    "name or service not known",
    "no address associated",
)


class PostgresDatabase:
    """ports.Database over SUPABASE_DB_URL; `call` is a guard of its own.

    Raises:
        SettingsError: the URL is not one of PostgreSQL.
    """

    way = marked("a direct connection (SUPABASE_DB_URL)")

    def __init__(self, url: str, *, call: Call) -> None:
        try:
            given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
            self._host = given.get("host", "the server")
            self._conninfo = make_conninfo(
                url,
                connect_timeout=_CONNECT_TIMEOUT_S,
                application_name="listing-sync",
                **guarded(given),
            )
        except psycopg.Error:  # its text quotes the URL, password included
            problem = (
                "SUPABASE_DB_URL: not a PostgreSQL URL; expected"
                " postgresql://user:password@host:5432/postgres, the password with its"
                " special characters percent-encoded"
            )
            raise SettingsError((problem,)) from None
        self._call = call

    def query(self, statement: str) -> Sequence[Mapping[str, Value]]:
        """Return the rows of one statement."""

        def send() -> Sequence[Mapping[str, Value]]:
            with self._connection() as connection:
                return connection.execute(statement.encode()).fetchall()

        return self._guarded(send)

    def apply(self, statements: Sequence[str]) -> None:
        """Run statements in order in one transaction: all of them, or none."""

        def send() -> None:
            with self._connection() as connection:
                connection.execute(_LOCK_TIMEOUT)
                for statement in statements:
                    connection.execute(statement.encode())

        self._guarded(send)

    def _guarded(self, send: Callable[[], T]) -> T:
        def translated() -> T:
            try:
                return send()
            except psycopg.Error as error:
                raise self._failure(error) from None

        return self._call(translated, "running SQL")

    def _connection(self) -> AbstractContextManager[psycopg.Connection[DictRow]]:
        # The pooler in transaction mode (port 6543) knows no prepared statements.
        return psycopg.connect(self._conninfo, row_factory=dict_row, prepare_threshold=None)

    def _failure(self, error: psycopg.Error) -> RemoteError:
        if error.sqlstate is None:
            return connection_failure(str(error), self._host)
        message = error.diag.message_primary or type(error).__name__
        if error.sqlstate.startswith(_OF_THE_MOMENT):
            return _of_the_moment(f"PostgreSQL: {message}", error.sqlstate)
        advice = _ADVICE.get(error.sqlstate)
        text: str = phrase("PostgreSQL refused the SQL: {message}", message=message)
        if advice:
            text = joined("; ", (text, spoken(advice)))
        return _permanent(text, Category.DATABASE, error.sqlstate)


def guarded(given: Mapping[str, str]) -> dict[str, str]:
    """Return what keeps the password from the wire, for the parts of a connection URL.

    Off this machine the connection is encrypted and the password proves itself by SCRAM; on it, a
    password is at least not sent as it is.

    Raises:
        SettingsError: the URL asks for less, or the password holds a bare @.
    Source: PostgreSQL documentation, "Database Connection Control Functions", require_auth.
    """
    hosts = [*given.get("host", "").split(","), *given.get("hostaddr", "").split(",")]
    if any("@" in host for host in hosts):
        raise SettingsError(
            ("SUPABASE_DB_URL: the user or password holds a bare @: write it as %40",)
        )
    if all(host in _HERE or host.startswith("/") for host in hosts):
        return {"require_auth": "!password"}
    mode = given.get("sslmode", "require")
    if mode not in _ENCRYPTED:
        problem = (
            f"SUPABASE_DB_URL: sslmode={mode} may send the password and the data unencrypted;"
            " write sslmode=require, or leave it out"
        )
        raise SettingsError((problem,))
    return {"sslmode": mode, "require_auth": "scram-sha-256"}


def connection_failure(text: str, host: str) -> RemoteError:
    """Return what libpq's text means, and what to do; it never holds the password."""
    lower = text.lower()
    if "tenant or user not found" in lower or "no tenant identifier" in lower:
        return _permanent(
            phrase("the pooler {host} does not know this user; {advice}", host=host, advice=_POOLER)
        )
    if "authentication failed" in lower:
        return _permanent(
            phrase(
                "{host} refuses the password in SUPABASE_DB_URL: percent-encode its"
                " special characters, or set a new one in the dashboard (Database >"
                " Settings)",
                host=host,
            )
        )
    if any(sign in lower for sign in _UNREACHABLE):
        return _permanent(
            phrase(
                "{host} cannot be reached from here: a project's own host has an IPv6"
                " address only. For IPv4 {advice}",
                host=host,
                advice=_POOLER,
            )
        )
    if "authentication method requirement" in lower:
        return _permanent(
            phrase(
                "{host} asks for the password in a way that shows it: nothing was"
                " sent; it must ask by SCRAM (password_encryption = scram-sha-256), as"
                " Supabase does",
                host=host,
            )
        )
    if "no pg_hba.conf entry" in lower or "ssl" in lower:
        return _permanent(
            phrase("{host} refuses the connection: add ?sslmode=require to the URL", host=host)
        )
    message = phrase("no connection to {host}: {why}", host=host, why=_last_words(text))
    if "FATAL:" in text and not any(sign in lower for sign in _PASSING):
        return _permanent(message)
    return _of_the_moment(message, None)


def _last_words(text: str) -> str:
    """Return what libpq's text says after the address, which it repeats for every try."""
    first_line = text.strip().split("\n", maxsplit=1)[0]
    return first_line.rpartition("failed: ")[2]


def _of_the_moment(message: str, code: str | None) -> TransientError:
    return TransientError(message, service=Service.SUPABASE, category=Category.NETWORK, code=code)


def _permanent(
    message: str, category: Category = Category.NETWORK, code: str | None = None
) -> PermanentError:
    return PermanentError(message, service=Service.SUPABASE, category=category, code=code)
