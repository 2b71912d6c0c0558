"""CSV in its encodings and Excel in its cell types."""

from __future__ import annotations

import os
import zipfile
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from listing_sync.cells.listings import Shown, Unreadable
from listing_sync.cells.mapping import parse_mapping
from listing_sync.errors import SourceError
from listing_sync.sheets.file import FileSheet

MAPPING = parse_mapping(
    """
    table = "t"
    key = "number"
    [columns.number]
    header = "物件番号"
    type = "text"
    required = true
    [columns.price]
    header = "価格"
    type = "money"
    [columns.note]
    header = "備考"
    type = "text"
    """,
    name="mapping.toml",
)
HEADER = ["物件番号", "価格", "備考"]


def read(path: Path, **options: Any) -> list[tuple[int, tuple[object, ...]]]:
    return list(FileSheet(path, MAPPING, **options).read(lambda _: None).rows)


def csv_file(folder: Path, content: bytes) -> Path:
    path = folder / "listings.csv"
    path.write_bytes(content)
    return path


def xlsx_file(folder: Path, *tabs: tuple[str, list[list[Any]]], hidden: str = "") -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in tabs:
        sheet = workbook.create_sheet(title)
        sheet.sheet_state = "hidden" if title == hidden else "visible"
        for row in rows:
            sheet.append(row)
    path = folder / "listings.xlsx"
    workbook.save(path)
    return path


def with_an_empty_chart() -> bytes:
    workbook = openpyxl.Workbook()
    workbook.create_chartsheet("Chart")
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()


