"""The Google reader against a loopback Google: renderings, edits in between, chunks, refusals."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Shown as ShownCell
from listing_sync.cells.mapping import SheetMapping, parse_mapping
from listing_sync.errors import (
    Category,
    ListingSyncError,
    PermanentError,
    SourceError,
    TransientError,
)
from listing_sync.sheets.google_api import Rendering
from tests.google_reading import GoogleReading
from tests.stack.google_sheets import DEFAULT_SPREADSHEET
from tests.stack.google_token import SERVICE_ACCOUNT
from tests.stack.loopback import Answer, Request
from tests.stack.spreadsheet import Shown

MAPPING = parse_mapping(
    """
    table = "property_listings"
    key = "property_number"
    [columns.property_number]
    header = "Number"
    type = "text"
    required = true
    [columns.price]
    header = "Price"
    type = "money"
    [columns.address]
    header = "Address"
    type = "text"
    [columns.contract_date]
    header = "Contract"
    type = "date"
    """,
    name="mapping.toml",
)
TEXT_ONLY = parse_mapping(
    """
    table = "property_listings"
    key = "property_number"
    [columns.property_number]
    header = "Number"
    type = "text"
    required = true
    """,
    name="mapping.toml",
)
HEADER = ["Number", "Price", "Address", "Contract"]
CONTRACT = datetime(2024, 1, 31)  # noqa: DTZ001 - a sheet's time has no zone


def once_only(answer: Callable[[Request], Answer | None]) -> Callable[[Request], Answer | None]:
    """Return the hook that is not asked about the requests that it makes itself."""
    is_asking = False

    def hook(request: Request) -> Answer | None:
        nonlocal is_asking
        if is_asking:
            return None
        is_asking = True
        try:
            return answer(request)
        finally:
            is_asking = False

    return hook


@pytest.fixture
def reading() -> Iterator[GoogleReading]:
    with GoogleReading() as reading:
        yield reading


def listings(count: int) -> list[list[Any]]:
    return [
        [f"AA{number}", number * 1000, f"Street {number}", date(2024, 1, 31)]
        for number in range(1, count + 1)
    ]


def expected(rows: list[list[Any]], first: int = 2) -> list[tuple[int, tuple[Any, ...]]]:
    return [
        (row, (number, price, address, CONTRACT))
        for row, (number, price, address, _) in enumerate(rows, first)
    ]


def rows_of(sheet: Any) -> list[Any]:
    return list(sheet.read(lambda _: None).rows)


def once(act: Callable[[], None], *, at: int, holding: str) -> Callable[[Request], None]:
    """A hook that acts at the `at`-th request whose address holds the text."""
    seen = 0
    lock = threading.Lock()

    def hook(request: Request) -> None:
        nonlocal seen
        with lock:
            seen += holding in request.target
            if holding in request.target and seen == at:
                act()

    return hook


def test_texts_come_as_shown_and_numbers_as_stored_unless_they_show_something_else(
    reading: GoogleReading,
) -> None:
    reading.put(
        [
            HEADER,
            ["AA1", Shown("¥34,800,000", 34_800_000), Shown("1丁目", 1), date(2024, 1, 31)],
            ["AA2", True, True, "応相談"],
            ["AA3", Shown("2,980万円", 2980), None, Shown("240131", 240_131)],
        ]
    )
    contents = reading.sheet(MAPPING).read(lambda _: None)
    assert contents.rows == [
        (2, ("AA1", 34_800_000, "1丁目", CONTRACT)),
        (3, ("AA2", True, "TRUE", "応相談")),
        (4, ("AA3", ShownCell("2,980万円", 2980), None, ShownCell("240131", 240_131))),
    ]
    assert contents.time_zone == "Asia/Tokyo"
    assert contents.link_base == (
        f"https://docs.google.com/spreadsheets/d/{DEFAULT_SPREADSHEET}/edit#gid=0"
    )


def test_one_rendering_takes_one_request(reading: GoogleReading) -> None:
    reading.put([HEADER, ["AA1"]])
    rows_of(reading.sheet(TEXT_ONLY))
    assert reading.calls == [
        "signing in to Google",
        "looking up the spreadsheet",
        "reading the header row",
        "reading 1 columns from row 2 on",
    ]


@pytest.mark.parametrize("dimension", ["ROWS", "COLUMNS"])
@pytest.mark.parametrize("says", [True, False], ids=["said", "not said"])
def test_an_answer_is_read_by_what_it_says_it_is(
    reading: GoogleReading, dimension: str, *, says: bool
) -> None:
    rows = [HEADER, ["AA1", 1, "a"], [], ["AA3", None, "c", CONTRACT]]
    reading.put(rows)
    wanted = reading.sheet(MAPPING).read(lambda _: None)

    def answer(request: Request) -> Answer | None:
        if "batchGet" not in request.target:
            return None
        target = request.target.replace("majorDimension=COLUMNS", f"majorDimension={dimension}")
        if not says and dimension == "ROWS":  # what the API takes for said
            target = target.replace("majorDimension%2C", "")
        return reading.google.answer(replace(request, target=target))

    reading.google.before_request(once_only(answer))
    assert reading.sheet(MAPPING).read(lambda _: None) == wanted


def test_rows_are_rows_however_they_are_sent(reading: GoogleReading) -> None:
    reading.put([["AA1", "x"], [], ["", "y"]])
    body = {"range": "A1", "majorDimension": "COLUMNS", "values": [["AA1"], ["x", "", "y"]]}
    content = json.dumps({"valueRanges": [body]}).encode()
    reading.google.before_request(
        lambda r: Answer(200, JSON, content) if "batchGet" in r.target else None
    )
    assert reading.api().rows(["A1:B3"], Rendering.SHOWN, "reading") == [
        [["AA1", "x"], ["", ""], ["", "y"]]
    ]


def test_only_mapped_columns_are_asked_for(reading: GoogleReading) -> None:
    reading.put([["Number", "secret", "Price", "Address", "Contract"], ["AA1", "s", 1, "a"]])
    rows_of(reading.sheet(MAPPING))
    ranges = [r.query["ranges"] for r in reading.google.requests if "ranges" in r.query]
    assert ranges[1:] == [
        ["'Listings'!A1:ZZZ1", "'Listings'!A2:A", "'Listings'!C2:E"],
        ["'Listings'!A1:ZZZ1", "'Listings'!A2:A", "'Listings'!C2:C", "'Listings'!E2:E"],
    ]


def test_the_token_is_fetched_once(reading: GoogleReading) -> None:
    reading.put([HEADER])
    sheet = reading.sheet(MAPPING)
    rows_of(sheet)
    rows_of(sheet)
    assert [r.path for r in reading.google.requests].count("/token") == 1


def test_formatted_numbers_as_keys_are_read_with_one_look_more(reading: GoogleReading) -> None:
    reading.put([HEADER, [Shown("AA00001", 1), 5, "x"], [Shown("AA00002", 2), 6, "y"]])
    assert rows_of(reading.sheet(MAPPING)) == [
        (2, ("AA00001", 5, "x", None)),
        (3, ("AA00002", 6, "y", None)),
    ]
    assert len(reading.calls) == 6


def test_whole_numbers_as_keys_are_read_as_shown(reading: GoogleReading) -> None:
    number = Column("number", ("Number",), ColumnType.INTEGER, required=True)
    price = Column("price", ("Price",), ColumnType.MONEY)
    reading.put([["Number", "Price"], [1, 5], ["２", 6], [3, 7]])
    sheet = reading.sheet(SheetMapping("t", "number", (number, price)))
    assert rows_of(sheet) == [(2, ("1", 5)), (3, ("２", 6)), (4, ("3", 7))]
    assert sheet.read_listings(frozenset({"2"})).contents.rows == [(3, ("２", 6))]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(
            lambda google: google.insert_row(DEFAULT_SPREADSHEET, "Listings", 3, ["BB1", 7, "n"]),
            id="insert",
        ),
        pytest.param(
            lambda google: google.delete_row(DEFAULT_SPREADSHEET, "Listings", 3), id="delete"
        ),
        pytest.param(
            lambda google: google.sort(DEFAULT_SPREADSHEET, "Listings", "A", reverse=True),
            id="sort",
        ),
        pytest.param(
            lambda google: google.insert_row(DEFAULT_SPREADSHEET, "Listings", 11, ["BB1", 7, "n"]),
            id="append",
        ),
    ],
)
@pytest.mark.parametrize("budget_cells", [250_000, 16], ids=["whole", "chunks"])
@pytest.mark.parametrize("moment", range(2, 10))
def test_an_edit_between_two_requests_never_mixes_rows(
    reading: GoogleReading, edit: Callable[[Any], None], budget_cells: int, moment: int
) -> None:
    reading.put([HEADER, *listings(9)])
    reading.google.before_request(once(lambda: edit(reading.google), at=moment, holding="batchGet"))
    for _, (number, price, address, _) in rows_of(
        reading.sheet(MAPPING, budget_cells=budget_cells)
    ):
        if number == "BB1":
            assert (price, address) == (7, "n")
        else:
            assert price == int(number[2:]) * 1000
            assert address == f"Street {number[2:]}"


def test_chunks_give_what_one_read_gives(reading: GoogleReading) -> None:
    rows = listings(25)
    reading.put([HEADER, *rows], row_count=26)
    assert rows_of(reading.sheet(MAPPING, budget_cells=16)) == expected(rows)


def test_rows_without_a_number_below_the_last_one_are_read_too(reading: GoogleReading) -> None:
    reading.put([HEADER, *listings(3), ["", 5]], row_count=2000)
    assert rows_of(reading.sheet(MAPPING, budget_cells=8))[-1] == (5, (None, 5, None, None))


def test_a_long_blank_grid_takes_no_more_requests(reading: GoogleReading) -> None:
    reading.put([HEADER, *listings(3)], row_count=1_000_000)
    rows_of(reading.sheet(MAPPING))
    assert len(reading.calls) == 6


def test_a_change_in_a_later_chunk_does_not_read_the_earlier_ones_again(
    reading: GoogleReading,
) -> None:
    reading.put([HEADER, *listings(8)], row_count=9)
    reading.google.before_request(
        once(
            lambda: reading.google.insert_row(
                DEFAULT_SPREADSHEET, "Listings", 10, ["BB1", 7, "n", date(2024, 1, 31)]
            ),
            at=7,
            holding="batchGet",
        )
    )
    rows = rows_of(reading.sheet(MAPPING, budget_cells=16))
    assert rows == expected([*listings(8), ["BB1", 7, "n", None]])
    chunks = [call for call in reading.calls if "columns from" in call]
    assert chunks.count("reading 3 columns from row 2 on") == 1
    assert chunks.count("reading 3 columns from row 6 on") == 2


def test_columns_that_move_are_looked_up_again(reading: GoogleReading) -> None:
    reading.put([HEADER, *listings(2)])

    def move() -> None:
        reading.put([["new", *HEADER], *(["", *row] for row in listings(2))])

    reading.google.before_request(once(move, at=3, holding="batchGet"))
    assert rows_of(reading.sheet(MAPPING)) == expected(listings(2))


def test_a_sheet_that_never_rests_ends_as_a_failure_of_the_moment(reading: GoogleReading) -> None:
    reading.put([HEADER, *listings(2)])

    def edit(request: Request) -> None:
        if "batchGet" in request.target:
            reading.google.insert_row(DEFAULT_SPREADSHEET, "Listings", 2, ["BB1"])

    reading.google.before_request(edit)
    with pytest.raises(TransientError, match="edited while it was being read"):
        rows_of(reading.sheet(MAPPING))


def test_selected_listings_are_read_row_by_row(reading: GoogleReading) -> None:
    rows = listings(100)
    reading.put([HEADER, *rows])
    selected = reading.sheet(MAPPING).read_listings(frozenset({"AA10", "AA11", "AA50"}))
    assert selected.contents.rows == [*expected(rows[9:11], 11), *expected(rows[49:50], 51)]
    ranges = [r.query["ranges"] for r in reading.google.requests if "ranges" in r.query]
    assert ranges[-1] == ["'Listings'!A1:ZZZ1", "'Listings'!A11:D12", "'Listings'!A51:D51"]


def test_many_selected_listings_are_read_with_the_whole_tab(reading: GoogleReading) -> None:
    rows = listings(1000)
    reading.put([HEADER, *rows])
    wanted = frozenset(number for number, *_ in rows[::2])
    selected = reading.sheet(MAPPING).read_listings(wanted)
    assert [row[1][0] for row in selected.contents.rows] == [row[0] for row in rows[::2]]
    assert len(reading.calls) == 6
    assert max(len(request.target) for request in reading.google.requests) < 7000


def test_many_selected_listings_of_a_huge_tab_take_short_requests(reading: GoogleReading) -> None:
    rows = listings(1000)
    reading.put([HEADER, *rows])
    wanted = frozenset(number for number, *_ in rows[::3])
    selected = reading.sheet(MAPPING, budget_cells=40).read_listings(wanted)
    assert [row[1][0] for row in selected.contents.rows] == [row[0] for row in rows[::3]]
    assert max(len(request.target) for request in reading.google.requests) < 7000


@pytest.mark.parametrize("moment", range(2, 6))
def test_selected_rows_that_move_are_found_again(reading: GoogleReading, moment: int) -> None:
    reading.put([HEADER, *listings(9)])
    reading.google.before_request(
        once(
            lambda: reading.google.insert_row(DEFAULT_SPREADSHEET, "Listings", 2, ["BB1"]),
            at=moment,
            holding="batchGet",
        )
    )
    (row,) = reading.sheet(MAPPING).read_listings(frozenset({"AA5"})).contents.rows
    assert row[1] == ("AA5", 5000, "Street 5", CONTRACT)


def test_tabs_are_chosen_by_title_by_gid_or_as_the_only_visible_one(
    reading: GoogleReading,
) -> None:
    reading.put([HEADER, ["AA1"]], title="It's 一覧", sheet_id=0)
    reading.put([HEADER, ["AA2"]], title="A1", sheet_id=7, hidden=True)
    assert rows_of(reading.sheet(TEXT_ONLY))[0][1] == ("AA1",)
    assert rows_of(reading.sheet(TEXT_ONLY, gid=7))[0][1] == ("AA2",)
    assert rows_of(reading.sheet(TEXT_ONLY, tab_title="A1"))[0][1] == ("AA2",)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(
            {"tab_title": "Listing"}, ['"Listings", "Sold"', "SYNC_SHEET_NAME"], id="title"
        ),
        pytest.param({"gid": 99}, ["gid=99", '"Listings"'], id="gid"),
        pytest.param({}, ["2 visible tabs", '"Sold"'], id="several"),
        pytest.param(
            {"tab_title": "Sold", "header_row": 1000}, ["5 rows", "SYNC_HEADER_ROW"], id="too low"
        ),
    ],
)
def test_a_tab_that_cannot_be_chosen_names_the_tabs(
    reading: GoogleReading, options: dict[str, Any], words: list[str]
) -> None:
    reading.put([HEADER], title="Listings", sheet_id=0)
    reading.put([HEADER], title="Sold", sheet_id=1, row_count=5)
    with pytest.raises(SourceError) as refusal:
        rows_of(reading.sheet(TEXT_ONLY, **options))
    for word in words:
        assert word in str(refusal.value)


def test_a_grid_that_ends_at_its_header_has_no_rows(reading: GoogleReading) -> None:
    reading.put([HEADER], row_count=1)
    assert rows_of(reading.sheet(MAPPING)) == []
    assert reading.sheet(MAPPING).read_listings(frozenset({"AA1"})).contents.rows == []


def test_null_and_left_out_properties_say_nothing(reading: GoogleReading) -> None:
    reading.put([HEADER])
    tab = {"title": "Listings", "gridProperties": None}
    body = json.dumps({"properties": None, "sheets": [{"properties": tab}]}).encode()
    path = f"/v4/spreadsheets/{DEFAULT_SPREADSHEET}"
    reading.google.before_request(lambda r: Answer(200, JSON, body) if r.path == path else None)
    assert rows_of(reading.sheet(MAPPING)) == []


def refusal_of(reading: GoogleReading, **options: Any) -> ListingSyncError:
    with pytest.raises(ListingSyncError) as refusal:
        rows_of(reading.sheet(MAPPING, **options))
    return refusal.value


def test_a_sheet_that_is_not_shared_names_whom_to_share_it_with(reading: GoogleReading) -> None:
    reading.put([HEADER])
    reading.google.unshare(DEFAULT_SPREADSHEET)
    failure = refusal_of(reading)
    assert isinstance(failure, PermanentError)
    assert "share it with it (Viewer)" in str(failure)
    assert SERVICE_ACCOUNT in str(failure)


def test_an_unknown_spreadsheet_says_what_to_check(reading: GoogleReading) -> None:
    failure = refusal_of(reading, spreadsheet_id="1unknownunknown")
    assert isinstance(failure, PermanentError)
    assert "SYNC_SPREADSHEET_ID" in str(failure)


@pytest.mark.parametrize("skew_s", [-7200, 7200])
def test_a_wrong_clock_is_named(reading: GoogleReading, skew_s: float) -> None:
    reading.google.sign_in.clock_skew_s = skew_s
    failure = refusal_of(reading)
    assert isinstance(failure, PermanentError)
    assert "clock" in str(failure)


def test_a_token_withdrawn_before_its_time_is_renewed_once(reading: GoogleReading) -> None:
    reading.put([HEADER, ["AA1", 1]])
    sheet = reading.sheet(MAPPING)
    before = rows_of(sheet)
    reading.google.expire_tokens()
    assert rows_of(sheet) == before


def test_a_token_refused_again_is_permanent(reading: GoogleReading) -> None:
    reading.put([HEADER])
    reading.google.before_request(lambda _: reading.google.expire_tokens())
    with pytest.raises(PermanentError, match="does not accept"):
        rows_of(reading.sheet(MAPPING))


JSON = (("Content-Type", "application/json"),)


@pytest.mark.parametrize("path", ["/token", "/v4/"])
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(200, body=b"<html>sign in to the hotel</html>"), id="html"),
        pytest.param(Answer(200), id="empty"),
        pytest.param(Answer(200, JSON, b"[]"), id="list"),
        pytest.param(Answer(200, JSON, b"{}"), id="empty object"),
        pytest.param(Answer(200, JSON, b'{"valueRanges": [{"values": [1]}]}'), id="no rows"),
        pytest.param(Answer(200, JSON, b'{"valueRanges": [{"values": [[{}]]}]}'), id="no cell"),
        pytest.param(Answer(200, JSON, b'{"sheets": ['), id="half"),
        pytest.param(Answer(200, JSON, b"\xff\xfe{}"), id="no UTF-8"),
        pytest.param(Answer(200, JSON, b'"text"'), id="text"),
        pytest.param(Answer(200, JSON, b"[" * 100_000), id="nested"),
        pytest.param(Answer(200, JSON, b"9" * 5_000), id="digits"),
        pytest.param(Answer(200, JSON, b'{"sheets": NaN}'), id="NaN"),
        pytest.param(Answer(503, JSON, b'{"error": ' + b"[" * 100_000), id="503, nested"),
        pytest.param(Answer(503, body=b"<html>busy</html>"), id="503"),
        pytest.param(Answer(500, JSON, b"{}"), id="500"),
        pytest.param(Answer(408), id="408"),
        pytest.param(
            Answer(200, (("Content-Encoding", "gzip"),), b"not gzip"), id="broken compression"
        ),
    ],
)
def test_answers_of_somebody_else_are_failures_of_the_moment(
    reading: GoogleReading, path: str, answer: Answer
) -> None:
    reading.put([HEADER])
    reading.google.before_request(lambda r: answer if r.path.startswith(path) else None)
    failure = refusal_of(reading)
    assert isinstance(failure, TransientError)
    assert failure.category is Category.NETWORK
    assert len([r for r in reading.google.requests if r.path.startswith(path)]) == 1


@pytest.mark.parametrize("path", ["/token", "/v4/"])
def test_quota_errors_carry_the_wait_that_google_asks_for(
    reading: GoogleReading, path: str
) -> None:
    reading.put([HEADER])
    answer = Answer(429, (("Retry-After", "7"),), b'{"error": {"code": 429}}')
    reading.google.before_request(lambda r: answer if r.path.startswith(path) else None)
    failure = refusal_of(reading)
    assert isinstance(failure, TransientError)
    assert (failure.category, failure.retry_after_s) == (Category.RATE_LIMIT, 7.0)


@pytest.mark.parametrize("status", [301, 302, 307])
def test_redirects_are_not_followed(reading: GoogleReading, status: int) -> None:
    answer = Answer(status, (("Location", f"{reading.google.url}/elsewhere"),))
    reading.google.before_request(lambda r: answer if "/v4/" in r.path else None)
    assert isinstance(refusal_of(reading), PermanentError)
    assert "/elsewhere" not in [request.path for request in reading.google.requests]


def test_a_host_that_refuses_is_a_failure_of_the_moment(reading: GoogleReading) -> None:
    failure = refusal_of(reading, endpoint="http://127.0.0.1:9")
    assert isinstance(failure, TransientError)


def test_no_message_holds_a_token_or_an_address(reading: GoogleReading) -> None:
    reading.google.before_request(lambda r: Answer(418, JSON, b"{}") if "/v4/" in r.path else None)
    text = str(refusal_of(reading))
    assert "ya29" not in text
    assert "127.0.0.1" not in text


def test_no_thread_is_left_that_asks_google_for_more(reading: GoogleReading) -> None:
    reading.put([HEADER])
    before = set(threading.enumerate())
    rows_of(reading.sheet(MAPPING))
    new = [thread for thread in set(threading.enumerate()) - before if "Boundary" in repr(thread)]
    assert new == []
    assert {request.path.split("/")[1] for request in reading.google.requests} == {"token", "v4"}


# -- the headers of the last run ---------------------------------------------------------------


class Memory:
    """Keeps a document as a file does: as JSON."""

    def __init__(self) -> None:
        self.text = "{}"
        self.stores = 0

    def load(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found

    def store(self, memory: Any) -> None:
        self.text = json.dumps(memory)
        self.stores += 1


def test_a_run_that_remembers_the_headers_takes_three_reads(reading: GoogleReading) -> None:
    reading.put([HEADER, *listings(2)])
    memory = Memory()
    for _ in range(2):
        reading.calls.clear()
        assert rows_of(reading.sheet(MAPPING, memory=memory)) == expected(listings(2))
    assert reading.calls[1:] == [
        "looking up the spreadsheet",
        "reading 4 columns from row 2 on",
        "reading 3 columns from row 2 on",
    ]
    assert memory.stores == 1


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda rows: [["new", *row] for row in rows], id="a column more"),
        pytest.param(lambda rows: [row[:1] + row[2:] for row in rows], id="a column less"),
        pytest.param(lambda rows: [list(reversed(row)) for row in rows], id="other order"),
        pytest.param(lambda rows: [rows[0][:3], *(row[:3] for row in rows[1:])], id="cut"),
    ],
)
def test_headers_that_moved_since_the_last_run_are_looked_up(
    reading: GoogleReading, edit: Callable[[Any], Any]
) -> None:
    rows = [HEADER, *listings(2)]
    memory = Memory()
    reading.put(rows)
    rows_of(reading.sheet(MAPPING, memory=memory))
    reading.put(edit(rows))
    remembering = reading.sheet(MAPPING, memory=memory).read(lambda _: None)
    looking = reading.sheet(MAPPING).read(lambda _: None)
    assert remembering == looking
    assert memory.stores == 2


def test_a_required_header_that_went_is_missed_though_it_is_remembered(
    reading: GoogleReading,
) -> None:
    reading.put([HEADER, *listings(2)])
    memory = Memory()
    rows_of(reading.sheet(MAPPING, memory=memory))
    reading.put([["No.", *HEADER[1:]], *listings(2)])
    with pytest.raises(SourceError, match="no header for the required column"):
        rows_of(reading.sheet(MAPPING, memory=memory))


def test_headers_of_another_mapping_tab_or_row_are_not_remembered(reading: GoogleReading) -> None:
    reading.put([["No."], ["AA1"]], title="Other", sheet_id=1)
    reading.put([HEADER, *listings(2)])
    memory = Memory()
    rows_of(reading.sheet(MAPPING, tab_title="Listings", memory=memory))
    other = parse_mapping(
        'table = "t"\nkey = "number"\n[columns.number]\nheader = "No."\ntype = "text"\n', name="m"
    )
    assert rows_of(reading.sheet(other, tab_title="Other", memory=memory)) == [(2, ("AA1",))]
    memory.text = '{"headers": 5}'
    assert len(rows_of(reading.sheet(MAPPING, tab_title="Listings", memory=memory))) == 2


def test_a_tab_that_became_smaller_than_remembered_is_looked_at_anew(
    reading: GoogleReading,
) -> None:
    reading.put([HEADER, *listings(2)])
    memory = Memory()
    rows_of(reading.sheet(MAPPING, memory=memory))
    reading.put([["Number"], ["AA1"]], column_count=1)
    assert rows_of(reading.sheet(MAPPING, memory=memory)) == [(2, ("AA1",))]
