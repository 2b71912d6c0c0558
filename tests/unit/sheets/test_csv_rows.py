"""CSV rows that line up with their headers or do not, and texts in the encodings of the world."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.errors import SourceError
from listing_sync.sheets.csv_encoding import decoded, reads_as_japanese
from listing_sync.sheets.csv_file import csv_rows, without_habits

HEADER = "ID,Title,Price,Note"


def faults(*lines: str, header: str = HEADER) -> dict[int, str]:
    """Return what is wrong by sheet row."""
    text = "\n".join([header, *lines, ""])
    return {at + 1: why for at, why in csv_rows(text.encode(), "a.csv", 2).faults.items()}


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        pytest.param(["A1,x,5,n", "A2,x,,"], [], id="as many as the headers"),
        pytest.param(["A1,x,5,n", "", ",,,", "A2,x,5,n"], [], id="blank rows say nothing"),
        pytest.param(["A1,x,5,n", "A2,x,29,800,n"], [3], id="a comma that is not quoted"),
        pytest.param(["A1,x,5,n", "A2,x,29,800,"], [3], id="and a blank behind it"),
        pytest.param(["A1,x,5,n", "A2,x,5"], [3], id="one that is short"),
        pytest.param(["A1,x,5,", "A2,x,5", "A3,x,7"], [3, 4], id="short beside a blank at the end"),
        pytest.param(["A1,x,5", "A2,x", "A3,x,5,n"], [], id="blank ends left out as a habit"),
        pytest.param(["A1", "A2"], [], id="a habit in every row"),
        pytest.param(["A1,x,5"], [2], id="a habit is of several rows"),
        pytest.param(["A1,x,5,n,", "A2,x,5,,"], [], id="a comma at each end as a habit"),
        pytest.param(["A1,x,5,n,", "A2,x,5,n"], [2], id="a comma at one end is none"),
        pytest.param(["A1,x,5,n,more", "A2,x,5,n,more"], [2, 3], id="more values than headers"),
        pytest.param(['A1, "x",5,n'], [2], id="a blank before a quotation mark"),
    ],
)
def test_a_row_that_does_not_line_up_is_found(lines: list[str], rows: list[int]) -> None:
    assert list(faults(*lines)) == rows


def test_a_header_without_a_name_at_the_end_may_be_left_out_by_all_rows() -> None:
    assert not faults("A1,x", "A2,y", header="ID,Title,,")
    assert faults("A1,x", "A2,y,", header="ID,Title,,")


def test_the_reason_names_the_counts_and_what_to_do() -> None:
    assert faults("A1,x,5,n", "A2,x,29,800,n") == {
        3: "this row has 5 fields, the header 4: a comma inside a value must be quoted"
    }
    (reason,) = faults("A1,x,5,n", "A2,x").values()
    assert reason.startswith("this row has 2 fields, the header 4: it breaks off")


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_last_line_that_is_short_and_has_no_end_is_a_cut_file(end: str) -> None:
    content = f"{HEADER}\nA1,x,5,n\nA2,x{end}".encode()
    if end:
        assert list(csv_rows(content, "a.csv", 2).faults) == [2]
        return
    with pytest.raises(SourceError, match="cut off: its last line has 2 of 4 fields"):
        csv_rows(content, "a.csv", 2)


def test_a_short_last_line_without_an_end_is_a_cut_file_even_where_blanks_are_left_out() -> None:
    with pytest.raises(SourceError, match="cut off: its last line has 1 of 4 fields"):
        csv_rows(f"{HEADER}\nA1,x,5\nA2,x\nA".encode(), "a.csv", 2)
    assert not csv_rows(f"{HEADER}\nA1,x,5\nA2,x,6".encode(), "a.csv", 2).faults


def test_a_last_line_without_an_end_is_whole_when_it_lines_up() -> None:
    assert not csv_rows(f"{HEADER}\nA1,x,5,n".encode(), "a.csv", 2).faults


def test_the_separator_that_a_file_states_is_no_row() -> None:
    for line in ("sep=;", "SEP=;", '"sep=;"'):
        found = csv_rows(f"{line}\r\nID;Title\r\nA1;a,b\r\n".encode(), "a.csv", 2)
        assert found.rows == [["ID", "Title"], ["A1", "a,b"]]


def test_the_delimiter_is_what_parts_the_header_most() -> None:
    found = csv_rows(b"ID;Price, net;Note\nA1;5;x\n", "a.csv", 2)
    assert found.rows[1] == ["A1", "5", "x"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ('="0123"', "0123"),
        ('="a ""b"""', 'a "b"'),
        ("'0123", "0123"),
        ("'so called'", "'so called'"),
        ("\t0123", "0123"),
        ("=A1", "=A1"),
        ('="', '="'),
        ("plain", "plain"),
    ],
)
def test_what_exporters_put_around_digits_is_not_the_text(field: str, text: str) -> None:
    assert without_habits(field) == text


