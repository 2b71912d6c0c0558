"""What the links of an .xlsx tab make of its cells in columns of addresses."""

from __future__ import annotations

import pytest

from listing_sync.cells.listings import Cell, Unreadable
from listing_sync.sheets.xlsx_links import TabLinks
from listing_sync.sheets.xlsx_package import RELATION_IDS

A, B = "https://x.example/a", "https://x.example/b"
ADDRESSES = {"rId1": A, "rId2": "mailto:a@x.example", "rId3": B}
ID = RELATION_IDS[0]
STALE = Unreadable("=1", "never calculated")


def linked(cells: list[Cell], links: TabLinks) -> list[Cell]:
    """Return column C, the only one of addresses, in rows 2 on."""
    rows = [(row, ("n", cell)) for row, cell in enumerate(cells, 2)]
    return [found[1] for _, found in links.linked(rows, {2: 1}, ADDRESSES)]


@pytest.mark.parametrize(
    ("reference", "places"),
    [
        ("C2", [True, False, False]),
        ("$C$2", [True, False, False]),
        ("C3:C9", [False, True, True]),
        ("A1:Z3", [True, True, False]),
        ("B2", [False, False, False]),
        ("D2:E4", [False, False, False]),
        ("C", [False, False, False]),
        ("", [False, False, False]),
        ("C2:", [True, False, False]),
        ("C2:x", [False, False, False]),
    ],
)
def test_a_link_is_of_every_cell_of_its_range(reference: str, places: list[bool]) -> None:
    links = TabLinks()
    links.take_element({"ref": reference, ID: "rId1"})
    assert linked(["a", "b", "c"], links) == [
        A if is_linked else text for is_linked, text in zip(places, "abc", strict=True)
    ]


@pytest.mark.parametrize(
    ("attributes", "address"),
    [
        ({ID: "rId1", "location": "top"}, f"{A}#top"),
        ({ID: "rId2"}, "a"),
        ({ID: "rId9"}, "a"),
        ({"location": "Other!A1"}, "a"),
        ({RELATION_IDS[1]: "rId3"}, B),
    ],
)
def test_a_link_leads_where_its_relation_says(attributes: dict[str, str], address: str) -> None:
    links = TabLinks()
    links.take_element({"ref": "C2", **attributes})
    assert linked(["a"], links) == [address]


@pytest.mark.parametrize(
    ("formula", "cell", "found"),
    [
        (f'HYPERLINK("{A}","a")', "a", A),
        (f'HYPERLINK("{A}","a")', B, B),
        (f'HYPERLINK("{A}","a")', STALE, STALE),
        (f'HYPERLINK("{A}","a")', "#REF!", "#REF!"),
        ('HYPERLINK("https://x/"&A2,"a")', STALE, STALE),
        ('HYPERLINK("https://x/"&A2,"a")', "a", "a"),
        (f'_xlfn.IMAGE("{A}")', "#VALUE!", A),
        (f'IFERROR(__xludf.DUMMYFUNCTION("IMAGE(""{A}"")"),"")', STALE, STALE),
        ("SUM(A1:A2)", "a", "a"),
    ],
)
def test_an_address_in_a_formula_counts_where_it_has_a_result(
    formula: str, cell: Cell, found: Cell
) -> None:
    links = TabLinks()
    links.take_formula(2, 2, formula)
    assert linked([cell], links) == [found]


def test_a_picture_whose_address_is_computed_is_rejected() -> None:
    links = TabLinks()
    links.take_formula(2, 2, "_xlfn.IMAGE(B2)")
    (cell,) = linked(["#VALUE!"], links)
    assert isinstance(cell, Unreadable)
    assert "whose address its formula computes" in cell.reason


def test_a_cell_that_cannot_be_read_stays_so_whatever_its_link() -> None:
    links = TabLinks()
    links.take_element({"ref": "C2:C4", ID: "rId1"})
    assert linked([STALE, "#REF!", None], links) == [STALE, "#REF!", A]
