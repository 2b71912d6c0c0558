"""A REST front that behaves as PostgREST was measured to (14.12 and 16.2), before Supabase Lite.

What Lite does otherwise is answered here, from the same database: filters are parsed as
QueryParams.hs does (blanks after `in.(` are skipped, what follows `eq.` stands as it is), rows are
made by PostgreSQL's own json functions, so that every digit, `T` in a time and SQLSTATE is its, the
API document has the real shape (Response/OpenAPI.hs) and an outage is 503 with `Retry-After: 0`.
The rest (wrong keys, functions, the program's own records) goes on to Lite.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg
from psycopg import sql

from tests.stack.loopback import Answer, LoopbackServer, Request
from tests.stack.supabase_lite import SupabaseLite

# Source: PostgREST docs/references/errors.rst; longest prefix first.
_STATUS = {
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "42501": 403,
    "42883": 404,
    "42P01": 404,
    "57P01": 503,
    "08": 503,
    "21": 500,
    "40": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57": 500,
    "58": 500,
    "XX": 500,
}
_COLUMNS = """
select a.attname, format_type(a.atttypid, null), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
  exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary
          and a.attnum = any(i.indkey)),
  a.attgenerated <> '' or a.attidentity <> ''
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and c.relname = %s
order by a.attnum
"""
_TABLES = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')
"""
_OPERATORS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_INTEGERS = {"smallint": "int32", "integer": "int32", "bigint": "int64"}
_LITERAL = re.compile(r"\d+(?:\.\d+)?|true|false|'((?:[^']|'')*)'::(?:text|character varying)")


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the API document tells it."""

    name: str
    type: str
    is_required: bool
    default: str | None
    is_key: bool
    fills_itself: bool


@dataclass(slots=True)
class Asked:
    """One request, its query taken apart."""

    table: str
    select: list[tuple[str, str | None]] = field(default_factory=list)
    where: list[sql.Composable] = field(default_factory=list)
    order: tuple[sql.Composable, ...] = ()
    limit: int | None = None
    offset: int = 0
    columns: list[str] | None = None
    on_conflict: list[str] = field(default_factory=list)
    prefer: dict[str, str] = field(default_factory=dict)


class RefusalError(Exception):
    """An error of PostgREST itself."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class PostgrestFront(LoopbackServer):
    """Serves the tables of `project` as PostgREST does.

    Attributes:
        failing: so many requests more are answered 503: the database is away.
        is_stale: the tables are still seen as they were when this was set.
        new_integers: as since 14.8, whole numbers are int32 and int64 in the API document.
        requests: every request, in order.
    """

    def __init__(self, project: SupabaseLite, *, max_rows: int = 1000) -> None:
        super().__init__()
        self.project = project
        self.failing = 0
        self.is_stale = False
        self.new_integers = True
        self.requests: list[Request] = []
        self._max_rows = max_rows
        self._seen: dict[str, list[Column]] = {}
        self._lock = threading.Lock()

    @property
    def secret_key(self) -> str:
        """The key of the project."""
        return self.project.secret_key

    def look(self) -> None:
        """See the tables as they are now."""
        tables = [name for (name,) in self.project.execute(_TABLES)]
        self._seen = {
            name: [Column(*row) for row in self.project.execute(_COLUMNS, (name,))]
            for name in tables
        }

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        self.requests.append(request)
        if self._is_away():
            return _error(503, "PGRST001", "Database client error. Retrying the connection.", 0)
        parts = urlsplit(request.target)
        name = parts.path.removeprefix("/rest/v1/")
        is_ours = request.headers.get("apikey") == self.secret_key
        is_ours = is_ours and not name.startswith("sync_")
        if not is_ours or "/" in name or not parts.path.startswith("/rest/v1/"):
            return self._forwarded(request)
        with self._lock:
            if not self.is_stale:
                self.look()
        if not name:
            return _json(200, json.dumps(self._document()))
        try:
            return self._served(request, request.path.removeprefix("/rest/v1/"))
        except RefusalError as error:
            return _error(error.status, error.code, str(error))
        except psycopg.Error as error:
            return _database_error(error)

    def _is_away(self) -> bool:
        with self._lock:
            self.failing = max(0, self.failing - 1) if (away := self.failing > 0) else 0
        return away

    def _served(self, request: Request, table: str) -> Answer:
        if table not in self._seen:
            message = f"Could not find the table 'public.{table}' in the schema cache"
            raise RefusalError(404, "PGRST205", message)
        asked = _asked(request, table)
        with psycopg.connect(self.project.dsn) as connection:
            connection.execute("set local role service_role")
            match request.method:
                case "GET":
                    return self._read(connection, asked)
                case "POST":
                    query = self._insert(asked, request.body.decode())
                case "PATCH":
                    query = self._update(asked, request.body.decode())
                case _:
                    query = sql.SQL("delete from {}{} returning *").format(
                        sql.Identifier("public", table), _where(asked)
                    )
            return self._written(connection, asked, query, request.method)

    def _read(self, connection: psycopg.Connection, asked: Asked) -> Answer:
        limit = min(self._max_rows, self._max_rows if asked.limit is None else asked.limit)
        query = sql.SQL("select {} from {}{}{} limit {} offset {}").format(
            _select_list(asked),
            sql.Identifier("public", asked.table),
            _where(asked),
            _order(asked),
            limit,
            asked.offset,
        )
        [(body, count)] = connection.execute(
            sql.SQL("select coalesce(json_agg(t), '[]')::text, count(*) from ({}) t").format(query)
        )
        total = "*"
        if asked.prefer.get("count") == "exact":
            whole = sql.SQL("select count(*) from {}{}")
            query = whole.format(sql.Identifier("public", asked.table), _where(asked))
            [(total,)] = connection.execute(query)
        shown = f"{asked.offset}-{asked.offset + count - 1}" if count else "*"
        return _json(200, body, ("Content-Range", f"{shown}/{total}"))

    def _insert(self, asked: Asked, body: str) -> sql.Composable:
        names = asked.columns or []
        known = {column.name for column in self._seen[asked.table]}
        for name in names:
            if name not in known:
                message = (
                    f"Could not find the '{name}' column of '{asked.table}' in the schema cache"
                )
                raise RefusalError(400, "PGRST204", message)
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        table = sql.Identifier("public", asked.table)
        query = sql.SQL(
            "insert into {t} ({c}) select {c} from json_populate_recordset(null::{t}, {b}::json)"
        ).format(t=table, c=columns, b=sql.Literal(body))
        if asked.on_conflict:
            sets = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in names]
            query += sql.SQL(" on conflict ({}) do update set {}").format(
                sql.SQL(", ").join(map(sql.Identifier, asked.on_conflict)), sql.SQL(", ").join(sets)
            )
        return query + sql.SQL(" returning *")

    def _update(self, asked: Asked, body: str) -> sql.Composable:
        table = sql.Identifier("public", asked.table)
        sets = [sql.SQL("{0} = x.{0}").format(sql.Identifier(name)) for name in json.loads(body)]
        return sql.SQL(
            "update {t} as t set {s} from json_populate_record(null::{t}, {b}::json) as x{w}"
            " returning t.*"
        ).format(t=table, s=sql.SQL(", ").join(sets), b=sql.Literal(body), w=_where(asked, "t"))

    def _written(
        self, connection: psycopg.Connection, asked: Asked, query: sql.Composable, method: str
    ) -> Answer:
        [(body, count)] = connection.execute(
            sql.SQL(
                "with made as ({}) select coalesce(json_agg(t), '[]')::text, count(*)"
                " from (select {} from made) t"
            ).format(query, _select_list(asked))
        )
        most = asked.prefer.get("max-affected")
        if most is not None and asked.prefer.get("handling") == "strict" and count > int(most):
            connection.rollback()
            raise RefusalError(
                400, "PGRST124", "Query result exceeds max-affected preference constraint"
            )
        if asked.prefer.get("return") == "representation":
            return _json(201 if method == "POST" else 200, body)
        return Answer(201 if method == "POST" else 204)

    def _document(self) -> dict[str, Any]:
        return {
            "swagger": "2.0",
            "info": {"title": "standard public schema", "version": "14.12"},
            "definitions": {
                name: {
                    "required": [column.name for column in columns if column.is_required],
                    "properties": {column.name: self._property(column) for column in columns},
                    "type": "object",
                }
                for name, columns in self._seen.items()
            },
        }

    def _property(self, column: Column) -> dict[str, Any]:
        kind = _INTEGERS.get(column.type, column.type) if self.new_integers else column.type
        told: dict[str, Any] = {"format": kind, "type": "string"}
        if column.is_key:
            told["description"] = "Note:\nThis is a Primary Key.<pk/>"
        literal = _LITERAL.fullmatch(column.default or "")
        if literal and not column.fills_itself:
            text = literal[1]
            told["default"] = json.loads(column.default or "") if text is None else text
        return told

    def _forwarded(self, request: Request) -> Answer:
        address = urlsplit(self.project.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        dropped = {"connection", "content-length", "transfer-encoding", "accept-encoding", "host"}
        headers = {k: v for k, v in request.headers.items() if k not in dropped}
        try:
            connection.request(request.method, request.target, request.body or None, headers)
            answer = connection.getresponse()
            kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in dropped]
            return Answer(answer.status, tuple(kept), answer.read())
        finally:
            connection.close()


