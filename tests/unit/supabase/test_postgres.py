from __future__ import annotations

import pytest

from listing_sync.errors import PermanentError, TransientError
from listing_sync.supabase.postgres import connection_failure

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
