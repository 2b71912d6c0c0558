"""The same cells, written into .xlsx by several writers and served by Google, are one listing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from openpyxl.worksheet.hyperlink import Hyperlink

from listing_sync.cells.listings import Problem
from listing_sync.cells.mapping import parse_mapping
from listing_sync.cells.parsing import parser_for
from listing_sync.ports import Sheet
from listing_sync.sheets.file import FileSheet
from tests.google_reading import GoogleReading
from tests.stack.spreadsheet import Cell, Rich, Scalar, Shown

TYPES = ("text", "money", "area", "decimal", "integer", "date", "datetime", "boolean", "url")
MAPPING = parse_mapping(
    'table = "t"\nkey = "id"\n[columns.id]\nheader = "id"\ntype = "text"\n'
    + "".join(f'[columns.{each}]\nheader = "{each}"\ntype = "{each}"\n' for each in TYPES),
    name="mapping.toml",
)

CELLS: list[tuple[str, Scalar, str]] = [
    ("General", 29800000, "29800000"),
    ("General", 70.25, "70.25"),
    ("General", "2,980万円", "2,980万円"),
    ("General", "https://example.com/a.jpg", "https://example.com/a.jpg"),
    ("General", True, "TRUE"),
    ("0", 1, "1"),
    ("0", 8.5, "9"),
    ("00000", 123, "00123"),
    ("000-0000", 600001, "060-0001"),
    ('"AA"00000', 12345, "AA12345"),
    ('"築"0"年"', 25, "築25年"),
    ("#,##0", 29800000, "29,800,000"),
    ("#,##0;[Red]-#,##0", -1200, "-1,200"),
    ("#,##0;▲#,##0", -1200, "▲1,200"),
    ("#,##0.0_);(#,##0.0)", -1200, "(1,200.0)"),
    ("#,##0;-#,##0;0", 0, "0"),
    ("0.0;;", 5, "5.0"),
    ("0.0;;", -5, ""),
    ('"¥"#,##0', 29800000, "¥29,800,000"),
    ("[$¥-411]#,##0", 29800000, "¥29,800,000"),
    ('#,##0"円"', 8000, "8,000円"),
    ('#,##0"万円"', 2980, "2,980万円"),
    ('0.0"万円"', 8.5, "8.5万円"),
    ('#,##0,"千円"', 29800000, "29,800千円"),
    ("#,##0,", 29800000, "29,800"),
    ('"要確認 "#,##0', 2980, "要確認 2,980"),
    ('#,##0.00"㎡"', 70.254, "70.25㎡"),
    ('#,##0.00"坪"', 25.8, "25.80坪"),
    ('0"帖"', 6, "6帖"),
    ('[>=10000]#,##0,"K";0', 25000, "25K"),
    ("0%", 0.05, "5%"),
    ("0.00%", 0.1234, "12.34%"),
    ("0.00E+00", 12345, "1.23E+04"),
    ('0;-0;"-"', 0, "-"),
    (";;;", 5, ""),
    ("yyyy/m/d", date(2024, 1, 31), "2024/1/31"),
    ("yyyy-mm-dd", date(2024, 1, 31), "2024-01-31"),
    ('yyyy"年"m"月"d"日"', date(2024, 1, 31), "2024年1月31日"),
    ('[$-411]ggge"年"m"月"d"日";@', date(2024, 1, 31), "令和6年1月31日"),
    ("[$-411]ge.m.d", date(1989, 1, 8), "H1.1.8"),
    ("d-mmm-yy", date(2024, 1, 31), "31-Jan-24"),
    ('yyyy"年"m"月"', date(2024, 1, 31), "2024年1月"),
    ('m"月"d"日"', date(2024, 2, 3), "2月3日"),
    ("yyyymmdd", date(2024, 1, 31), "20240131"),
    ("yyyy/m/d h:mm", datetime.fromisoformat("2024-01-31T09:30"), "2024/1/31 9:30"),
    ("h:mm", 0.4375, "10:30"),
    ("[h]:mm:ss", 1.5, "36:00:00"),
    ('0000"-"00"-"00', 20240131, "2024-01-31"),
]


def _google(folder: Path, reading: GoogleReading) -> Sheet:
    rows: list[list[Cell]] = [["id", *TYPES]]
    for number, (_, value, text) in enumerate(CELLS):
        cell = value if isinstance(value, str | bool) else Shown(text, value)
        rows.append([f"AA{number}", *[cell] * len(TYPES)])
    reading.put(rows)
    return reading.sheet(MAPPING)


def _xlsxwriter(folder: Path, reading: GoogleReading) -> Sheet:
    with xlsxwriter.Workbook(folder / "a.xlsx") as workbook:
        sheet = workbook.add_worksheet("Listings")
        sheet.write_row(0, 0, ["id", *TYPES])
        for number, (code, value, _) in enumerate(CELLS):
            style = workbook.add_format({"num_format": code})
            sheet.write_string(number + 1, 0, f"AA{number}")
            for column in range(1, len(TYPES) + 1):
                if isinstance(value, date):
                    sheet.write_datetime(number + 1, column, value, style)
                elif isinstance(value, str):
                    sheet.write_string(number + 1, column, value, style)
                else:
                    sheet.write(number + 1, column, value, style)
    return FileSheet(folder / "a.xlsx", MAPPING)


def _openpyxl(folder: Path, reading: GoogleReading) -> Sheet:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Listings"
    sheet.append(["id", *TYPES])
    for number, (code, value, _) in enumerate(CELLS):
        sheet.append([f"AA{number}", *[value] * len(TYPES)])
        for cell in sheet[number + 2][1:]:
            cell.number_format = code
    workbook.save(folder / "b.xlsx")
    return FileSheet(folder / "b.xlsx", MAPPING)


def _libreoffice(folder: Path, reading: GoogleReading) -> Sheet:
    """Let LibreOffice read what xlsxwriter wrote, and write it as it writes cells and formats."""
    if not (folder / "a.xlsx").exists():
        _xlsxwriter(folder, reading)
    subprocess.run(
        [
            *(str(OFFICE), "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}"),
            *("--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "office")),
            str(folder / "a.xlsx"),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return FileSheet(folder / "office" / "a.xlsx", MAPPING)


OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
WRITERS: dict[str, Callable[[Path, GoogleReading], Sheet]] = {
    "google": _google,
    "xlsxwriter": _xlsxwriter,
    "openpyxl": _openpyxl,
    **({"libreoffice": _libreoffice} if OFFICE else {}),
}
"""Whoever writes the cells of CELLS into some sheet belongs here."""


Outcomes = dict[str, dict[str, object]]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcomes]:
    """What becomes of each cell, by writer, type of column, and format with value."""
    folder = tmp_path_factory.mktemp("written")
    with GoogleReading() as reading:
        return {writer: _outcomes(write(folder, reading)) for writer, write in WRITERS.items()}


def _outcomes(sheet: Sheet) -> Outcomes:
    contents = sheet.read(lambda _: None)
    found: Outcomes = {}
    for at, known in enumerate(contents.columns):
        parse = parser_for(known.column, UTC)
        cells = [parse(row[at]) for _, row in contents.rows]
        found[known.column.name] = {
            f"{value!r} as {code}": "rejected" if isinstance(cell, Problem) else cell
            for (code, value, _), cell in zip(CELLS, cells, strict=True)
        }
    return found


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("writer", [writer for writer in WRITERS if writer != "google"])
def test_a_cell_is_what_it_is_through_google(
    outcomes: dict[str, Outcomes], writer: str, kind: str
) -> None:
    assert outcomes[writer][kind] == outcomes["google"][kind]


@pytest.mark.parametrize("writer", list(WRITERS))
def test_text_columns_hold_what_is_seen(outcomes: dict[str, Outcomes], writer: str) -> None:
    texts = [text or None for _, _, text in CELLS]
    assert list(outcomes[writer]["text"].values()) == texts


# -- addresses behind a text --------------------------------------------------------------------

PHOTO = "https://x.example/a.jpg?b=1&c=2"
LINKS: list[tuple[Rich | str | None, str, str, str | None]] = [
    (Rich("写真", link=PHOTO), "", PHOTO, PHOTO),
    (Rich("写真", link=f"{PHOTO}#top"), "", f"{PHOTO}#top", f"{PHOTO}#top"),
    (Rich(PHOTO, link="https://other.example"), "", "https://other.example", PHOTO),
    (Rich("写真", link="mailto:a@x.example"), "", "mailto:a@x.example", "rejected"),
    (Rich("写真", link="#gid=0&range=A1"), "", "internal:Other!A1", "rejected"),
    (Rich("写真", formula=f'=HYPERLINK("{PHOTO}","写真")'), "写真", "", PHOTO),
    (Rich("写真", formula='=HYPERLINK("#gid=0","写真")'), "写真", "", "rejected"),
    (Rich("写真", formula='=HYPERLINK("https://a/"&A2,"写真")'), "写真", "", "rejected"),
    (Rich("", formula=f'=IMAGE("{PHOTO}")'), "#VALUE!", "", PHOTO),
    (Rich("", formula="=IMAGE(B2)"), "#VALUE!", "", "rejected"),
    ("写真", "", "", "rejected"),
    (PHOTO, "", "", PHOTO),
    (None, "", "", None),
]
"""(cell of Google, result of its formula, link of Excel's cell, its address) of a url column."""
LINKED = parse_mapping(
    'table = "t"\nkey = "id"\n[columns.id]\nheader = "id"\ntype = "text"\n'
    '[columns.photo]\nheader = "photo"\ntype = "url"\n[columns.note]\nheader = "note"\n'
    'type = "text"\n',
    name="mapping.toml",
)


def _text_of(cell: Rich | str | None) -> str | None:
    return str(cell.value) if isinstance(cell, Rich) else cell


def _linked_google(folder: Path, reading: GoogleReading) -> Sheet:
    cells = [[f"AA{number}", cell, "n"] for number, (cell, *_) in enumerate(LINKS)]
    reading.put([["id", "photo", "note"], *cells])
    return reading.sheet(LINKED)


def _linked_xlsxwriter(folder: Path, reading: GoogleReading) -> Sheet:
    with xlsxwriter.Workbook(folder / "c.xlsx") as workbook:
        workbook.calc_on_load = False  # the results of its formulas count
        sheet = workbook.add_worksheet("Listings")
        workbook.add_worksheet("Other")
        sheet.write_row(0, 0, ["id", "photo", "note"])
        for row, (cell, result, link, _) in enumerate(LINKS, 1):
            sheet.write_row(row, 0, [f"AA{row - 1}", None, "n"])
            if isinstance(cell, Rich) and cell.formula:
                sheet.write_formula(row, 1, cell.formula, value=result)
            elif link:
                sheet.write_url(row, 1, link, string=_text_of(cell))
            elif cell:
                sheet.write_string(row, 1, str(cell))
    return FileSheet(folder / "c.xlsx", LINKED, tab_title="Listings")


def _linked_openpyxl(folder: Path, reading: GoogleReading) -> Sheet:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Listings"
    sheet.append(["id", "photo", "note"])
    for number, (cell, _, link, _) in enumerate(LINKS):
        formula = cell.formula if isinstance(cell, Rich) else ""
        sheet.append([f"AA{number}", formula or _text_of(cell), "n"])
        if link.startswith("internal:"):
            place = f"B{number + 2}"
            sheet[place].hyperlink = Hyperlink(ref=place, location=link.partition(":")[2])
        elif link:
            sheet.cell(number + 2, 2).hyperlink = link
    workbook.save(folder / "d.xlsx")
    return FileSheet(folder / "d.xlsx", LINKED)


@pytest.mark.parametrize(
    ("write", "calculates"),
    [(_linked_google, True), (_linked_xlsxwriter, True), (_linked_openpyxl, False)],
)
def test_the_address_behind_a_cell_is_the_same_whoever_wrote_it(
    tmp_path: Path, write: Callable[[Path, GoogleReading], Sheet], *, calculates: bool
) -> None:
    with GoogleReading() as reading:
        contents = write(tmp_path, reading).read(lambda _: None)
    parse = parser_for(LINKED.columns[1], UTC)
    found = [parse(cells[1]) for _, cells in contents.rows]
    wanted = [
        "rejected" if isinstance(cell, Rich) and cell.formula and not calculates else address
        for cell, *_, address in LINKS
    ]
    assert ["rejected" if isinstance(each, Problem) else each for each in found] == wanted
