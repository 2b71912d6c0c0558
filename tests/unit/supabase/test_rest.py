"""Rest against answers that the local stack cannot give: PostgREST's own forms and broken ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.errors import GeneratedColumnError, PermanentError, RemoteError, TransientError
from listing_sync.supabase.failures import failure_of_response
from listing_sync.supabase.rest import Rest
from listing_sync.supabase.table import SupabaseTable

KEY = "sb_secret_0123456789"
OPENAPI = {
    "swagger": "2.0",
    "definitions": {
        "things": {
            "required": ["id", "number", "created_at"],
            "properties": {
                "id": {"format": "bigint", "description": "Note:\nThis is a Primary Key.<pk/>"},
                "number": {"format": "text", "type": "string"},
                "price": {"format": "numeric"},
                "created_at": {"format": "timestamp with time zone", "default": "now()"},
            },
        }
    },
}


@contextmanager
def rest_of(handler: Callable[[httpx.Request], httpx.Response], key: str = KEY) -> Iterator[Rest]:
    with httpx.Client(transport=httpx.MockTransport(handler)) as http:
        yield Rest(
            "http://127.0.0.1:1",
            key,
            http=http,
            call=lambda send, *_: send(),
            now=lambda: datetime(2026, 3, 1, tzinfo=UTC),
        )


def table_of(rest: Rest, *names: str) -> SupabaseTable:
    columns = tuple(
        Column(name=name, headers=(name,), type=ColumnType.TEXT) for name in ("number", *names)
    )
    return SupabaseTable(rest, SheetMapping(table="things", key="number", columns=columns))


def test_the_openapi_document_tells_types_key_and_what_is_required():
    with rest_of(lambda _: httpx.Response(200, json=OPENAPI)) as rest:
        described = table_of(rest).describe()
    assert described.exists
    assert described.columns == {
        "id": "bigint",
        "number": "text",
        "price": "numeric",
        "created_at": "timestamp with time zone",
    }
    assert described.primary_key == ("id",)
    assert described.required == frozenset(), "no default shown is not known"
    assert described.defaults is None


def test_where_the_document_is_switched_off_the_mapped_columns_are_asked_for():
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/rest/v1/rpc/"):
            return httpx.Response(404, json={"code": "PGRST202", "message": "Could not find ..."})
        if request.url.path == "/rest/v1/":
            return httpx.Response(404, json={"code": "PGRST126", "message": "Root endpoint ..."})
        assert request.url.params["select"] == "number,price"
        return httpx.Response(200, json=[])

    with rest_of(handler) as rest:
        assert set(table_of(rest, "price").describe().columns) == {"number", "price"}


def test_a_description_that_is_refused_for_another_reason_is_an_error():
    answer = httpx.Response(401, json={"message": "Invalid API key"})
    with (
        rest_of(lambda _: answer) as rest,
        pytest.raises(PermanentError, match="Invalid API key"),
    ):
        table_of(rest).describe()


@pytest.mark.parametrize("body", ["<html></html>", "[]", "", '"text"'])
def test_a_description_that_is_none_is_refused(body):
    with (
        rest_of(lambda _: httpx.Response(200, text=body)) as rest,
        pytest.raises(PermanentError),
    ):
        rest.description()


def test_whole_rows_keep_numbers_that_a_float_cannot_hold():
    body = (
        '[{"number": "AA1", "price": 1234567890123456.78, "area": 70.50, "size": 12345678901234567,'
        ' "extra": {"a": [1.5, 2e400]}}]'
    )
    headers = {"Content-Range": "0-0/1"}
    with rest_of(lambda _: httpx.Response(200, text=body, headers=headers)) as rest:
        [row] = table_of(rest).whole_rows(["AA1"])
    assert row == {
        "number": "AA1",
        "price": Decimal("1234567890123456.78"),
        "area": 70.5,
        "size": 12345678901234567,
        "extra": {"a": [1.5, Decimal("2e400")]},
    }


def test_every_request_carries_the_key_and_a_removal_asks_for_the_rows_that_went():
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201)

    with rest_of(handler) as rest:
        table_of(rest, "note").upsert(["number", "note"], [("AA1", "ä"), ("AA2", None)])
        table_of(rest).delete(["AA1", "AA2"])
    upsert, delete = seen
    for request in seen:
        assert request.headers["apikey"] == KEY
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert "gzip" in request.headers["Accept-Encoding"]
    assert "return=representation" in delete.headers["Prefer"]
    assert delete.url.params["select"] == "*"
    assert upsert.url.path == "/rest/v1/things"
    assert upsert.url.params["on_conflict"] == "number"
    assert set(upsert.url.params["columns"].split(",")) == {'"number"', '"note"'}
    assert upsert.content == '[{"number":"AA1","note":"ä"},{"number":"AA2","note":null}]'.encode()
    assert delete.url.params["number"] == 'in.("AA1","AA2")'
    assert "max-affected=2" in delete.headers["Prefer"]


def test_addresses_stay_short_whatever_is_deleted():
    lengths: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        lengths.append(len(str(request.url)))
        return httpx.Response(204)

    with rest_of(handler) as rest:
        table_of(rest).delete([f'物件"{number}' for number in range(1000)])
    assert max(lengths) < 8000
    assert len(lengths) > 1


def test_pages_that_do_not_get_on_are_an_error_not_an_endless_loop():
    page = [{"number": "AA1"}, {"number": "AA2"}]
    with (
        rest_of(lambda _: httpx.Response(200, json=page)) as rest,
        pytest.raises(PermanentError, match="AA2"),
    ):
        list(table_of(rest).pages((Column("number", ("number",), ColumnType.TEXT),)))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(401, json={"message": f"not {KEY}!"}), id="message"),
        pytest.param(httpx.Response(400, json={"code": f"x{KEY}", "message": ""}), id="code"),
        pytest.param(
            httpx.Response(400, json={"code": "P0001", "message": f"boom {KEY}"}), id="trigger"
        ),
    ],
)
def test_a_server_that_repeats_the_key_does_not_get_it_into_a_message(answer):
    with rest_of(lambda _: answer) as rest, pytest.raises(RemoteError) as raised:
        table_of(rest).upsert(["number"], [("AA1",)])
    assert KEY not in f"{raised.value} {raised.value.code}"


FACTS = {
    "may": {"select": True},
    "kind": "r",
    "columns": [
        {"name": name, "type": "text", "longest": None, "default": None}
        | dict.fromkeys(("not_null", "generated", "identity"), False)
        for name in ("number", "note")
    ],
    "unique_keys": [],
}


@pytest.mark.parametrize(
    ("code", "message", "facts", "kind"),
    [
        pytest.param("PGRST204", "the 'note' column of", FACTS, TransientError, id="column"),
        pytest.param("PGRST205", "the table public.things", FACTS, TransientError, id="table"),
        pytest.param("PGRST204", "the 'nope' column of", FACTS, PermanentError, id="not there"),
        pytest.param("PGRST205", "the table public.things", None, PermanentError, id="no table"),
    ],
)
def test_what_is_there_and_not_seen_yet_is_waited_for(code, message, facts, kind):
    def handler(request: httpx.Request) -> httpx.Response:
        if "/rpc/" in request.url.path:
            return httpx.Response(200, json=[{"facts": facts}] if facts else [])
        return httpx.Response(404, json={"code": code, "message": f"Could not find {message}"})

    with rest_of(handler) as rest, pytest.raises(kind) as caught:
        table_of(rest, "note").upsert(["number", "note"], [("AA1", "x")])
    is_there = isinstance(caught.value, TransientError)
    assert ("notify pgrst, 'reload schema';" in str(caught.value)) is is_there
    assert ("SQL editor: alter table" in str(caught.value)) is (code == "PGRST204" and not is_there)
    if isinstance(caught.value, TransientError):
        assert caught.value.retry_after_s == 10


def test_without_our_function_a_column_that_could_be_read_is_taken_for_not_seen():
    def handler(request: httpx.Request) -> httpx.Response:
        if "/rpc/" in request.url.path:
            return httpx.Response(404, json={"code": "PGRST202", "message": "Could not find"})
        error = {"code": "PGRST204", "message": "Could not find the 'note' column of 'things'"}
        return httpx.Response(400, json=error)

    with rest_of(handler) as rest, pytest.raises(PermanentError) as caught:
        table_of(rest, "note").upsert(["number", "note"], [("AA1", "x")])
    assert "PostgREST does not know the column note of things" in str(caught.value)
    assert "notify pgrst, 'reload schema';" in str(caught.value)
    assert "alter table" not in str(caught.value)


@pytest.mark.parametrize(
    ("details", "column", "value"),
    [
        ("Key (slug)=(oita-1) already exists.", "slug", "oita-1"),
        ('Key ("My Slug")=(a)b) already exists.', "My Slug", "a)b"),
        ("Key (slug, office)=(a, b) already exists.", None, None),
        ("Key (lower(slug))=(a) already exists.", None, None),
        (None, None, None),
    ],
)
def test_a_value_that_another_row_holds_is_known_where_one_column_is_unique(details, column, value):
    body = {"code": "23505", "message": 'violates unique constraint "x"', "details": details}
    answer = httpx.Response(409, json=body)
    error = failure_of_response(answer, datetime(2026, 3, 1, tzinfo=UTC))
    assert (error.column, error.value) == (column, value)
    assert "oita" not in str(error)


def test_a_generated_column_is_an_error_of_its_own():
    message = 'cannot insert a non-DEFAULT value into column "tax"'
    answer = httpx.Response(400, json={"code": "428C9", "message": message})
    error = failure_of_response(answer, datetime(2026, 3, 1, tzinfo=UTC))
    assert isinstance(error, GeneratedColumnError)
    assert error.column == "tax"


@pytest.mark.parametrize(
    "page",
    [
        [{}],
        [{"number": "AA1"}],
        [{"price": "1"}],
        [{"number": [], "price": "1"}],
        [{"number": {"a": 1}, "price": "1"}],
        [{"number": None, "price": "1"}],
        [{"number": True, "price": "1"}],
    ],
)
def test_rows_that_are_not_as_asked_for_are_nobodys_answer(page):
    with rest_of(lambda _: httpx.Response(200, json=page)) as rest:
        table = table_of(rest, "price")
        with pytest.raises(PermanentError, match="is SUPABASE_URL right"):
            list(table.pages(table._mapping.columns))
        if not isinstance(page[0].get("number"), str):
            with pytest.raises(PermanentError, match="is SUPABASE_URL right"):
                list(table.whole_pages())


def test_pages_that_come_round_again_are_not_read_for_ever():
    pages = iter([[{"number": f"AA{number}"}] for number in (1, 2, 1, 2, 1, 2)])
    with rest_of(lambda _: httpx.Response(200, json=next(pages))) as rest:
        table = table_of(rest)
        with pytest.raises(PermanentError, match="do not get on"):
            list(table.pages(table._mapping.columns))
    assert len(list(pages)) == 3
