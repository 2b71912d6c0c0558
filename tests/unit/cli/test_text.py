"""cli/text.py: foreign text, times and tables as a terminal of 80 columns shows them."""

from __future__ import annotations

import io
import json
import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from listing_sync.cells.listings import Rejection
from listing_sync.cells.wording import plain
from listing_sync.cli.face import Face
from listing_sync.cli.text import (
    cell_width,
    cut,
    exact_local_time,
    fact_table,
    json_text,
    local_time,
    quoted,
    rejection_table,
    size,
    table,
    wrong,
)

ANY_TEXT = st.text(st.characters() | st.characters(categories=["Cs", "Cc", "Cf", "Lo", "Zs"]))


def shown(renderable: RenderableType) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=80, markup=False, highlight=False).print(renderable)
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東京都 １－２", "東京都 １－２"),
        ("full\u3000width\xa0spaces", "full\u3000width\xa0spaces"),
        ("two\r\nlines\t.", "two\\r\\nlines\\t."),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_what_cannot_be_seen_or_steers_is_escaped(text, expected) -> None:
    assert plain(text) == expected


@given(ANY_TEXT)
def test_json_says_what_it_is_given_and_steers_no_terminal(text: str) -> None:
    written = json_text({"error": text})
    written.encode()
    assert json.loads(written) == json.loads(json.dumps({"error": text}))
    assert plain(written.replace("\n", "")) == written.replace("\n", "")


@given(ANY_TEXT)
def test_plain_text_has_one_line_no_steering_and_can_be_encoded(text) -> None:
    result = plain(text)
    assert not {unicodedata.category(character) for character in result} & {
        "Cc", "Cf", "Cs", "Zl", "Zp",
    }  # fmt: skip
    assert len(result.splitlines()) <= 1
    result.encode()
    assert plain(result) == result


@given(ANY_TEXT.map(plain), st.integers(2, 40))
def test_cut_text_fits_and_says_that_it_was_cut(text, width) -> None:
    result = cut(text, width)
    assert cell_width(result) <= width
    assert result == text or result.endswith("…")


def test_full_width_text_is_cut_by_its_columns() -> None:
    assert cut("東京都千代田区", 8) == "東京都…"
    assert quoted("応相談", 4) == '"応…"'


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (34_400, "34 kB"),
        (1_200_000, "1.2 MB"),
        (2 * 10**9, "2,000.0 MB"),
    ],
)
def test_sizes_are_for_people(size_bytes, expected) -> None:
    assert size(size_bytes) == expected


@pytest.mark.usefixtures("tokyo")
def test_times_are_those_of_the_machine() -> None:
    moment = datetime(2026, 1, 31, 9, 30, 5, tzinfo=UTC)
    assert local_time(moment) == "2026-01-31 18:30"
    assert exact_local_time(moment) == "2026-01-31 18:30:05 JST"


def test_only_the_last_column_of_a_table_wraps_and_numbers_stand_right() -> None:
    lines = shown(table(("Name", "Count", "Text"), [("東京", "7", "語" * 50)], right="Count"))
    assert lines[0] == "Name  Count  Text"
    assert lines[1] == "東京      7  " + "語" * 33
    assert lines[2].strip() == "語" * 17


@given(st.lists(st.tuples(ANY_TEXT.map(plain), ANY_TEXT.map(plain)), max_size=4))
def test_tables_of_any_text_fit_80_columns(rows) -> None:
    for renderable in (table(("Name", "Text"), rows), fact_table(rows)):
        assert all(cell_width(line) <= 80 for line in shown(renderable))


def test_markup_in_a_cell_is_text() -> None:
    assert "[red]x[/red]" in shown(table(("A",), [("[red]x[/red]",)]))[1]
    assert shown(fact_table([("[b]", "[link=x]y[/link]")]))[0] == "[b]  [link=x]y[/link]"


REJECTION = Rejection(
    "AA12345", 17, "価格", "物件一覧!F17", "応相談\n", "not a number; expected e.g. 34800000"
)


@pytest.mark.parametrize(
    ("rejection", "expected"),
    [
        (REJECTION, '価格 "応相談\\n": not a number; expected e.g. 34800000'),
        (Rejection("A", 1, "Price", None, None, "must not be blank"), "Price: must not be blank"),
        (Rejection(None, 9, None, "L!A9", None, "no number"), "no number"),
    ],
)
def test_what_is_wrong_names_header_value_and_reason(rejection, expected) -> None:
    assert wrong(rejection) == expected


def test_rejections_beyond_the_limit_are_counted() -> None:
    lines = shown(rejection_table([REJECTION] * 5, limit=2))
    assert lines[0] == "Listing  Cell          What is wrong"
    assert lines[1].startswith("AA12345  物件一覧!F17  価格 ")
    assert lines[-1] == "and 3 more"
    assert sum("AA12345" in line for line in lines) == 2


def test_rejections_without_number_or_cell_have_a_dash() -> None:
    lines = shown(rejection_table([Rejection(None, None, None, None, None, "lost")]))
    assert lines[1].split() == ["-", "-", "lost"]


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}], ids=["no color", "dumb"]
)
def test_nothing_is_styled_where_that_is_not_wanted(monkeypatch, environment) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    file = io.StringIO()
    monkeypatch.setattr(file, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", file)
    Face().out.print(table(("A", "B"), [("1", "2")]))
    assert "\x1b" not in file.getvalue()
