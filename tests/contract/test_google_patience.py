"""Quotas, busy spells and slow sheets, by a clock that passes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from random import Random
from typing import Any

import pytest

from listing_sync.cells.listings import BlankCell
from listing_sync.cells.mapping import parse_mapping
from listing_sync.errors import PermanentError, QuotaError, Service, SlowError
from listing_sync.reliability.guard import Guard, Retry
from listing_sync.reliability.meter import Meter
from listing_sync.reliability.pacing import GuardSettings
from listing_sync.reliability.rate_limit import Window
from listing_sync.sheets.google_api import GRID_FIELDS, SPREADSHEET_FIELDS, VALUES_FIELDS
from listing_sync.sheets.google_details import CELL_FIELDS
from tests.fakes import FakeClock, MemoryBreakerStore, PatientClock
from tests.google_reading import GoogleReading
from tests.stack.field_masks import BadMaskError, check_mask, mask_tree
from tests.stack.google_refusals import TOKEN_REFUSALS, with_reason
from tests.stack.loopback import Answer

MAPPING = parse_mapping(
    'table = "t"\nkey = "id"\n[columns.id]\nheader = "ID"\ntype = "text"\n'
    '[columns.price]\nheader = "Price"\ntype = "money"\n',
    name="m.toml",
)
DEFAULTS = GuardSettings(3, 1.0, 180.0, 5, 60.0, growth=4)


class Office:
    """A reader under a guard of its own, as one run of one office has it."""

    def __init__(
        self,
        reading: GoogleReading,
        clock: FakeClock,
        seed: int = 0,
        looks: int = 0,
        **options: Any,
    ) -> None:
        self.looks = looks
        self.retries: list[Retry] = []
        self.ended_at: float | None = None
        self._clock = clock
        guard = Guard(
            Service.GOOGLE,
            DEFAULTS,
            store=MemoryBreakerStore(),
            bucket=Window(50, 60),
            clock=clock,
            patient_clock=PatientClock(clock),
            bounded=lambda _: nullcontext(),
            meter=Meter(),
            on_retry=self.retries.append,
            chance=Random(seed).random,
        )
        self.sheet = reading.sheet(MAPPING, call=guard.call, **options)

    def run(self) -> None:
        contents = self.sheet.read(lambda _: None)
        assert len(contents.rows) == 1
        for _ in range(self.looks):
            assert self.sheet.look_behind([BlankCell(2, contents.columns[1])]) == {}
        self.ended_at = self._clock.monotonic()


@pytest.fixture
def reading() -> Iterator[GoogleReading]:
    with GoogleReading() as reading:
        reading.put([["ID", "Price"], ["A1", 5]])
        yield reading


def until(clock: FakeClock, seconds: float, answer: Answer) -> Callable[[Any], Answer | None]:
    return lambda r: answer if "/v4/" in r.path and clock.monotonic() < seconds else None


@pytest.mark.parametrize("looks", [0, 1, 3], ids=["plain", "with a look", "with three looks"])
def test_twenty_offices_on_one_account_in_one_minute_all_end_within_three(
    reading: GoogleReading, looks: int
) -> None:
    reading.put([["ID", "Price"], ["A1", None]])
    clock = FakeClock()
    reading.google.reads_a_minute, reading.google.clock = 60, clock.monotonic
    offices = [Office(reading, clock, seed, looks=looks) for seed in range(20)]
    clock.together(*(office.run for office in offices))
    ended = [office.ended_at for office in offices]
    assert all(at is not None and at < 180 for at in ended)
    assert any(at is not None and at > 30 for at in ended), "the quota was met"
    causes = {str(retry.cause) for office in offices for retry in office.retries}
    assert all("ReadRequestsPerMinutePerUser: 60" in cause for cause in causes)


def test_a_quota_used_up_for_forty_seconds_is_outlived(reading: GoogleReading) -> None:
    clock = FakeClock()
    office = Office(reading, clock)
    body = b'{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded"}}'
    reading.google.before_request(until(clock, 40.0, Answer(429, (), body)))
    office.run()
    assert next(retry.attempts for retry in office.retries) == 5


def test_a_quota_that_stays_used_up_names_its_limit(reading: GoogleReading) -> None:
    clock = FakeClock()
    reading.google.reads_a_minute, reading.google.clock = 0, clock.monotonic
    with pytest.raises(PermanentError, match="ReadRequestsPerMinutePerUser: 0"):
        Office(reading, clock).run()
    reading.google.reads_a_minute, reading.google.clock = 1, lambda: 30.0
    with pytest.raises(QuotaError, match="ReadRequestsPerMinutePerUser: 1"):
        Office(reading, clock).run()
    assert 120 <= clock.monotonic() <= 180


def test_google_busy_for_twenty_seconds_is_outlived(reading: GoogleReading) -> None:
    clock = FakeClock()
    office = Office(reading, clock)
    reading.google.before_request(until(clock, 20.0, Answer(503, (), b"<html>busy</html>")))
    office.run()
    assert office.ended_at == pytest.approx(21.0)


def test_a_run_asks_at_most_fifty_times_in_any_minute(reading: GoogleReading) -> None:
    reading.put([["ID", "Price"], *([f"A{n}", n] for n in range(80))], row_count=81)
    clock = FakeClock()
    asked: list[float] = []
    reading.google.before_request(lambda _: asked.append(clock.monotonic()))
    sheet = Office(reading, clock).sheet
    sheet._budget_cells = 4  # chunks of two rows
    assert len(sheet.read(lambda _: None).rows) == 80
    assert len(asked) > 80
    for first, last in zip(asked, asked[50:], strict=False):
        assert last - first >= 60 - 1e-6


def test_a_slow_sheet_is_asked_for_once_more_and_then_told_as_such(reading: GoogleReading) -> None:
    reading.google.computing_s = 30.0  # ended by the end of the test
    clock = FakeClock()
    office = Office(reading, clock, timeout_s=0.05)
    with pytest.raises(SlowError, match="to compute this sheet"):
        office.run()
    assert [retry.attempts for retry in office.retries] == [2]


def test_refusals_with_a_reason_are_no_missing_share(reading: GoogleReading) -> None:
    reading.google.refusal = with_reason(
        403, "CONSUMER_SUSPENDED", "Consumer 'projects/5' has been suspended."
    )
    with pytest.raises(PermanentError, match=r"403.*suspended \(CONSUMER_SUSPENDED\); see https"):
        reading.sheet(MAPPING).read(lambda _: None)


@pytest.mark.parametrize("name", TOKEN_REFUSALS)
def test_refused_tokens_are_told_without_a_dictionary(reading: GoogleReading, name: str) -> None:
    reading.google.sign_in.token_refusal = TOKEN_REFUSALS[name]
    with pytest.raises(PermanentError) as caught:
        reading.sheet(MAPPING).read(lambda _: None)
    word = "CONSUMER_SUSPENDED" if name == "object" else name.replace("account not", "")
    assert word.strip() in str(caught.value) or "does not exist" in str(caught.value)
    assert "{" not in str(caught.value)


# -- what we ask for ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "schema"),
    [
        (SPREADSHEET_FIELDS, "Spreadsheet"),
        (GRID_FIELDS.format(cells=CELL_FIELDS), "Spreadsheet"),
        (VALUES_FIELDS, "BatchGetValuesResponse"),
    ],
)
def test_every_field_that_we_ask_for_is_in_the_discovery_document(mask: str, schema: str) -> None:
    check_mask(mask_tree(mask), schema)
    with pytest.raises(BadMaskError):
        check_mask(mask_tree(f"{mask},{mask.split('(', maxsplit=1)[0]}Typo"), schema)


def test_every_mask_that_was_sent_is_one_of_these_and_bodies_come_without_spaces(
    reading: GoogleReading,
) -> None:
    reading.sheet(MAPPING).read(lambda _: None)
    reading.sheet(MAPPING).describe()
    asked = [r.query for r in reading.google.requests if "/v4/" in r.path]
    assert {query["fields"][0] for query in asked} == {SPREADSHEET_FIELDS, VALUES_FIELDS}
    assert {query["prettyPrint"][0] for query in asked} == {"false"}