# -- the query -----------------------------------------------------------------------------------


def _asked(request: Request, table: str) -> Asked:
    asked = Asked(table)
    for part in request.headers.get("prefer", "").split(","):
        name, _, value = part.strip().partition("=")
        asked.prefer.setdefault(name, value)
    for name, value in parse_qsl(urlsplit(request.target).query, keep_blank_values=True):
        match name:
            case "select":
                asked.select = [
                    (item.partition("::")[0], item.partition("::")[2] or None)
                    for item in value.split(",")
                    if item != "*"
                ]
            case "order":
                asked.order = tuple(map(_ordering, value.split(",")))
            case "limit":
                asked.limit = int(value)
            case "offset":
                asked.offset = int(value)
            case "columns":
                asked.columns = [item.strip('"') for item in value.split(",")]
            case "on_conflict":
                asked.on_conflict = value.split(",")
            case _:
                asked.where.append(_condition(name.strip('"'), value))
    return asked


def _order(asked: Asked) -> sql.Composable:
    ordered = sql.SQL(", ").join(asked.order)
    return sql.SQL(" order by ") + ordered if asked.order else sql.SQL("")


def _ordering(item: str) -> sql.Composable:
    name, _, direction = item.partition(".")
    is_down = direction.startswith("desc")
    return sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL("desc" if is_down else "asc"))


