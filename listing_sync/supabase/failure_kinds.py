"""Say of each code and status whose fault it is, its category and its sentence.

The code decides first, then the HTTP status, because PostgREST gives 500 to failures of the moment
and to permanent ones alike.

Source: PostgREST docs/references/errors.rst; PostgreSQL, appendix A (SQLSTATE); Supabase "HTTP
status codes"; docs/contract.md section 7.
"""

from __future__ import annotations

import re
from enum import Enum
from http import HTTPStatus

from listing_sync.errors import Category
from listing_sync.language.sentences import Marked, marked
from listing_sync.lazy_dataclasses import dataclass


class Fault(Enum):
    """Whose fault a failure is, hence what helps: wait, split, split to one, or a person."""

    MOMENT = "moment"
    BATCH = "batch"
    ROW = "row"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Kind:
    """One line of the tables below; `{message}` in the text is the server's message."""

    fault: Fault
    category: Category
    text: Marked


_MOMENT, _BATCH, _ROW, _RUN = Fault.MOMENT, Fault.BATCH, Fault.ROW, Fault.RUN
_DATABASE, _NETWORK, _UNKNOWN = Category.DATABASE, Category.NETWORK, Category.UNKNOWN

_KEY = marked(
    "SUPABASE_SERVICE_ROLE_KEY is refused ({message}): take the secret key of this project"
)
_SCHEMA = marked("the database does not have what was asked for: {message}")
_REQUEST = marked("PostgREST refuses the request: {message}")

# The longest prefix of a code decides: SQLSTATE classes have two characters.
_BY_CODE: dict[str, Kind] = {
    "08": Kind(_MOMENT, _NETWORK, marked("the database cannot be reached")),
    "40": Kind(_MOMENT, _DATABASE, marked("the database rolled the transaction back")),
    "40001": Kind(
        _MOMENT, _DATABASE, marked("the transaction met another one (serialization failure)")
    ),
    "40P01": Kind(_MOMENT, _DATABASE, marked("the transaction met another one (deadlock)")),
    "53": Kind(_MOMENT, _DATABASE, marked("the database is short of memory or connections")),
    "53100": Kind(
        _RUN,
        _DATABASE,
        marked("the database's disk is full: free or add space in Supabase's dashboard"),
    ),
    "53400": Kind(_RUN, _DATABASE, marked("a limit of the database is reached: {message}")),
    "55": Kind(_RUN, _DATABASE, marked("the database cannot do this now: {message}")),
    "55P03": Kind(_MOMENT, _DATABASE, marked("somebody else keeps the table locked")),
    "57": Kind(_MOMENT, _DATABASE, marked("the database was interrupted")),
    "57014": Kind(_BATCH, _DATABASE, marked("the statement took longer than the database allows")),
    "57P": Kind(_MOMENT, _NETWORK, marked("the database is starting or stopping")),
    "58": Kind(_MOMENT, _DATABASE, marked("the database has trouble with its system")),
    "XX": Kind(_MOMENT, _DATABASE, marked("the database reports an internal error")),
    "PGRST00": Kind(_MOMENT, _NETWORK, marked("Supabase cannot reach its database")),
    "PGRST003": Kind(_MOMENT, _NETWORK, marked("all connections to the database are in use")),
    "54": Kind(_BATCH, _DATABASE, marked("the request is too large for the database")),
    "09": Kind(_ROW, _DATABASE, marked("a trigger refuses it")),
    "22": Kind(_ROW, _DATABASE, marked("the database does not take a value: {message}")),
    "23": Kind(_ROW, _DATABASE, marked("it violates a constraint of the table")),
    "2F": Kind(_ROW, _DATABASE, marked("a trigger refuses it: {message}")),
    "38": Kind(_ROW, _DATABASE, marked("a trigger refuses it: {message}")),
    "39": Kind(_ROW, _DATABASE, marked("a trigger refuses it: {message}")),
    "44": Kind(_ROW, _DATABASE, marked("the view does not allow it")),
    "P0": Kind(_ROW, _DATABASE, marked("a trigger refuses it: {message}")),
    "21": Kind(_RUN, _DATABASE, marked("the database refuses the batch as a whole: {message}")),
    "22023": Kind(
        _RUN, _UNKNOWN, marked("the database does not know the role of the key: {message}")
    ),
    "25": Kind(_RUN, _DATABASE, marked("the database refuses the transaction: {message}")),
    "25006": Kind(
        _RUN,
        _DATABASE,
        marked(
            "the database is read-only, often because its disk is nearly full: see the database"
            " settings in Supabase's dashboard"
        ),
    ),
    "28": Kind(_RUN, _UNKNOWN, marked("the database refuses the role of the key: {message}")),
    "0": Kind(_RUN, _DATABASE, marked("the database refuses it: {message}")),
    "2": Kind(_RUN, _DATABASE, marked("the database refuses it: {message}")),
    "3": Kind(_RUN, _DATABASE, _SCHEMA),
    "42": Kind(_RUN, _DATABASE, _SCHEMA),
    # Of the texts of some types (hstore): the statements themselves are PostgREST's.
    "42601": Kind(_ROW, _DATABASE, marked("the database does not take a value: {message}")),
    "42501": Kind(_RUN, _DATABASE, marked("a right is missing: {message}")),
    "F0": Kind(_RUN, _DATABASE, marked("the database's configuration is damaged: {message}")),
    "HV": Kind(_RUN, _DATABASE, marked("the foreign table cannot be used: {message}")),
    "PGRST": Kind(_RUN, _UNKNOWN, _REQUEST),
    "PGRST106": Kind(
        _RUN,
        _DATABASE,
        marked("the schema public is not exposed: add it under Data API in Supabase's dashboard"),
    ),
    "PGRST124": Kind(
        _RUN,
        _DATABASE,
        marked("more rows than named would have been changed, so none was: {message}"),
    ),
    "PGRST125": Kind(
        _RUN, _UNKNOWN, marked("SUPABASE_URL has a path: give https://<project>.supabase.co")
    ),
    "PGRST2": Kind(_RUN, _DATABASE, _SCHEMA),
    "PGRST3": Kind(_RUN, _UNKNOWN, _KEY),
    "PGRST300": Kind(_RUN, _UNKNOWN, marked("PostgREST has no JWT secret: {message}")),
}

