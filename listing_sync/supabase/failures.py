"""Turn what Supabase answered, or httpx raised, into one of our errors: whose fault, what to do.

`details`, which hold whole rows, and the values that PostgreSQL quotes are dropped: messages are
stored and sent to people.

Source: docs/contract.md section 7.
"""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx

from listing_sync.cells.foreign_json import read_foreign_json
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
from listing_sync.language.sentences import joined, phrase, spoken
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
from listing_sync.supabase.failure_kinds import Fault, Kind, kind_of
from listing_sync.supabase.missing_rights import right_missed
from listing_sync.transport import LARGEST_ERROR_BYTES, UnfitAnswerError, retry_after_s

_VALUE = re.compile(r"([\"']).*\1", re.DOTALL)
_CONSTRAINT = re.compile(r'violates [a-z -]*constraint "[^"]*"')
_NULL_COLUMN = re.compile(r'null value in column "([^"]*)"')
_NULL = "23502"
_GENERATED = "428C9"
_NO_COLUMN = frozenset({"PGRST204", "42703"})
# PGRST204 "Could not find the 'nope' column of 'things' ...", 42703 "column things.nope does not
# exist" and 'column "nope" of relation "things" does not exist'.
_MISSING_COLUMN = re.compile(
    r"(?:the '|column (?:\w+\.)?\"?)([^'\"]+?)(?:' column|\"? does not exist|\" of relation)"
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
_LONGEST_MESSAGE = 200


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
    kind = kind_of(answer.http_status, answer.code, answer.message)
    text, column, value = _told(answer, kind)
    facts = ", ".join(filter(None, (f"HTTP {answer.http_status}", answer.code)))
    message = phrase("{what} ({facts})", what=text, facts=facts)
    return _error(kind.fault, kind.category, message, answer, column, value)


def _told(answer: _Answer, kind: Kind) -> tuple[str, str | None, str | None]:
    """Return the sentence, and the column and value that it is about."""
    message = answer.message[:_LONGEST_MESSAGE]
    if answer.code == "42501":
        is_signed_in = answer.http_status != HTTPStatus.UNAUTHORIZED
        return right_missed(message, answer.table, is_signed_in=is_signed_in), None, None
    if kind.fault is not Fault.ROW:
        return spoken(kind.text, message=message), _column_at_fault(answer), None
    if column := _group(_NULL_COLUMN, answer.message):
        return phrase("the table does not allow {column} to be blank", column=column), column, None
    if violated := _CONSTRAINT.search(answer.message):
        said = phrase("it {violated}", violated=violated[0])
        return said, *_held(answer)
    without_values = _VALUE.sub("...", answer.message)[:_LONGEST_MESSAGE]
    return spoken(kind.text, message=without_values), None, None


def _column_at_fault(answer: _Answer) -> str | None:
    if answer.code == _GENERATED:
        return _group(_GENERATED_COLUMN, answer.message)
    return _group(_MISSING_COLUMN, answer.message) if answer.code in _NO_COLUMN else None


def failure_of_exception(error: Exception) -> RemoteError:
    """Return what an exception of the HTTP client, or of encoding a body, means.

    Its own text is quoted only where it cannot hold the key.
    """
    words = str(error)[:_LONGEST_MESSAGE] or type(error).__name__
    fault, category = Fault.RUN, Category.UNKNOWN
    match error:
        case UnicodeEncodeError(encoding="ascii") | httpx.LocalProtocolError():
            text = phrase(
                "SUPABASE_SERVICE_ROLE_KEY holds a character that no key has: copy it again"
            )
        case RecursionError():
            category = Category.DATABASE
            text = phrase(
                "a JSON document in the table is nested too deep to be read: make it flatter"
            )
        case ValueError():
            fault, category = Fault.ROW, Category.VALIDATION
            text = phrase("it holds what cannot be sent (half a surrogate pair, NaN or infinity)")
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            text = phrase("the request has no valid address: {why}", why=words)
        case UnfitAnswerError():
            text = phrase(
                "this is not Supabase's answer: {why}; look what SUPABASE_URL leads to",
                why=error.args[0],
            )
        case httpx.RequestError():
            return _failure_on_the_way(error, words)
        case _:
            fault, category = Fault.MOMENT, Category.NETWORK
            text = phrase("the connection to Supabase broke: {why}", why=words)
    return _error(fault, category, text)


def _failure_on_the_way(error: httpx.RequestError, words: str) -> RemoteError:
    """Return what came between this machine and Supabase; every text names the host asked."""
    fault, way = Fault.RUN, way_to(error)
    text: str
    if isinstance(error, ProxyRefusedError):
        text = phrase(
            "{refusal}; it stands on the way to Supabase ({way})", refusal=error.args[0], way=way
        )
    elif late := out_of_time(error):
        text = phrase("{refusal} (SUPABASE_URL)", refusal=late)
    elif is_certificate_failure(error) or "CERTIFICATE" in words.upper():
        text = phrase(
            "the certificate of {way} is not trusted (SUPABASE_URL): {why}; where a proxy of this"
            " office opens connections, name its certificate in SSL_CERT_FILE",
            way=way,
            why=words,
        )
    else:
        fault, text = Fault.MOMENT, _not_reached(error, way, words)
    return _error(fault, Category.NETWORK, text)


def _not_reached(error: httpx.RequestError, way: str, words: str) -> str:
    if isinstance(error, httpx.TimeoutException):
        return phrase("Supabase did not answer in time ({way})", way=way)
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        failure = unresolved(error, words) or phrase(
            "cannot connect to Supabase ({way}: {why})", way=way, why=words
        )
        return joined(": ", (failure, what_to_check(error, "SUPABASE_URL")))
    return phrase("the connection to Supabase broke ({way}: {why})", way=way, why=words)


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
    fault: Fault,
    category: Category,
    message: str,
    answer: _Answer | None = None,
    column: str | None = None,
    value: str | None = None,
) -> RemoteError:
    facts: dict[str, Any] = {"service": Service.SUPABASE, "category": category}
    if column is not None:
        facts |= {"column": column, "value": value}
    if answer is not None:
        facts |= {"http_status": answer.http_status, "code": answer.code or None}
    match fault:
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
