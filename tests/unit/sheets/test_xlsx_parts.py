"""Parts of .xlsx files as programs write them, well or badly, and what of them is read."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.listings import SheetRow, Shown, Unreadable
from listing_sync.cells.mapping import parse_mapping
from listing_sync.errors import SourceError
from listing_sync.sheets.xlsx_file import read_xlsx

MAPPING = parse_mapping(
    """
    table = "t"
    key = "id"
    [columns.id]
    header = "ID"
    type = "text"
    [columns.title]
    header = "Title"
    type = "text"
    [columns.price]
    header = "Price"
    type = "money"
    [columns.built]
    header = "Built"
    type = "date"
    [columns.photo]
    header = "Photo"
    type = "url"
    """,
    name="mapping.toml",
)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEADER = "".join(
    f'<c r="{letter}1" t="inlineStr"><is><t>{title}</t></is></c>'
    for letter, title in zip("ABCDE", ("ID", "Title", "Price", "Built", "Photo"), strict=True)
)
FORMATS = ("General", "000-0000", '#,##0"万円"', "yyyy/m/d", '"AA"@', ";;;", "# ?/?", "h:mm")


def package(
    rows: str,
    *,
    header: str = f'<row r="1">{HEADER}</row>',
    texts: str = "",
    book: str = "",
    before: str = "",
) -> bytes:
    """Return a file with these row elements below the header."""
    styles = "".join(
        f'<numFmt numFmtId="{164 + at}" formatCode="{code.replace(chr(34), "&quot;")}"/>'
        for at, code in enumerate(FORMATS)
    )
    xfs = "".join(f'<xf numFmtId="{164 + at}"/>' for at in range(len(FORMATS)))
    parts = {
        "_rels/.rels": f'<Relationships xmlns="x"><Relationship Id="r" Type="{RELATIONS}'
        '/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{book}<sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships xmlns='x'>"
        + "".join(
            f'<Relationship Id="rId{at}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
            for at, (kind, target) in enumerate(
                (
                    ("worksheet", "worksheets/sheet1.xml"),
                    ("styles", "styles.xml"),
                    ("sharedStrings", "/xl/sharedStrings.xml"),
                ),
                1,
            )
        )
        + "</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{styles}</numFmts>'
        f"<cellXfs>{xfs}</cellXfs></styleSheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?>{before}<worksheet xmlns="{MAIN}">'
        f"<sheetData>{header}{rows}</sheetData></worksheet>",
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return content.getvalue()


def read(content: bytes) -> list[SheetRow]:
    return read_xlsx(content, "a.xlsx", None, MAPPING, 1)[3]


def one(cell: str, **parts: str) -> tuple[object, ...]:
    """Return the cells of a row beside its number."""
    number = '<c r="A2" t="inlineStr"><is><t>AA1</t></is></c>'
    ((row, cells),) = read(package(f'<row r="2">{number}{cell}</row>', **parts))
    assert (row, cells[0]) == (2, "AA1")
    return cells[1:]


@pytest.mark.parametrize(
    ("cell", "cells"),
    [
        pytest.param('<c r="B2" s="1"><v>600001</v></c>', ("060-0001",), id="a format in a text"),
        pytest.param('<c r="B2" t="str" s="4"><v>12</v></c>', ("AA12",), id="a format of texts"),
        pytest.param('<c r="B2" s="5"><v>12</v></c>', (None,), id="a text that is hidden"),
        pytest.param('<c r="B2"><v>0.30000000000000004</v></c>', ("0.3",), id="a float in a text"),
        pytest.param('<c r="B2" t="b"><v>0</v></c>', ("FALSE",), id="a check box in a text"),
        pytest.param(
            '<c r="B2" t="d"><v>2024-01-31T09:30:00</v></c>', ("2024-01-31 09:30:00",), id="ISO"
        ),
        pytest.param('<c r="B2" t="d" s="3"><v>2024-01-31</v></c>', ("2024/1/31",), id="ISO date"),
        pytest.param('<c r="B2" s="3"><v>1</v></c>', ("1900/1/1",), id="the first day of Excel"),
        pytest.param('<c r="B2" s="3"><v>61</v></c>', ("1900/3/1",), id="beyond its 29 February"),
        pytest.param('<c r="C2" s="2"><v>2980</v></c>', (Shown("2,980万円", 2980),), id="unit"),
        pytest.param('<c r="C2"><v>1E+3</v></c>', (1000,), id="an exponent"),
        pytest.param('<c r="C2" t="n"><v> 12 </v></c>', (12,), id="blanks around a number"),
        pytest.param(
            '<c r="B2" t="inlineStr"><is><r><t>東</t></r><r><t>京</t></r>'
            "<rPh><t>トウキョウ</t></rPh></is></c>",
            ("東京",),
            id="how it is read aloud is no text",
        ),
        pytest.param('<c r="B2" t="str"><v>a_x000D_b_x005F_</v></c>', ("a\rb_",), id="escapes"),
        pytest.param('<c r="B2" t="inlineStr"><is><t>a&amp;b</t></is></c>', ("a&b",), id="&"),
        pytest.param('<c t="str"><v>x</v></c>', ("x",), id="a cell that does not say where"),
        pytest.param('<c r="B2"/><c t="str"><v>5</v></c>', (None, "5"), id="one behind an empty"),
    ],
)
def test_a_cell_is_read_as_it_is_seen(cell: str, cells: tuple[object, ...]) -> None:
    found = [value for value in one(cell) if value is not None]
    assert found == [value for value in cells if value is not None]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        pytest.param('<c r="B2" s="6"><v>0.5</v></c>', "'# ?/?' does not show", id="format"),
        pytest.param('<c r="C2" s="6"><v>0.5</v></c>', "not certain", id="format of a price"),
        pytest.param('<c r="B2" s="99"><v>5</v></c>', "which the file does not say", id="style"),
        pytest.param('<c r="B2" s="3"><v>60</v></c>', "not certain", id="29 February 1900"),
        pytest.param('<c r="C2"><v>1_000</v></c>', "not a number", id="not XML's number"),
        pytest.param('<c r="C2"><v>NaN</v></c>', "not a number", id="NaN"),
        pytest.param('<c r="C2"><v>１２</v></c>', "not a number", id="digits in full width"),
        pytest.param('<c r="C2"><v>1</v><v>2</v></c>', "two values", id="two values"),
        pytest.param(
            '<c r="B2" t="inlineStr"><is><t>1</t></is><v>2</v></c>', "two values", id="t, v"
        ),
        pytest.param('<c r="C2" t="b"><v>2</v></c>', "neither TRUE nor FALSE", id="boolean"),
        pytest.param('<c r="D2" t="d"><v>soon</v></c>', "no date", id="date"),
        pytest.param('<c r="B2" t="z"><v>5</v></c>', "not known", id="type"),
        pytest.param('<c r="B2" t="s"><v>7</v></c>', "missing", id="shared text"),
        pytest.param('<c r="B2" t="s"><v>x</v></c>', "missing", id="shared text by no number"),
        pytest.param('<c r="B2" t="e"><v>#SOON!ER</v></c>', "fails", id="an error of tomorrow"),
        pytest.param('<c r="C2"><f>1+1</f></c>', "no stored value", id="formula"),
        pytest.param('<c r="C2"><f>1+1</f><v/></c>', "no stored value", id="blank value"),
        pytest.param('<c r="B2" t="str"><f>A1</f></c>', "no stored value", id="text formula"),
        pytest.param('<c r="E2" s="5"><v>5</v></c>', "does not show", id="a hidden address"),
        pytest.param(
            '<c r="C2"><v>1</v></c><c r="C2"><v>2</v></c>', "stands twice", id="two cells"
        ),
    ],
)
def test_a_cell_that_is_not_certain_is_unreadable(cell: str, words: str) -> None:
    (found,) = [value for value in one(cell) if value is not None]
    assert isinstance(found, Unreadable)
    assert words in found.reason


def test_an_error_that_texts_know_too_stays_a_text() -> None:
    assert "#BUSY!" in one('<c r="B2" t="e"><v>#BUSY!</v></c>')


@pytest.mark.parametrize("flag", ["1", "true"])
def test_stored_results_are_not_taken_where_the_file_says_so(flag: str) -> None:
    cells = one('<c r="C2"><f>1+1</f><v>0</v></c>', book=f'<calcPr fullCalcOnLoad="{flag}"/>')
    (found,) = [value for value in cells if value is not None]
    assert found == Unreadable("=1+1", found.reason)  # type: ignore[attr-defined]
    assert "never calculated" in found.reason


def test_dates_counted_from_1904_are_right_whatever_their_format() -> None:
    cells = '<c r="B2" s="3"><v>43860</v></c><c r="D2" s="3"><v>43860</v></c>'
    title, _, built, _ = one(cells, book='<workbookPr date1904="1"/>')
    assert title == "2024/1/31"
    assert f"{built:%Y-%m-%d}" == "2024-01-31"
    title, *_ = one('<c r="B2" s="7"><v>0.4375</v></c>', book='<workbookPr date1904="1"/>')
    assert title == "10:30"


def test_shared_texts_are_taken_without_how_they_are_read_aloud() -> None:
    texts = "<si><t>a</t></si><si><r><t>港</t></r><r><t>区</t></r><rPh><t>ミナトク</t></rPh></si>"
    assert one('<c r="B2" t="s"><v>1</v></c>', texts=texts)[0] == "港区"


def test_a_header_below_its_rows_still_heads_them() -> None:
    row = '<row r="2"><c r="A2" t="str"><v>AA1</v></c><c r="C2"><v>5</v></c></row>'
    content = package(row + f'<row r="1">{HEADER}</row>', header="")
    assert read(content) == [(2, ("AA1", None, 5, None, None))]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        pytest.param('<row r="1048577"/>', "beyond the last one", id="row"),
        pytest.param('<row r="2"><c r="XFE2"><v>1</v></c></row>', "XFE2", id="column"),
        pytest.param('<row r="2"><c r="AAAA2"><v>1</v></c></row>', "AAAA2", id="letters"),
        pytest.param('<row r="2"><c r="1"><v>1</v></c></row>', "beyond", id="no letters"),
        pytest.param('<row r="0"/>', "row 0", id="row 0"),
        pytest.param('<row r="x"/>', "row x, which is none", id="no row"),
        pytest.param('<row r="2"><c r="A2" s="-1"><v>1</v></c></row>', "style", id="style"),
        pytest.param('<row r="2"><c', "damaged", id="cut"),
    ],
)
def test_a_damaged_part_is_refused_with_a_sentence(rows: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read(package(rows))


def test_a_row_beyond_excel_is_refused_in_a_long_part_too() -> None:
    usual = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(2, 1500))
    with pytest.raises(SourceError, match="beyond the last one"):
        read(package(usual + '<row r="1048577"><c r="A1048577"><v>1</v></c></row>'))


def test_rows_with_and_without_a_number_are_not_counted_where_some_were_passed_over() -> None:
    empty = "".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(2, 2_000))
    with pytest.raises(SourceError, match="others do not"):
        read(package(empty + " " * 300_000 + "<row><c><v>1</v></c></row>"))


def test_rows_without_a_number_are_counted() -> None:
    content = package("<row/><row><c><v>1</v></c><c><v>2</v></c></row>")
    assert read(content) == [(3, ("1", "2", None, None, None))]


def test_a_document_type_is_refused() -> None:
    with pytest.raises(SourceError, match="document type"):
        read(package("", before='<!DOCTYPE x [<!ENTITY e "eeee">]>'))


@pytest.mark.parametrize("encoding", ["shift_jis", "nosuch"])
def test_an_encoding_that_no_workbook_has_is_refused(encoding: str) -> None:
    content = package("")
    old = b'<?xml version="1.0"?>'
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as whole, zipfile.ZipFile(packed, "w") as changed:
        for name in whole.namelist():
            new = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()
            changed.writestr(name, whole.read(name).replace(old, new))
    with pytest.raises(SourceError, match=f"encoding '{encoding}'"):
        read(packed.getvalue())


@given(st.data())
def test_no_damage_breaks_the_program(data: st.DataObject) -> None:
    content = bytearray(package('<row r="2"><c r="A2" s="1"><v>5</v></c></row>'))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(SourceError):
        read(bytes(content))


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(SourceError, match="damaged"):
        read(content)


CELL = st.sampled_from(
    [
        '<c r="{at}"><v>12</v></c>',
        '<c r="{at}" s="2"><v>2980</v></c>',
        '<c r="{at}" s="3"><v>45322</v></c>',
        '<c r="{at}" t="s"><v>0</v></c>',
        '<c r="{at}" s="4" t="s"><v>0</v></c>',
        '<c r="{at}" t="s"><v>9</v></c>',
        '<c r="{at}" t="str"><v>x</v></c>',
        '<c r="{at}" s="3"/>',
        '<c r="{at}" t="n"><v>1.5e3</v></c>',
        '<c r="{at}"><v>abc</v></c>',
        '<c r="{at}"><f>A1</f><v>2</v></c>',
        '<c r="{at}" t="inlineStr"><is><t>&lt;c r="A1"/&gt;</t></is></c>',
        '<c  r="{at}"><v>7</v></c>',
        "",
    ]
)
ROWS = st.lists(st.lists(CELL, min_size=7, max_size=7), min_size=1, max_size=40)


@pytest.mark.slow
@given(
    ROWS,
    st.sampled_from(["", "<!-- x -->", '<!-- <c r="B2"><v>1</v></c> -->']),
    st.sampled_from([1, -1]),
)
def test_the_short_way_through_a_part_reads_what_the_long_one_does(
    rows: list[list[str]], comment: str, order: int
) -> None:
    numbered = [
        f'<row r="{at}">'
        + "".join(
            cell.format(at=f"{letter}{at}") for letter, cell in zip("ABCDEFG", row, strict=True)
        )
        + "</row>"
        for at, row in enumerate(rows, 2)
    ]
    numbered = numbered[::order]
    # The short way begins behind the first piece, 16 KiB, once the headers are known.
    padding = f'<row r="1999"/><row r="2000" x="{"y" * 20_000}"/>'
    texts = "<si><t>shared</t></si>"
    whole = package(padding + "".join(numbered) + comment, texts=texts)
    # Blanks that XML does not mind, and the short way does not know.
    slow = [re.sub("<c ", "<c\n", row) for row in numbered]
    assert read(whole) == read(package("".join(slow) + comment, texts=texts))


def test_the_cost_follows_what_is_filled(tmp_path: Path) -> None:
    empty = "".join(
        f'<row r="{n}">{"".join(f"""<c r="{c}{n}" s="2"/>""" for c in "ABCDE")}</row>'
        for n in range(3, 20_000)
    )
    filled = '<row r="2"><c r="A2" t="str"><v>AA1</v></c></row>'
    assert read(package(filled + empty)) == [(2, ("AA1", None, None, None, None))]
