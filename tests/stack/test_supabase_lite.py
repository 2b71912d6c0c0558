"""The local Supabase: its roles, grants and schema cache act as on a real project."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def things(stack: SupabaseLite) -> Iterator[SupabaseLite]:
    """The project with a table whose column `id` alone is granted to anon."""
    stack.execute(
        "create table public.things (id int primary key, secret text);"
        "alter table public.things enable row level security;"
        "create policy everyone on public.things for select using (true);"
        "grant all on public.things to service_role;"
        "grant select (id) on public.things to anon;"
        "create table public.ungranted (id int primary key);"
    )
    stack.restart()
    yield stack
    stack.execute("drop table public.things, public.ungranted")
    stack.restart()


def get(project: SupabaseLite, target: str, key: str) -> httpx.Response:
    return httpx.get(f"{project.url}/rest/v1/{target}", headers={"apikey": key})


def test_the_secret_key_reads_what_is_granted_to_the_service_role(things: SupabaseLite) -> None:
    assert get(things, "things", things.secret_key).status_code == 200


def test_the_secret_key_needs_grants_too(things: SupabaseLite) -> None:
    answer = get(things, "ungranted", things.secret_key)
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")


def test_the_publishable_key_reads_only_the_columns_granted(things: SupabaseLite) -> None:
    assert get(things, "things?select=id", things.publishable_key).status_code == 200
    answer = get(things, "things", things.publishable_key)
    assert (answer.status_code, answer.json()["code"]) == (401, "42501")


def test_a_wrong_key_is_refused_as_by_the_gateway(things: SupabaseLite) -> None:
    answer = get(things, "things", "sb_secret_wrong")
    assert answer.status_code == 401
    assert answer.headers["sb-error-code"] == "UNAUTHORIZED_INVALID_API_KEY"


def test_an_answer_is_cut_at_the_most_rows_of_the_project(things: SupabaseLite) -> None:
    things.execute("insert into things select generate_series(1, 1200)")
    answer = get(things, "things?select=id&limit=5000", things.secret_key)
    assert (answer.status_code, len(answer.json())) == (200, 1000)