def _condition(name: str, text: str) -> sql.Composable:
    column = sql.Identifier(name)
    operator, _, value = text.partition(".")
    if operator == "not":
        return sql.SQL("not {}").format(_condition(name, value))
    if operator == "is":
        return sql.SQL("({} is {})").format(column, sql.SQL(value))
    if operator == "in":
        values = list(_list(value))
        literals = sql.SQL(", ").join(map(sql.Literal, values))
        # `In [""]` is how nothing at all between the brackets is parsed.
        if values == [""]:
            return sql.SQL("(false and {} is null)").format(column)
        return sql.SQL("({} in ({}))").format(column, literals)
    if operator not in _OPERATORS:
        raise RefusalError(400, "PGRST100", f'"failed to parse filter ({text})"')
    return sql.SQL("({} {} {})").format(column, sql.SQL(_OPERATORS[operator]), sql.Literal(value))


def _list(text: str) -> Iterator[str]:
    """Yield the values of a list as pListVal does: blanks are skipped after its bracket only."""
    if not text.startswith("("):
        raise RefusalError(400, "PGRST100", f'"failed to parse filter (in.{text})"')
    rest = text[1:].lstrip(" \t\r\n")
    while True:
        quoted = re.match(r'"((?:[^"\\]|\\.)*)"(?=[,)])', rest, re.DOTALL)
        if quoted:
            yield re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)
            rest = rest[quoted.end() :]
        else:
            plain = re.match(r"[^,)]*", rest, re.DOTALL)
            yield plain[0] if plain else ""
            rest = rest[plain.end() if plain else 0 :]
        if not rest.startswith(","):
            break
        rest = rest[1:]
    if rest.rstrip() != ")":
        raise RefusalError(400, "PGRST100", f'"failed to parse filter (in.{text})"')


def _select_list(asked: Asked) -> sql.Composable:
    if not asked.select:
        return sql.SQL("*")
    return sql.SQL(", ").join(
        sql.SQL("{0}::{1} as {0}").format(sql.Identifier(name), sql.SQL(cast))
        if cast
        else sql.Identifier(name)
        for name, cast in asked.select
    )


def _where(asked: Asked, alias: str | None = None) -> sql.Composable:
    if not asked.where:
        return sql.SQL("")
    if alias is None:
        return sql.SQL(" where ") + sql.SQL(" and ").join(asked.where)
    rows = sql.SQL("select ctid from {} where {}").format(
        sql.Identifier("public", asked.table), sql.SQL(" and ").join(asked.where)
    )
    return sql.SQL(" where {}.ctid in ({})").format(sql.Identifier(alias), rows)


# -- answers -------------------------------------------------------------------------------------


def _json(status: int, body: str, *headers: tuple[str, str]) -> Answer:
    kind = ("Content-Type", "application/json; charset=utf-8")
    return Answer(status, (kind, *headers), body.encode())


def _error(
    status: int,
    code: str,
    message: str,
    retry_after_s: int | None = None,
    *,
    details: str | None = None,
    hint: str | None = None,
) -> Answer:
    headers = [("Proxy-Status", f"PostgREST; error={code}")]
    if retry_after_s is not None:
        headers.append(("Retry-After", str(retry_after_s)))
    body = {"code": code, "message": message, "details": details, "hint": hint}
    return _json(status, json.dumps(body), *headers)


def _database_error(error: psycopg.Error) -> Answer:
    code = error.sqlstate or "XX000"
    prefixes = (code[:length] for length in range(5, 1, -1))
    status = next((_STATUS[prefix] for prefix in prefixes if prefix in _STATUS), 400)
    retry_after_s = 0 if status == 503 else None
    diag = error.diag
    message = diag.message_primary or str(error)
    details, hint = diag.message_detail, diag.message_hint
    return _error(status, code, message, retry_after_s, details=details, hint=hint)
