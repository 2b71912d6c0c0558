"""Turn what Supabase answered, or httpx raised, into one of our errors: whose fault, what to do.

The body's code decides first, then the HTTP status, then the exception, because PostgREST gives
500 to failures of the moment and to permanent ones alike. `details`, which hold whole rows, and
the values that PostgreSQL quotes are dropped: messages are stored and sent to people.

Source: PostgREST docs/references/errors.rst; PostgreSQL, appendix A (SQLSTATE); Supabase "HTTP
status codes"; docs/contract.md section 7.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from typing import Any

import httpx

from listing_sync.cells.foreign_json import read_foreign_json
from listing_sync.changes.sql_text import sql_name
from listing_sync.errors import (
    BatchTooLargeError,
    Category,
    GeneratedColumnError,
    NoColumnError,
    NotGrantedError,
    NullRefusedError,
    PermanentError,
    RemoteError,
    RowError,
    Service,
    TransientError,
    WrittenTwiceError,
)
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.reachability import (
    ProxyRefusedError,
    is_certificate_failure,
    out_of_time,
    unresolved,
    way_to,
    what_to_check,
)
from listing_sync.redaction import REDACTED
from listing_sync.transport import LARGEST_ERROR_BYTES, UnfitAnswerError, retry_after_s


class Fault(Enum):
    """Whose fault a failure is, hence what helps: wait, split, split to one, or a person."""

    MOMENT = "moment"
    BATCH = "batch"
    ROW = "row"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Kind:
    """One line of the tables below; `{}` in the text is the server's message."""

    fault: Fault
    category: Category
    text: str


_MOMENT, _BATCH, _ROW, _RUN = Fault.MOMENT, Fault.BATCH, Fault.ROW, Fault.RUN
_DATABASE, _NETWORK, _UNKNOWN = Category.DATABASE, Category.NETWORK, Category.UNKNOWN

_KEY = "SUPABASE_SERVICE_ROLE_KEY is refused ({}): take the secret key of this project"
_SCHEMA = "the database does not have what was asked for: {}"
_REQUEST = "PostgREST refuses the request: {}"

# The longest prefix of a code decides: SQLSTATE classes have two characters.
_BY_CODE: dict[str, Kind] = {
    "08": Kind(_MOMENT, _NETWORK, "the database cannot be reached"),
    "40": Kind(_MOMENT, _DATABASE, "the database rolled the transaction back"),
    "40001": Kind(_MOMENT, _DATABASE, "the transaction met another one (serialization failure)"),
    "40P01": Kind(_MOMENT, _DATABASE, "the transaction met another one (deadlock)"),
    "53": Kind(_MOMENT, _DATABASE, "the database is short of memory or connections"),
    "53100": Kind(
        _RUN, _DATABASE, "the database's disk is full: free or add space in Supabase's dashboard"
    ),
    "53400": Kind(_RUN, _DATABASE, "a limit of the database is reached: {}"),
    "55": Kind(_RUN, _DATABASE, "the database cannot do this now: {}"),
    "55P03": Kind(_MOMENT, _DATABASE, "somebody else keeps the table locked"),
    "57": Kind(_MOMENT, _DATABASE, "the database was interrupted"),
    "57014": Kind(_BATCH, _DATABASE, "the statement took longer than the database allows"),
    "57P": Kind(_MOMENT, _NETWORK, "the database is starting or stopping"),
    "58": Kind(_MOMENT, _DATABASE, "the database has trouble with its system"),
    "XX": Kind(_MOMENT, _DATABASE, "the database reports an internal error"),
    "PGRST00": Kind(_MOMENT, _NETWORK, "Supabase cannot reach its database"),
    "PGRST003": Kind(_MOMENT, _NETWORK, "all connections to the database are in use"),
    "54": Kind(_BATCH, _DATABASE, "the request is too large for the database"),
    "09": Kind(_ROW, _DATABASE, "a trigger refuses it"),
    "22": Kind(_ROW, _DATABASE, "the database does not take a value: {}"),
    "23": Kind(_ROW, _DATABASE, "it violates a constraint of the table"),
    "2F": Kind(_ROW, _DATABASE, "a trigger refuses it: {}"),
    "38": Kind(_ROW, _DATABASE, "a trigger refuses it: {}"),
    "39": Kind(_ROW, _DATABASE, "a trigger refuses it: {}"),
    "44": Kind(_ROW, _DATABASE, "the view does not allow it"),
    "P0": Kind(_ROW, _DATABASE, "a trigger refuses it: {}"),
    "21": Kind(_RUN, _DATABASE, "the database refuses the batch as a whole: {}"),
    "22023": Kind(_RUN, _UNKNOWN, "the database does not know the role of the key: {}"),
    "25": Kind(_RUN, _DATABASE, "the database refuses the transaction: {}"),
    "25006": Kind(
        _RUN,
        _DATABASE,
        "the database is read-only, often because its disk is nearly full: see the database"
        " settings in Supabase's dashboard",
    ),
    "28": Kind(_RUN, _UNKNOWN, "the database refuses the role of the key: {}"),
    "0": Kind(_RUN, _DATABASE, "the database refuses it: {}"),
    "2": Kind(_RUN, _DATABASE, "the database refuses it: {}"),
    "3": Kind(_RUN, _DATABASE, _SCHEMA),
    "42": Kind(_RUN, _DATABASE, _SCHEMA),
    "42501": Kind(_RUN, _DATABASE, "a right is missing: {}"),
    "F0": Kind(_RUN, _DATABASE, "the database's configuration is damaged: {}"),
    "HV": Kind(_RUN, _DATABASE, "the foreign table cannot be used: {}"),
    "PGRST": Kind(_RUN, _UNKNOWN, _REQUEST),
    "PGRST106": Kind(
        _RUN,
        _DATABASE,
        "the schema public is not exposed: add it under Data API in Supabase's dashboard",
    ),
    "PGRST124": Kind(
        _RUN, _DATABASE, "more rows than named would have been changed, so none was: {}"
    ),
    "PGRST125": Kind(_RUN, _UNKNOWN, "SUPABASE_URL has a path: give https://<project>.supabase.co"),
    "PGRST2": Kind(_RUN, _DATABASE, _SCHEMA),
    "PGRST3": Kind(_RUN, _UNKNOWN, _KEY),
    "PGRST300": Kind(_RUN, _UNKNOWN, "PostgREST has no JWT secret: {}"),
}

