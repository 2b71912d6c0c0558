"""Files just beyond a limit are refused by name and limit, within 10 s and 300 MiB."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest

from listing_sync.cells.listings import Unreadable
from listing_sync.cells.mapping import parse_mapping
from listing_sync.errors import SourceError
from listing_sync.sheets import file_limits
from listing_sync.sheets.file import FileSheet
from tests.bounded import run_bounded

pytestmark = pytest.mark.slow

MAPPING = """
table = "t"
key = "number"
[columns.number]
header = "Number"
type = "text"
[columns.link]
header = "Link"
type = "url"
"""
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_HEADERS = "".join(
    f'<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>'
    for at, text in (("A1", "Number"), ("B1", "Link"))
)
MIB = "a" * 1024 * 1024
READ = """
import sys
from pathlib import Path
from listing_sync.cells.mapping import parse_mapping
from listing_sync.errors import SourceError
from listing_sync.sheets.file import FileSheet
try:
    sheet = FileSheet(Path(sys.argv[1]), parse_mapping(sys.argv[2], name="m"))
    print(len(sheet.read(lambda _: None).rows), "rows")
except SourceError as error:
    print(error)
"""


def workbook(
    path: Path,
    cells: Iterable[str] = (),
    *,
    strings: Iterable[str] = (),
    after: Iterable[str] = (),
    parts: int = 0,
    styles: str = "",
    method: int = ZIP_DEFLATED,
) -> Path:
    """Write a workbook of one tab, piece by piece."""
    related = "".join(
        f'<Relationship Id="{kind}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for kind, target in (
            ("worksheet", "sheet.xml"),
            ("sharedStrings", "strings.xml"),
            ("styles", "styles.xml"),
        )
    )
    with ZipFile(path, "w", method) as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="worksheet"/></sheets></workbook>',
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f"{_RELATIONS}{related}</Relationships>")
        link = f'<Relationship Id="l" Type="{_OFFICE}/hyperlink" TargetMode="External"'
        archive.writestr(
            "xl/_rels/sheet.xml.rels", f'{_RELATIONS}{link} Target="http://x.jp/"/></Relationships>'
        )
        archive.writestr("xl/styles.xml", f"<styleSheet {_MAIN}>{styles}</styleSheet>")
        for at in range(parts):
            archive.writestr(f"part{at}", "")
        for name, pieces in (
            ("xl/strings.xml", (f"<sst {_MAIN}>", *strings, "</sst>")),
            (
                "xl/sheet.xml",
                (
                    f'<worksheet {_MAIN} xmlns:r="{_OFFICE}"><sheetData>',
                    f'<row r="1">{_HEADERS}</row>',
                    *cells,
                    *("</sheetData>", *after, "</worksheet>"),
                ),
            ),
        ):
            with archive.open(name, "w") as part:
                for piece in pieces:
                    part.write(piece.encode())
    return path


def rows(count: int) -> str:
    return "".join(f'<c r="A{row}"><v>{row}</v></c>' for row in range(2, count + 2))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        pytest.param({"cells": [" " * len(MIB)] * 2}, "more than a million characters", id="mark"),
        pytest.param({"cells": ["<!--", *["<a" * 2**19] * 3]}, "a million characters", id="remark"),
        pytest.param({"cells": ["<a/>" * 2**18] * 5}, "elements of XML", id="elements"),
        pytest.param({"cells": ["<a>" * 2**18] * 5}, "elements of XML", id="depth"),
        pytest.param(
            {"strings": [f"<si><t>{MIB[:900_000]}\U0001f600</t></si>"] * 12}, "texts", id="texts"
        ),
        pytest.param(
            {"strings": ["<si><t>ab</t></si>" * 2**15] * 20}, "(texts|elements)", id="small texts"
        ),
        pytest.param({"cells": ["<row>" + " " * 2**19 + "</row>"] * 50}, "unpacks", id="bytes"),
        pytest.param(
            {"styles": "".join(f'<numFmt numFmtId="{n}" formatCode="0"/>' for n in range(5_001))},
            "more than 5,000 number formats",
            id="formats",
        ),
        pytest.param({"parts": 10_001}, "10,00. parts", id="parts"),
        pytest.param(
            {"cells": [rows(3_000)], "after": ['<hyperlink ref="B2:B9999" r:id="l"/>' * 2_000]},
            "links lie over too many rows",
            id="links",
        ),
        pytest.param({"method": ZIP_BZIP2}, "packed in a way that is not read", id="method"),
        pytest.param({"cells": ['<c r="A1048577"><v>1</v></c>']}, "last one of Excel", id="row"),
        pytest.param({"cells": ['<c r="XFE2"><v>1</v></c>']}, "last one of Excel", id="column"),
        pytest.param({"cells": [rows(100_000)]}, "100000 rows", id="many rows are taken"),
    ],
)
def test_a_workbook_costs_little_whatever_it_unpacks_to(
    tmp_path: Path, parts: dict[str, object], words: str
) -> None:
    path = workbook(tmp_path / "book.xlsx", **parts)  # type: ignore[arg-type]
    assert path.stat().st_size < 1_100_000
    ended = run_bounded("-c", READ, str(path), MAPPING, seconds=10)
    assert (ended.status, ended.stderr) == (0, "")
    assert re.search(words, ended.stdout), ended.stdout


def test_a_cell_longer_than_any_program_has_is_rejected(tmp_path: Path) -> None:
    long = MIB[: file_limits.LARGEST_CELL + 1]
    cells = f'<c r="A2" t="inlineStr"><is><t>{long}</t></is></c>'
    (row,) = sheet(workbook(tmp_path / "book.xlsx", [cells])).read(lambda _: None).rows
    assert row[1][0] == Unreadable(long[:200], "longer than 100,000 characters")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('A,1\nB,"open\nC,3\nA,1\n', "row 3 has a quotation mark that is never closed, up to line"),
        (f"A,{MIB}a\n", r"row 2 has .* a field of more than 1,048,576 characters"),
        ("A" + "," * 16_384 + "\n", "row 2 has 16,385 fields, a sheet at most 16,384"),
        ("\n" * 1_048_576, "more than 1,048,576 rows"),
    ],
    ids=["quotation", "field", "fields", "rows"],
)
def test_a_csv_file_beyond_a_sheet_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(f"Number,Link\n{text}")
    with pytest.raises(SourceError, match=words):
        sheet(path).read(lambda _: None)


def test_a_header_without_end_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(f'"Number{MIB}')
    with pytest.raises(SourceError, match="row 1 has a quotation mark"):
        sheet(path).read(lambda _: None)


def test_a_file_above_the_largest_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    with path.open("wb") as file:
        file.truncate(file_limits.LARGEST_FILE + 1)
    with pytest.raises(SourceError, match="larger than 64 MiB"):
        sheet(path).read(lambda _: None)


def sheet(path: Path) -> FileSheet:
    return FileSheet(path, parse_mapping(MAPPING, name="m"))