CELLS = st.text(
    alphabet=st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters=" \t"),
    max_size=5,
)


@given(st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=8), st.sampled_from(",;\t"))
def test_what_a_program_writes_with_quotes_always_lines_up(
    rows: list[list[str]], delimiter: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([HEADER.split(","), *rows])
    found = csv_rows(text.getvalue().encode(), "a.csv", 2)
    assert list(found.rows[1:]) == rows
    assert not found.faults


@given(
    st.lists(st.sampled_from(["100", "2,980", "x", ""]), min_size=4, max_size=4).filter(
        lambda row: any("," in cell for cell in row)
    ),
    st.lists(st.lists(st.just("x"), min_size=4, max_size=4), min_size=2, max_size=5),
)
def test_a_comma_that_nobody_quoted_is_never_read(row: Sequence[str], others: list[object]) -> None:
    lines = [",".join(each) for each in (*others, row)]  # type: ignore[arg-type]
    assert list(faults(*lines)) == [len(lines) + 1]


# -- encodings


JAPANESE = st.text(
    alphabet=st.sampled_from("東京都港区の物件アイウ円万㎡①ｱｲｳ一丁目渋谷棟" + "0123456789 -,"),
    min_size=4,
    max_size=40,
).filter(lambda text: sum(character in "東京都港区の物件アイウ" for character in text) > 3)
WESTERN = st.lists(
    st.sampled_from(
        ["Montréal", "Béziers", "Orléans", "München", "Zürich", "A Coruña", "Besançon", "Höhe"]
    ),
    min_size=1,
    max_size=6,
).map(" station, ".join)


@given(JAPANESE)
def test_japanese_of_excel_is_read(text: str) -> None:
    assert decoded(text.encode("cp932"), "a.csv", None) == text


@pytest.mark.parametrize(
    ("encoding", "stated"),
    [
        ("euc_jp", "euc_jp"),
        ("iso2022_jp", "iso2022_jp_ext"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("name", ["マンション", "さくら", "名古屋市", "東京都千代田区"])
def test_other_code_pages_of_japanese_are_never_taken_for_this_one(
    encoding: str, stated: str, name: str
) -> None:
    text = f"ID,Title\nA1,{name}\n"
    content = text.encode(encoding)
    with pytest.raises(SourceError, match="encoding"):
        decoded(content, "a.csv", None)
    assert decoded(content, "a.csv", stated) == text


def test_half_width_kana_beside_anything_else_are_cp932() -> None:
    text = "ID,Title,Note\nA1,ﾏﾝｼｮﾝ,東京\nA2,ｱﾊﾟｰﾄ,x\n"
    assert decoded(text.encode("cp932"), "a.csv", None) == text


@given(WESTERN)
def test_western_code_pages_are_never_taken_for_japanese(text: str) -> None:
    with pytest.raises(SourceError, match="encoding"):
        decoded(text.encode("cp1252"), "a.csv", None)
    assert decoded(text.encode("cp1252"), "a.csv", "cp1252") == text
    assert decoded(text.encode("utf-8"), "a.csv", None) == text


@pytest.mark.parametrize(
    ("text", "is_japanese"),
    [
        ("ID,所在地\nA1,A棟\n", True),
        ("ID\n有\n", True),
        ("ﾃｽﾄ", True),
        ("Montr饌l", False),
        ("owner痴", False),
        ("x\ue000", False),
        ("plain", False),
    ],
)
def test_a_text_is_japanese_by_its_runs(text: str, is_japanese: bool) -> None:  # noqa: FBT001
    assert reads_as_japanese(text) is is_japanese


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_decides_over_what_is_stated(encoding: str) -> None:
    assert decoded("物件".encode(encoding), "a.csv", "cp932") == "物件"


@pytest.mark.parametrize(
    ("content", "encoding", "words"),
    [
        (b"a\n\x81", "cp932", "line 2 is not CP932"),
        (b"a\n\xff", "utf-8", "line 2 is not UTF-8"),
        (b"\xff\xfea", None, "not UTF-16"),
    ],
)
def test_what_is_not_as_stated_names_the_line(
    content: bytes, encoding: str | None, words: str
) -> None:
    with pytest.raises(SourceError, match=words):
        decoded(content, "a.csv", encoding)
