"""What a quiet run concluded comes back exactly, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from listing_sync.cells.listings import Checked, Rejection, SheetColumn, SheetContents
from listing_sync.cells.mapping import parse_mapping
from listing_sync.changes.plan import Plan
from listing_sync.changes.quiet import Fetched, Quiet
from listing_sync.errors import Category
from listing_sync.language.catalogue import speak
from listing_sync.language.choice import Language
from listing_sync.language.sentences import altered, english_of, phrase
from listing_sync.machine.quiet_memory import QuietMemoryFiles
from listing_sync.machine.state_dir import StateDir
from tests.fakes import FakeClock
from tests.sync_world import MAPPING

MAPPED = parse_mapping(MAPPING, name="mapping.toml")
KEY, NAME, PRICE, NOTE = MAPPED.columns
COLUMNS = (
    SheetColumn(KEY, "物件番号", "A"),
    SheetColumn(NAME, "Name", "B"),
    SheetColumn(replace(PRICE, unit="万円"), "Price (万円)", "D"),
)
QUIET = Quiet(
    fetched=(
        Fetched("looking up the spreadsheet", "https://x/a", {"accept": "application/json"}, "d1"),
        Fetched("reading 3 columns", "https://x/b", {}, "d2"),
    ),
    fingerprints=("f1", "f2"),
    read_whole_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    known="k",
    contents=SheetContents("Listings", "https://docs/x", "Asia/Tokyo", COLUMNS, (), (NOTE,)),
    checked=Checked(
        columns=COLUMNS,
        listings=(),
        rejections=(
            Rejection("AA1", 3, "Price", "Listings!D3", "abc", "no number", Category.VALIDATION),
            Rejection(None, 4, None, "Listings!A4", None, "none", link="https://docs/x&range=A4"),
        ),
        numbers=frozenset(),
        unknown_numbers=True,
        total_rows=9,
        rejected_rows=2,
        repeated=(("AA7", (5, 6)),),
    ),
    payloads={3: {"Price": "abc", "物件番号": "AA1 \ud800"}},
    plan=Plan(
        columns=COLUMNS,
        inserts=(),
        updates=(),
        unchanged=7,
        unlisted=("AA8", "ZZ\n1"),
        removals=(),
        table_size=9,
        filled=(9, 9, 8),
        blanked=(0, 0, 0),
        unseen=frozenset({"AA1", "AA7"}),
        has_rows=True,
    ),
)


@pytest.fixture
def files(tmp_path: Path) -> QuietMemoryFiles:
    return QuietMemoryFiles(StateDir(tmp_path, tmp_path / "target", FakeClock(), print))


def test_it_comes_back_for_its_source_and_identity_alone(files, tmp_path):
    assert files.load("sheet", "me", MAPPED) is None
    files.store("sheet", "me", QUIET)
    assert files.load("sheet", "me", MAPPED) == QUIET
    assert files.load("sheet", "another version", MAPPED) is None
    assert files.load("other", "me", MAPPED) is None
    [path] = (tmp_path / "target").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def rejected(reason: str) -> Quiet:
    rejection = Rejection("AA1", 3, "Price", "Listings!D3", "abc", reason, code="not_json")
    return replace(QUIET, checked=replace(QUIET.checked, rejections=(rejection,)))


@pytest.mark.parametrize("language", Language)
def test_a_reason_comes_back_in_the_language_of_the_office_and_in_english(files, language):
    speak(language)
    try:
        reason = phrase("not JSON", code="not_json")
        files.store("sheet", "me", rejected(reason))
        [found] = files.load("sheet", "me", MAPPED).checked.rejections
    finally:
        speak(Language.ENGLISH)
    assert found.reason == reason
    assert (english_of(found.reason), found.reason.code) == ("not JSON", "not_json")


def test_a_reason_that_cannot_be_kept_in_both_languages_is_not_gone_by(files):
    speak(Language.JAPANESE)
    try:
        cut = altered(phrase("not JSON", code="not_json"), lambda text: text[:3])
    finally:
        speak(Language.ENGLISH)
    files.store("sheet", "me", rejected(cut))
    assert files.load("sheet", "me", MAPPED) is None


@pytest.mark.slow
def test_any_damage_makes_it_nothing(files, tmp_path):
    files.store("sheet", "me", QUIET)
    [path] = (tmp_path / "target").iterdir()
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert files.load("sheet", "me", MAPPED) is None, at
        path.write_bytes(content[:at])
        assert files.load("sheet", "me", MAPPED) is None, at