_BY_STATUS: dict[int, Kind] = {
    402: Kind(
        _RUN,
        _UNKNOWN,
        "Supabase restricts this project (quota or unpaid bill): see its dashboard",
    ),
    401: Kind(_RUN, _UNKNOWN, _KEY),
    403: Kind(_RUN, _UNKNOWN, "access is forbidden: {}"),
    404: Kind(_RUN, _UNKNOWN, "SUPABASE_URL is not the address of a Supabase project: {}"),
    408: Kind(_MOMENT, _NETWORK, "the request took too long"),
    413: Kind(_BATCH, _NETWORK, "the request is too large"),
    425: Kind(_MOMENT, _NETWORK, "the request came too early"),
    429: Kind(_MOMENT, Category.RATE_LIMIT, "Supabase asks for fewer requests"),
    540: Kind(_RUN, _UNKNOWN, "the project is paused: restore it in Supabase's dashboard"),
}
_REDIRECT = Kind(
    _RUN,
    _UNKNOWN,
    "SUPABASE_URL redirects elsewhere: give the final address, https://<project>.supabase.co",
)
_GATEWAY = Kind(
    _MOMENT,
    _NETWORK,
    "Supabase cannot be reached behind its gateway; where it lasts, see https://status.supabase.com",
)
_NOT_POSTGREST = Kind(_RUN, _UNKNOWN, "the answer is not PostgREST's: is SUPABASE_URL right?")
_REFUSED = Kind(_RUN, _UNKNOWN, "the request is refused: {}")

_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
_VALUE = re.compile(r"([\"']).*\1", re.DOTALL)
_CONSTRAINT = re.compile(r'violates [a-z -]*constraint "[^"]*"')
_NULL_COLUMN = re.compile(r'null value in column "([^"]*)"')
_NULL = "23502"
_GENERATED = "428C9"
_NO_COLUMN = frozenset({"PGRST204", "42703"})
# PGRST204 "Could not find the 'nope' column of 'things' ...", 42703 "column things.nope does not
# exist".
_MISSING_COLUMN = re.compile(
    r"(?:the '|column (?:\w+\.)?\"?)([^'\"]+?)(?:' column|\"? does not exist)"
)
_PERMANENT: dict[str, type[PermanentError]] = {
    "21000": WrittenTwiceError,
    "42501": NotGrantedError,
    _GENERATED: GeneratedColumnError,
    **dict.fromkeys(_NO_COLUMN, NoColumnError),
}
_GENERATED_COLUMN = re.compile(r'column "([^"]*)"')
# "Key (slug)=(oita-1) already exists."; several columns stand with commas between them.
_KEY_HELD = re.compile(r'Key \("?([^",()]+)"?\)=\((.*)\) already exists', re.DOTALL)
_NO_RIGHT_ON = re.compile(r"permission denied for (table|view|sequence|schema) (.+)", re.DOTALL)
_OUR_TABLES = ("sync_state", "sync_errors", "sync_migrations")
_LONGEST_MESSAGE = 200
_LONGEST_NAME = 63

