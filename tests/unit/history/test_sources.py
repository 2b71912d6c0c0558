"""One sheet, however its tab is spelled."""

from __future__ import annotations

import pytest

from listing_sync.history.sources import Source, as_read, unread

ID = "google:ID"
LINK = "https://docs.google.com/spreadsheets/d/ID/edit#gid=7"


@pytest.mark.parametrize("spelled", [ID, f"{ID}#gid=7", f"{ID}#Listings"])
def test_a_google_tab_is_named_by_its_number_and_owns_what_any_spelling_recorded(
    spelled: str,
) -> None:
    source = as_read(unread(spelled, ID), "Listings", LINK)
    assert source.names[0] == f"{ID}#gid=7"
    assert set(source.names) == {ID, f"{ID}#gid=7", f"{ID}#Listings"}
    assert source.owns(f"{ID}#Listings")
    assert not source.owns(f"{ID}#gid=8")


@pytest.mark.parametrize("spelled", ["file:/s.CSV", "file:/s.CSV#s", "file:/s.CSV#other"])
def test_a_csv_file_has_one_tab_whatever_it_is_called(spelled: str) -> None:
    source = as_read(unread(spelled, "file:/s.CSV"), "s", None)
    assert source.names[0] == "file:/s.CSV"
    assert source.owns("file:/s.CSV#s")
    assert source.owns(spelled)


def test_the_tabs_of_a_workbook_are_sources_of_their_own() -> None:
    one = as_read(unread("file:/s.xlsx", "file:/s.xlsx"), "May", None)
    other = as_read(unread("file:/s.xlsx#June", "file:/s.xlsx"), "June", None)
    assert (one.names[0], other.names[0]) == ("file:/s.xlsx#May", "file:/s.xlsx#June")
    assert not one.owns("file:/s.xlsx#June")


def test_a_tab_that_was_renamed_keeps_its_former_title_and_another_tab_does_not() -> None:
    first = as_read(unread(ID, ID), "Listings", LINK)
    assert as_read(first, "Homes", LINK).owns(f"{ID}#Listings")
    moved = as_read(first, "Homes", LINK.replace("gid=7", "gid=8"))
    assert moved.names[0] == f"{ID}#gid=8"
    assert not moved.owns(f"{ID}#Listings")
    assert not moved.owns(f"{ID}#gid=7")


def test_what_was_not_read_yet_owns_every_tab_and_what_has_no_name_everything() -> None:
    source = unread(f"{ID}#Listings", ID)
    assert source.owns(f"{ID}#gid=8")
    assert source.owns(ID)
    assert not source.owns("google:ID2")
    assert Source("").owns("anything")
    assert as_read(Source("sheet"), "Listings", LINK) == Source("sheet")
