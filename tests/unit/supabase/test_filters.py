"""Filters of PostgREST: every value quoted, none too long for an address."""

from __future__ import annotations

import httpx
from hypothesis import given
from hypothesis import strategies as st
from postgrest import SyncPostgrestClient

from listing_sync.supabase.filters import FILTER_BYTES, among, chunks, quoted

VALUES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=200)


def sent(*values: str) -> str:
    """Return the query string of a request that asks for the values."""
    query = SyncPostgrestClient("http://127.0.0.1").from_("things").select("number")
    return str(httpx.QueryParams(among(query, "number", list(values)).request.params)["number"])


def test_every_value_of_a_list_is_quoted_and_escaped():
    assert sent(" AA1", "null", 'a"b\\c') == r'in.(" AA1","null","a\"b\\c")'


def test_the_empty_text_alone_is_asked_for_by_eq():
    assert sent("") == "eq."
    assert sent("", "AA1") == 'in.("","AA1")'


@given(VALUES)
def test_chunks_hold_every_value_once_and_fit_into_an_address(values):
    parts = list(chunks(values))
    assert [value for part in parts for value in part] == values
    for part in parts:
        filter_ = ",".join(map(quoted, part))
        assert len(part) == 1 or len(httpx.QueryParams({"n": filter_}).__str__()) <= FILTER_BYTES


@given(st.text(max_size=60))
def test_a_quoted_value_reads_as_the_value(value):
    """As PostgREST's pQuotedValue does: a backslash makes the next character itself."""
    inner, read = iter(quoted(value)[1:-1]), []
    for character in inner:
        assert character != '"'
        read.append(next(inner) if character == "\\" else character)
    assert "".join(read) == value