# Supabase Lite gives its own code to what PostgREST passes on by SQLSTATE.
_LITE_CODE = "SUP"
_LITE_STATEMENT_FAILED = "PostgresError: "
_LITE_CONNECTION = re.compile(r"terminating connection|database system is|too many clients")


@dataclass(frozen=True, slots=True)
class _Answer:
    http_status: int
    code: str
    message: str
    details: str
    table: str
    retry_after_s: float | None


def failure_of_response(response: httpx.Response, now: datetime, key: str = "") -> RemoteError:
    """Return what a response that is not the one asked for means; `now` dates its Retry-After.

    No message holds `key`, even where the server repeats it.
    """
    answer = _read(response, now, key)
    kind = _kind(answer)
    column = value = None
    text = kind.text
    if kind.fault is Fault.ROW:
        column = _group(_NULL_COLUMN, answer.message)
        violated = _CONSTRAINT.search(answer.message)
        if column is not None:
            text = f"the table does not allow {column} to be blank"
        elif violated:
            text = f"it {violated[0]}"
            column, value = _held(answer)
        else:
            text = text.format(_VALUE.sub("...", answer.message)[:_LONGEST_MESSAGE])
    elif answer.code == "42501":
        text = _missing_right(answer)
    else:
        if answer.code == _GENERATED:
            column = _group(_GENERATED_COLUMN, answer.message)
        elif answer.code in _NO_COLUMN:
            column = _group(_MISSING_COLUMN, answer.message)
        text = text.format(answer.message[:_LONGEST_MESSAGE])
    facts = ", ".join(filter(None, (f"HTTP {answer.http_status}", answer.code)))
    return _error(kind, f"{text} ({facts})", answer, column, value)


def failure_of_exception(error: Exception) -> RemoteError:
    """Return what an exception of the HTTP client, or of encoding a body, means.

    Its own text is quoted only where it cannot hold the key.
    """
    words = str(error)[:_LONGEST_MESSAGE] or type(error).__name__
    of_header = isinstance(error, UnicodeEncodeError) and error.encoding == "ascii"
    if of_header or isinstance(error, httpx.LocalProtocolError):
        text = "SUPABASE_SERVICE_ROLE_KEY holds a character that no key has: copy it again"
        return _error(Kind(_RUN, _UNKNOWN, text), text)
    if isinstance(error, RecursionError):
        text = "a JSON document in the table is nested too deep to be read: make it flatter"
        return _error(Kind(_RUN, _DATABASE, text), text)
    if isinstance(error, ValueError):
        text = "it holds what cannot be sent (half a surrogate pair, NaN or infinity)"
        return _error(Kind(_ROW, Category.VALIDATION, text), text)
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        text = f"the request has no valid address: {words}"
        return _error(Kind(_RUN, _UNKNOWN, text), text)
    if isinstance(error, UnfitAnswerError):
        text = f"this is not Supabase's answer: {words}; look what SUPABASE_URL leads to"
        return _error(Kind(_RUN, _UNKNOWN, text), text)
    if isinstance(error, httpx.RequestError):
        return _failure_on_the_way(error, words)
    text = f"the connection to Supabase broke: {words}"
    return _error(Kind(_MOMENT, _NETWORK, text), text)


def _failure_on_the_way(error: httpx.RequestError, words: str) -> RemoteError:
    """Return what came between this machine and Supabase; every text names the host asked."""
    fault, way = _MOMENT, way_to(error)
    if isinstance(error, ProxyRefusedError):
        fault, text = _RUN, f"{words}; it stands on the way to Supabase ({way})"
    elif late := out_of_time(error):
        fault, text = _RUN, f"{late} (SUPABASE_URL)"
    elif is_certificate_failure(error) or "CERTIFICATE" in words.upper():
        fault = _RUN
        text = (
            f"the certificate of {way} is not trusted (SUPABASE_URL): {words}; where a proxy of"
            " this office opens connections, name its certificate in SSL_CERT_FILE"
        )
    elif isinstance(error, httpx.TimeoutException):
        text = f"Supabase did not answer in time ({way})"
    elif isinstance(error, httpx.ConnectError | httpx.ProxyError):
        way_on = what_to_check(error, "SUPABASE_URL")
        where = unresolved(error, words) or f"cannot connect to Supabase ({way}: {words})"
        text = f"{where}: {way_on}"
    else:
        text = f"the connection to Supabase broke ({way}: {words})"
    return _error(Kind(fault, _NETWORK, text), text)