TEXT = "物件番号,価格,備考\nAA1,100,ﾃｽﾄ①\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_csv_is_read_in_each_encoding_of_excel(tmp_path: Path, encoding: str) -> None:
    assert read(csv_file(tmp_path, TEXT.encode(encoding))) == [(2, ("AA1", "100", "ﾃｽﾄ①"))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_decides_on_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    text = TEXT.replace(",", delimiter) + f'AA2{delimiter}"1,5{delimiter}"{delimiter}\n'
    assert read(csv_file(tmp_path, text.encode())) == [
        (2, ("AA1", "100", "ﾃｽﾄ①")),
        (3, ("AA2", f"1,5{delimiter}", None)),
    ]


def test_rows_are_counted_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    text = '物件番号,備考\r\nAA1,"two\r\nlines"\r\n\r\nAA2,"say ""x"""\r\n'
    assert read(csv_file(tmp_path, text.encode())) == [
        (2, ("AA1", "two\r\nlines")),
        (4, ("AA2", 'say "x"')),
    ]


def test_a_nul_and_a_megabyte_reach_the_validator(tmp_path: Path) -> None:
    large = "x" * 1_000_000
    text = f"物件番号,備考\nAA1,a\0b\nAA2,{large}\n"
    assert read(csv_file(tmp_path, text.encode())) == [(2, ("AA1", "a\0b")), (3, ("AA2", large))]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(TEXT.encode() + "AA2,,備".encode()[:-1], "line 3", id="broken UTF-8"),
        pytest.param(b"a,b\nx,\x81\x20\n", "line 2", id="neither"),
        pytest.param(TEXT.encode("utf-16")[:-1], "not UTF-16", id="broken UTF-16"),
        pytest.param(TEXT.encode() + b'AA2,"open\n', "line 3", id="quotation without end"),
    ],
)
def test_a_broken_csv_file_names_the_line(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read(csv_file(tmp_path, content))


@pytest.mark.parametrize(
    ("cell", "stored", "shown"),
    [
        pytest.param(3, 3, "3", id="integer"),
        pytest.param(34.5, 34.5, "34.5", id="decimal"),
        pytest.param(1e16, 1e16, "10000000000000000", id="large"),
        pytest.param(0.00001, 0.00001, "0.00001", id="small"),
        pytest.param(True, True, "TRUE", id="boolean"),
        pytest.param(date(2024, 1, 31), Shown("2024-01-31", 45322), "2024-01-31", id="date"),
        pytest.param(
            datetime.fromisoformat("2024-01-31T12:00"),
            Shown("2024-01-31 12:00:00", 45322.5),
            "2024-01-31 12:00:00",
            id="date-time",
        ),
        pytest.param(time(18), Shown("18:00:00", 0.75), "18:00:00", id="time"),
        pytest.param(timedelta(hours=36), Shown("36:00:00", 1.5), "36:00:00", id="duration"),
        pytest.param("#N/A", "#N/A", "#N/A", id="error"),
        pytest.param("007", "007", "007", id="text of digits"),
        pytest.param("a_x000D_\nb", "a\r\nb", "a\r\nb", id="escaped character"),
    ],
)
def test_excel_cells_are_exact_in_number_columns_and_plain_in_text_columns(
    tmp_path: Path, cell: object, stored: object, shown: str
) -> None:
    path = xlsx_file(tmp_path, ("一覧", [HEADER, ["AA1", cell, cell]]))
    assert read(path) == [(2, ("AA1", stored, shown))]


def test_numeric_headers_and_numbers_are_read_as_text(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ("一覧", [[2024, date(2024, 1, 1), *HEADER], [1, 2, 12345.0]]))
    assert read(path) == [(2, ("12345", None, None))]


def test_a_formula_that_was_never_calculated_is_unreadable(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ("一覧", [HEADER, ["AA1", "=1+1", "x"], ["AA2", 5, None]]))
    (_, (_, price, note)), second = read(path)
    assert isinstance(price, Unreadable)
    assert price.shown == "=1+1"
    assert "never calculated" in price.reason
    assert (note, second) == ("x", (3, ("AA2", 5, None)))


def test_a_stored_empty_text_of_a_formula_is_blank(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ("一覧", [HEADER, ["AA1", 5, '=IF(TRUE,"",1)']]))
    packed = BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            if part == "xl/worksheets/sheet1.xml":
                assert b'<c r="C2"><f>' in content
                content = content.replace(b'<c r="C2"><f>', b'<c r="C2" t="str"><f>')
            if part == "xl/workbook.xml":
                content = content.replace(b'fullCalcOnLoad="1"', b"")
            new.writestr(part, content)
    path.write_bytes(packed.getvalue())
    assert read(path) == [(2, ("AA1", 5, None))]


def test_the_only_visible_tab_is_read_or_the_one_named(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ("old", [HEADER, ["AA1"]]), ("new", [HEADER, ["AA2"]]), hidden="old")
    assert read(path)[0][1][0] == "AA2"
    assert read(path, tab_title="old")[0][1][0] == "AA1"


def test_several_visible_tabs_are_listed(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ("old", [HEADER]), ("new", [HEADER]))
    with pytest.raises(SourceError, match='"old", "new"'):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        pytest.param("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old", "save it as .xlsx", id="xls"),
        pytest.param(
            "a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1new", "password", id="with a password"
        ),
        pytest.param("a.xlsx", b"PK\x03\x04cut", "damaged", id="cut"),
        pytest.param("a.xlsx", b"", "damaged", id="empty"),
        pytest.param(
            "a.xlsx", with_an_empty_chart(), "has no headers", id="a chart without its drawing"
        ),
        pytest.param("a.ods", b"PK", "not a .csv or .xlsx", id="other"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words):
        read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.csv: No such file"):
        read(tmp_path / "gone.csv")


class _Growing(type(Path())):  # type: ignore[misc]  # Path's class depends on the system
    """A file that somebody has written to whenever it is looked at."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        with self.open("ab") as file:
            file.write(b"AA9,1,x\n")
        return super().stat(follow_symlinks=follow_symlinks)


def test_a_file_that_never_rests_is_refused(tmp_path: Path) -> None:
    path = csv_file(tmp_path, TEXT.encode())
    with pytest.raises(SourceError, match="written to while it was read"):
        read(_Growing(path))