_BY_STATUS: dict[int, Kind] = {
    402: Kind(
        _RUN,
        _UNKNOWN,
        marked("Supabase restricts this project (quota or unpaid bill): see its dashboard"),
    ),
    401: Kind(_RUN, _UNKNOWN, _KEY),
    403: Kind(_RUN, _UNKNOWN, marked("access is forbidden: {message}")),
    404: Kind(
        _RUN, _UNKNOWN, marked("SUPABASE_URL is not the address of a Supabase project: {message}")
    ),
    408: Kind(_MOMENT, _NETWORK, marked("the request took too long")),
    413: Kind(_BATCH, _NETWORK, marked("the request is too large")),
    425: Kind(_MOMENT, _NETWORK, marked("the request came too early")),
    429: Kind(_MOMENT, Category.RATE_LIMIT, marked("Supabase asks for fewer requests")),
    540: Kind(_RUN, _UNKNOWN, marked("the project is paused: restore it in Supabase's dashboard")),
}
_REDIRECT = Kind(
    _RUN,
    _UNKNOWN,
    marked(
        "SUPABASE_URL redirects elsewhere: give the final address, https://<project>.supabase.co"
    ),
)
_GATEWAY = Kind(
    _MOMENT,
    _NETWORK,
    marked(
        "Supabase cannot be reached behind its gateway; where it"
        " lasts, see https://status.supabase.com"
    ),
)
_NOT_POSTGREST = Kind(
    _RUN, _UNKNOWN, marked("the answer is not PostgREST's: is SUPABASE_URL right?")
)
_REFUSED = Kind(_RUN, _UNKNOWN, marked("the request is refused: {message}"))

_SQLSTATE = re.compile(r"[0-9A-Z]{5}")

# Supabase Lite gives its own code to what PostgREST passes on by SQLSTATE.
_LITE_CODE = "SUP"
_LITE_STATEMENT_FAILED = "PostgresError: "
_LITE_CONNECTION = re.compile(r"terminating connection|database system is|too many clients")


def kind_of(status: int, code: str, message: str) -> Kind:
    """Return what kind an answer is of that is not the one asked for."""
    if code == _LITE_CODE:
        return _lite_kind(message)
    if code == "PGRST303" and "future" in message:
        return Kind(_MOMENT, _UNKNOWN, marked("Supabase's clocks disagree about the key"))
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