def _read(response: httpx.Response, now: datetime, key: str) -> _Answer:
    content = response.content.replace(key.encode(), REDACTED.encode()) if key else response.content
    try:
        body = read_foreign_json(content) if len(content) <= LARGEST_ERROR_BYTES else None
    except ValueError:
        body = None
    fields = body if isinstance(body, dict) else {}
    code = fields.get("code")
    details = fields.get("details")
    message = fields.get("message") or fields.get("error")
    return _Answer(
        http_status=response.status_code,
        code=(code if isinstance(code, str) else response.headers.get("sb-error-code", ""))[:40],
        message=message if isinstance(message, str) else response.reason_phrase,
        details=details if isinstance(details, str) else "",
        table=_table_asked(response),
        retry_after_s=retry_after_s(response.headers.get("Retry-After"), now),
    )


def _kind(answer: _Answer) -> Kind:
    code, status = answer.code, answer.http_status
    if code == _LITE_CODE:
        return _lite_kind(answer.message)
    if code == "PGRST303" and "future" in answer.message:
        return Kind(_MOMENT, _UNKNOWN, "Supabase's clocks disagree about the key")
    is_sqlstate = _SQLSTATE.fullmatch(code) is not None
    if is_sqlstate or code.startswith("PGRST"):
        for length in range(len(code), 0, -1):
            if code[:length] in _BY_CODE:
                return _BY_CODE[code[:length]]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return _NOT_POSTGREST
    if status < HTTPStatus.BAD_REQUEST:
        return _REDIRECT
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _GATEWAY
    # An SQLSTATE that PostgreSQL does not have: a trigger made it up.
    return _BY_CODE["P0"] if is_sqlstate else _REFUSED


def _lite_kind(message: str) -> Kind:
    if "MAX_PARAMETERS" in message:
        return _BY_CODE["54"]
    if message.startswith(_LITE_STATEMENT_FAILED) and not _LITE_CONNECTION.search(message):
        return _BY_CODE["22"]
    return _GATEWAY


def _missing_right(answer: _Answer) -> str:
    denied = _NO_RIGHT_ON.fullmatch(answer.message.strip())
    if denied is None or answer.http_status == HTTPStatus.UNAUTHORIZED:
        return (
            f"the key has no right to do this ({answer.message[:_LONGEST_MESSAGE]}): is it the"
            " secret (service_role) key of this project?"
        )
    kind, name = denied.groups()
    if _is_ours(kind, name, {answer.table, *_OUR_TABLES}):
        return missing_right(kind, name)
    # A trigger may say so of anything, also to have somebody grant it.
    return (
        f"the key may not use the {kind} {name[:_LONGEST_NAME]}, which is none that this tool asks"
        " for: a trigger or policy of the table uses it; look there"
    )


def _is_ours(kind: str, name: str, tables: set[str]) -> bool:
    """Say whether it is what we asked for: the grant of anything else is not ours to advise."""
    if kind == "schema":
        return name == "public"
    if kind == "sequence":
        return name.endswith("_seq") and any(name.startswith(f"{table}_") for table in tables)
    return name in tables


def missing_right(kind: str, name: str) -> str:
    """Return what to do where the key may not use a table, view, schema or sequence of ours."""
    right = {"schema": "usage on schema", "sequence": "usage on sequence"}.get(kind, "all on")
    return (
        f"the key may not use the {kind} {name}: run in Supabase's SQL editor:"
        f" grant {right} {sql_name(name)} to service_role;"
    )


def _table_asked(response: httpx.Response) -> str:
    """Return the table of the request, "" where there is none."""
    try:
        return response.request.url.path.rpartition("/")[2]
    except RuntimeError:  # an answer without its request
        return ""


def _group(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match and match[1]


def _held(answer: _Answer) -> tuple[str | None, str | None]:
    """Return column and value that another row holds, where one column is unique."""
    held = _KEY_HELD.match(answer.details) if answer.code == "23505" else None
    return (held[1], held[2]) if held else (None, None)


def _error(
    kind: Kind,
    message: str,
    answer: _Answer | None = None,
    column: str | None = None,
    value: str | None = None,
) -> RemoteError:
    facts: dict[str, Any] = {"service": Service.SUPABASE, "category": kind.category}
    if column is not None:
        facts |= {"column": column, "value": value}
    if answer is not None:
        facts |= {"http_status": answer.http_status, "code": answer.code or None}
    match kind.fault:
        case Fault.MOMENT:
            asked_s = None if answer is None else answer.retry_after_s
            return TransientError(message, retry_after_s=asked_s, **facts)
        case Fault.BATCH:
            return BatchTooLargeError(message, **facts)
        case Fault.ROW if facts.get("code") == _NULL:
            return NullRefusedError(message, **facts)
        case Fault.ROW:
            return RowError(message, **facts)
        case Fault.RUN:
            return _PERMANENT.get(facts.get("code") or "", PermanentError)(message, **facts)
