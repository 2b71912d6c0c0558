"""Whose fault an answer or an exception is, case by case, and what its message never holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.errors import (
    BatchTooLargeError,
    Category,
    NoColumnError,
    NotGrantedError,
    NullRefusedError,
    PermanentError,
    RemoteError,
    RowError,
    TransientError,
    WrittenTwiceError,
)
from listing_sync.supabase.failures import failure_of_exception, failure_of_response

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
NETWORK, DATABASE, UNKNOWN = Category.NETWORK, Category.DATABASE, Category.UNKNOWN
HTML = "<html><head><title>error</title></head></html>"


def of(status, code=None, message="something", *, headers=None, **more) -> RemoteError:
    body = {"code": code, "message": message, "details": None, "hint": None} | more
    asked = httpx.Request("POST", "https://xyz.supabase.co/rest/v1/a?select=*")
    answer = httpx.Response(status, json=body, headers=headers, request=asked)
    return failure_of_response(answer, NOW)


CODES = [
    # the moment
    ("08006", 503, TransientError, NETWORK),
    ("40001", 500, TransientError, DATABASE),
    ("40P01", 500, TransientError, DATABASE),
    ("53000", 503, TransientError, DATABASE),
    ("53200", 503, TransientError, DATABASE),
    ("53300", 503, TransientError, DATABASE),
    ("55P03", 500, TransientError, DATABASE),
    ("57P01", 503, TransientError, NETWORK),
    ("57P02", 500, TransientError, NETWORK),
    ("57P03", 500, TransientError, NETWORK),
    ("58030", 500, TransientError, DATABASE),
    ("XX000", 500, TransientError, DATABASE),
    ("PGRST000", 503, TransientError, NETWORK),
    ("PGRST001", 503, TransientError, NETWORK),
    ("PGRST002", 503, TransientError, NETWORK),
    ("PGRST003", 504, TransientError, NETWORK),
    # the batch
    ("57014", 500, BatchTooLargeError, DATABASE),
    ("54000", 500, BatchTooLargeError, DATABASE),
    ("54001", 500, BatchTooLargeError, DATABASE),
    # one row
    ("22001", 400, RowError, DATABASE),
    ("22003", 400, RowError, DATABASE),
    ("22007", 400, RowError, DATABASE),
    ("22008", 400, RowError, DATABASE),
    ("22021", 400, RowError, DATABASE),
    ("22P02", 400, RowError, DATABASE),
    ("22P05", 400, RowError, DATABASE),
    ("23502", 400, NullRefusedError, DATABASE),
    ("23503", 409, RowError, DATABASE),
    ("23505", 409, RowError, DATABASE),
    ("23514", 400, RowError, DATABASE),
    ("23P01", 400, RowError, DATABASE),
    ("44000", 400, RowError, DATABASE),
    ("P0001", 400, RowError, DATABASE),
    ("P0002", 500, RowError, DATABASE),
    ("ZZ001", 400, RowError, DATABASE),
    ("PT418", 418, RowError, DATABASE),
    # the run
    ("0LP01", 403, PermanentError, DATABASE),
    ("0P000", 403, PermanentError, DATABASE),
    ("21000", 500, WrittenTwiceError, DATABASE),
    ("21000", 400, WrittenTwiceError, DATABASE),
    ("22023", 401, PermanentError, UNKNOWN),
    ("25001", 500, PermanentError, DATABASE),
    ("25006", 405, PermanentError, DATABASE),
    ("28000", 403, PermanentError, UNKNOWN),
    ("28P01", 403, PermanentError, UNKNOWN),
    ("3F000", 400, PermanentError, DATABASE),
    ("42501", 403, NotGrantedError, DATABASE),
    ("42703", 400, NoColumnError, DATABASE),
    ("42804", 400, PermanentError, DATABASE),
    ("42883", 404, PermanentError, DATABASE),
    ("42P01", 404, PermanentError, DATABASE),
    ("42P10", 400, PermanentError, DATABASE),
    ("42P17", 500, PermanentError, DATABASE),
    ("53100", 503, PermanentError, DATABASE),
    ("53400", 500, PermanentError, DATABASE),
    ("55000", 500, PermanentError, DATABASE),
    ("F0000", 500, PermanentError, DATABASE),
    ("PGRST100", 400, PermanentError, UNKNOWN),
    ("PGRST102", 400, PermanentError, UNKNOWN),
    ("PGRST106", 406, PermanentError, DATABASE),
    ("PGRST111", 500, PermanentError, UNKNOWN),
    ("PGRST122", 400, PermanentError, UNKNOWN),
    ("PGRST124", 400, PermanentError, DATABASE),
    ("PGRST125", 404, PermanentError, UNKNOWN),
    ("PGRST200", 400, PermanentError, DATABASE),
    ("PGRST204", 400, NoColumnError, DATABASE),
    ("PGRST205", 404, PermanentError, DATABASE),
    ("PGRST300", 500, PermanentError, UNKNOWN),
    ("PGRST301", 401, PermanentError, UNKNOWN),
    ("PGRST302", 401, PermanentError, UNKNOWN),
    ("PGRST303", 401, PermanentError, UNKNOWN),
    ("PGRSTX00", 500, PermanentError, UNKNOWN),
    # asked for by a function of the project: the status decides
    ("PT429", 429, TransientError, Category.RATE_LIMIT),
    ("PT402", 402, PermanentError, UNKNOWN),
]


@pytest.mark.parametrize(
    ("code", "status", "kind", "category"), CODES, ids=[f"{c[0]}-{c[1]}" for c in CODES]
)
def test_code_of_the_body_decides_before_the_status(code, status, kind, category):
    error = of(status, code)
    assert (type(error), error.category) == (kind, category)
    assert (error.http_status, error.code) == (status, code)


STATUSES = [
    (200, PermanentError, UNKNOWN),
    (301, PermanentError, UNKNOWN),
    (302, PermanentError, UNKNOWN),
    (303, PermanentError, UNKNOWN),
    (307, PermanentError, UNKNOWN),
    (308, PermanentError, UNKNOWN),
    (400, PermanentError, UNKNOWN),
    (401, PermanentError, UNKNOWN),
    (402, PermanentError, UNKNOWN),
    (403, PermanentError, UNKNOWN),
    (404, PermanentError, UNKNOWN),
    (408, TransientError, NETWORK),
    (413, BatchTooLargeError, NETWORK),
    (425, TransientError, NETWORK),
    (429, TransientError, Category.RATE_LIMIT),
    (500, TransientError, NETWORK),
    (502, TransientError, NETWORK),
    (503, TransientError, NETWORK),
    (504, TransientError, NETWORK),
    (520, TransientError, NETWORK),
    (521, TransientError, NETWORK),
    (522, TransientError, NETWORK),
    (540, PermanentError, UNKNOWN),
    (544, TransientError, NETWORK),
]


@pytest.mark.parametrize(("status", "kind", "category"), STATUSES)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param(HTML, id="html"),
        pytest.param("{}", id="no-fields"),
        pytest.param('{"error": "no"}', id="error"),
        pytest.param('{"code": 42501, "message": "no"}', id="number-as-code"),
        pytest.param('["42501"]', id="list"),
        pytest.param('{"code": "", "message": null}', id="empty-code"),
    ],
)
def test_without_a_code_the_status_decides(status, kind, category, body):
    error = failure_of_response(httpx.Response(status, text=body), NOW)
    assert (type(error), error.category, error.code) == (kind, category, None)


EXCEPTIONS = [
    (httpx.ConnectError("[Errno 111] Connection refused"), TransientError, NETWORK),
    (httpx.ConnectError("[Errno -2] Name or service not known"), TransientError, NETWORK),
    (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] no"), PermanentError, NETWORK),
    (httpx.ConnectTimeout("timed out"), TransientError, NETWORK),
    (httpx.ReadTimeout("timed out"), TransientError, NETWORK),
    (httpx.PoolTimeout("timed out"), TransientError, NETWORK),
    (httpx.ReadError("[Errno 104] Connection reset by peer"), TransientError, NETWORK),
    (httpx.WriteError("[Errno 32] Broken pipe"), TransientError, NETWORK),
    (httpx.ProxyError("502 Bad Gateway"), TransientError, NETWORK),
    (httpx.RemoteProtocolError("Server disconnected"), TransientError, NETWORK),
    (httpx.DecodingError("bad gzip"), TransientError, NETWORK),
    (httpx.LocalProtocolError("Illegal header value b'sb_secret_x\\n'"), PermanentError, UNKNOWN),
    (UnicodeEncodeError("ascii", "sb_secret_é", 10, 11, "no"), PermanentError, UNKNOWN),
    (httpx.UnsupportedProtocol("ftp"), PermanentError, UNKNOWN),
    (httpx.InvalidURL("URL component too long"), PermanentError, UNKNOWN),
    (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), RowError, Category.VALIDATION),
    (ValueError("Out of range float values"), RowError, Category.VALIDATION),
]


@pytest.mark.parametrize(
    ("raised", "kind", "category"), EXCEPTIONS, ids=[repr(case[0])[:50] for case in EXCEPTIONS]
)
def test_exceptions_of_the_client_are_classified_without_naming_the_key(raised, kind, category):
    error = failure_of_exception(raised)
    assert (type(error), error.category, error.http_status) == (kind, category, None)
    assert "sb_secret" not in str(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("3", 3.0, id="seconds"),
        pytest.param(" 120 ", 120.0, id="seconds-with-space"),
        pytest.param("Sun, 01 Mar 2026 09:00:30 GMT", 30.0, id="date"),
        pytest.param("Sun, 01 Mar 2026 08:00:00 GMT", 0.0, id="date-gone-by"),
        pytest.param("soon", None, id="nonsense"),
        pytest.param("Sun, 01 Mar 2026 09:00:30 -0000", 30.0, id="date-without-zone"),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header, seconds):
    error = of(503, headers={"Retry-After": header})
    assert isinstance(error, TransientError)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("PostgresError: new row violates check constraint", RowError),
        ("PostgresError: invalid input syntax for type boolean", RowError),
        ("PostgresError: no boom", RowError),
        ("MAX_PARAMETERS_EXCEEDED: Max number of parameters (65534) exceeded", BatchTooLargeError),
        ("PostgresError: terminating connection due to administrator command", TransientError),
        ("connect ECONNREFUSED 127.0.0.1:5432", TransientError),
    ],
)
def test_the_code_of_supabase_lite_is_read_by_its_message(message, kind):
    assert type(of(500, "SUP", message)) is kind


def test_a_key_issued_in_the_future_is_a_matter_of_the_moment():
    assert isinstance(of(401, "PGRST303", "JWT issued at future"), TransientError)
    assert isinstance(of(401, "PGRST303", "JWT expired"), PermanentError)


@pytest.mark.parametrize(
    ("status", "code", "message", "said"),
    [
        (403, "42501", "permission denied for table sync_state", 'grant all on "sync_state" to'),
        (403, "42501", "permission denied for sequence a_id_seq", 'grant usage on sequence "a_id'),
        (403, "42501", "permission denied for schema public", 'grant usage on schema "public" to'),
        (401, "42501", "permission denied for table sync_state", "secret (service_role) key"),
        (401, "42501", 'new row violates row-level security policy for table "t"', "service_role"),
        (405, "25006", "cannot execute INSERT in a read-only transaction", "disk"),
        (402, None, "exceed_egress_quota", "dashboard"),
        (540, None, "", "paused"),
        (401, None, "Legacy API keys are disabled", "Legacy API keys are disabled"),
        (401, None, "Invalid API key", "SUPABASE_SERVICE_ROLE_KEY"),
        (307, None, "", "SUPABASE_URL redirects"),
        (503, "PGRST002", "", "HTTP 503, PGRST002"),
    ],
)
def test_messages_say_what_to_do(status, code, message, said):
    assert said in str(of(status, code, message))


@pytest.mark.parametrize(
    "message",
    [
        "permission denied for table auth.users",
        "permission denied for table secrets",
        "permission denied for sequence other_id_seq",
        "permission denied for schema vault",
        'permission denied for table a" to anon; drop table "b',
        "permission denied for table sync_state to anon; grant all on secrets",
    ],
)
def test_no_sql_is_printed_for_what_a_trigger_names(message):
    said = str(of(403, "42501", message))
    assert "grant all" not in said.replace("grant all on secrets", "")
    assert "grant usage" not in said
    assert "to service_role" not in said


def test_the_gateways_code_stands_in_for_the_bodys():
    headers = {"sb-error-code": "UNAUTHORIZED_INVALID_API_KEY"}
    error = failure_of_response(
        httpx.Response(401, json={"message": "Invalid API key"}, headers=headers), NOW
    )
    assert error.code == "UNAUTHORIZED_INVALID_API_KEY"
    assert isinstance(error, PermanentError)


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (
            "23502",
            'null value in column "number" of relation "things" violates not-null constraint',
            "the table does not allow number to be blank",
        ),
        (
            "23514",
            'new row for relation "things" violates check constraint "price_check"',
            'it violates check constraint "price_check"',
        ),
        (
            "23505",
            'duplicate key value violates unique constraint "things_name_key"',
            'it violates unique constraint "things_name_key"',
        ),
        (
            "22P02",
            'invalid input syntax for type numeric: "ask "me" first"',
            "the database does not take a value: invalid input syntax for type numeric: ...",
        ),
        (
            "22001",
            "value too long for type character varying(10)",
            "the database does not take a value: value too long for type character varying(10)",
        ),
        (
            "23514",
            "in Worten einer anderen Sprache: 42",
            "it violates a constraint of the table",
        ),
    ],
)
def test_a_refused_row_is_explained_by_names_never_by_values(code, message, said):
    error = of(400, code, message, details="Failing row contains (ask, 42).")
    assert str(error) == f"{said} (HTTP 400, {code})"


def test_a_null_that_is_refused_names_its_column():
    error = of(400, "23502", 'null value in column "number" of relation "t" violates not-null c')
    assert isinstance(error, RowError)
    assert error.column == "number"
    assert of(400, "22P02").column is None


@given(
    status=st.integers(200, 599),
    code=st.one_of(
        st.none(), st.text(), st.sampled_from([case[0] for case in CODES]), st.integers()
    ),
    message=st.one_of(st.none(), st.text(), st.integers()),
    retry_after=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20),
)
def test_any_answer_becomes_one_of_our_errors_without_its_details(
    status, code, message, retry_after
):
    body = {"code": code, "message": message, "details": "SECRET-ROW", "hint": "SECRET-ROW"}
    response = httpx.Response(
        status, content=json.dumps(body), headers={"Retry-After": retry_after}
    )
    error = failure_of_response(response, NOW)
    assert isinstance(error, RemoteError)
    assert "SECRET-ROW" not in str(error)
    assert len(str(error)) < 600


@given(body=st.binary(), status=st.integers(200, 599))
def test_any_body_becomes_one_of_our_errors(body, status):
    assert isinstance(failure_of_response(httpx.Response(status, content=body), NOW), RemoteError)


@given(value=st.text(min_size=3).filter(lambda value: value.strip(' ".') and len(value) > 3))
def test_a_quoted_value_is_never_repeated(value):
    text = str(of(400, "22P02", f'invalid input syntax for type integer: "QQ{value}QQ"'))
    assert text.count("QQ") == 0
