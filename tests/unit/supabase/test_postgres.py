from __future__ import annotations

import socket
import threading

import pytest

from listing_sync.errors import PermanentError, SettingsError, TransientError
from listing_sync.supabase.postgres import PostgresDatabase, connection_failure, guarded
from tests.fakes import straight

_AT = 'connection failed: connection to server at "1.2.3.4", port 5432 failed: '


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(f"{_AT}FATAL:  Tenant or user not found", "Session pooler", id="user"),
        pytest.param(
            f'{_AT}FATAL:  password authentication failed for user "postgres"',
            "percent-encode",
            id="password",
        ),
        pytest.param(
            "failed to resolve host 'db.x.supabase.co': [Errno -2] Name or service not known",
            "IPv6",
            id="no IPv4 address",
        ),
        pytest.param(f"{_AT}Network is unreachable", "IPv6", id="no IPv6 here"),
        pytest.param(f"{_AT}FATAL:  no pg_hba.conf entry, no encryption", "sslmode", id="TLS"),
        pytest.param(
            f'{_AT}FATAL:  database "x" does not exist', 'database "x" does', id="database"
        ),
    ],
)
def test_what_a_person_must_mend_is_said(text, words):
    failure = connection_failure(text, "the.host")
    assert isinstance(failure, PermanentError)
    assert words in str(failure)
    assert "the.host" in str(failure)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{_AT}Connection refused\n\tIs the server running?", id="refused"),
        pytest.param("connection timeout expired", id="slow"),
        pytest.param(f"{_AT}FATAL:  the database system is starting up", id="starting"),
        pytest.param(f"{_AT}FATAL:  sorry, too many clients already", id="crowded"),
    ],
)
def test_what_passes_is_of_the_moment(text):
    assert isinstance(connection_failure(text, "the.host"), TransientError)


def test_a_password_leaves_this_machine_encrypted_and_never_as_it_is():
    assert guarded({"host": "db.example"}) == {
        "sslmode": "require",
        "require_auth": "scram-sha-256",
    }
    assert guarded({"host": "db.example", "sslmode": "verify-full"})["sslmode"] == "verify-full"
    assert guarded({"host": "localhost"}) == {"require_auth": "!password"}
    assert guarded({"host": "/run/postgresql"}) == {"require_auth": "!password"}


@pytest.mark.parametrize(
    ("query", "host"),
    [("?sslmode=prefer", "db.example"), ("?sslmode=disable", "localhost,db.example")],
)
def test_a_url_that_asks_for_less_is_refused(query, host):
    with pytest.raises(SettingsError, match="sslmode=require"):
        PostgresDatabase(f"postgresql://me:word@{host}/db{query}", call=straight)


def test_a_bare_at_sign_in_the_password_is_told_and_not_shown():
    with pytest.raises(SettingsError, match="%40") as failure:
        PostgresDatabase("postgresql://me:one@two@db.example/db", call=straight)
    assert "two" not in str(failure.value)


def test_a_server_that_asks_for_the_plain_password_does_not_get_it():
    received = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)  # the start, or the question for GSS or TLS
                connection.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x03")
                while part := connection.recv(1000):
                    received.extend(part)

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        url = f"postgresql://me:secret-word@127.0.0.1:{listener.getsockname()[1]}/db"
        database = PostgresDatabase(f"{url}?sslmode=disable&gssencmode=disable", call=straight)
        with pytest.raises(PermanentError, match="SCRAM"):
            database.query("select 1")
        server.join(10)
    assert b"secret-word" not in received
