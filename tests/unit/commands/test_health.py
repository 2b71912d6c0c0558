"""`health` on a machine and two services, each of which may be away or wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.commands.health import Health, health
from listing_sync.errors import (
    Category,
    ListingSyncError,
    NotSetUpError,
    PermanentError,
    Service,
    SettingsError,
    SourceError,
    StoppedError,
    TransientError,
)
from listing_sync.history.runs import Run, RunStats, RunStatus
from listing_sync.history.verdict import Check, CheckName, CheckStatus, Verdict, ok, warn
from listing_sync.machine.hold import HoldFile
from listing_sync.ports import (
    Holder,
    Identity,
    JournalEntry,
    Ports,
    SharedHold,
    SheetDescription,
    TableDescription,
)
from listing_sync.reliability.breaker import BreakerState
from tests.fakes import START, FakeClock, MemoryHolds, MemoryRecords
from tests.runs import make_run
from tests.world import NoSignals, made_settings

KEY = Column("number", ("Number",), ColumnType.TEXT, required=True)
NOW = START + timedelta(hours=1)
DEAD_LINE = TransientError("no route", service=Service.SUPABASE, category=Category.NETWORK)
REVOKED = PermanentError(
    "the key was refused", service=Service.SUPABASE, category=Category.DATABASE, http_status=401
)


FITTING = TableDescription(True, {"number": "text"}, ("number",), frozenset())


@dataclass
class AnySheet:
    error: ListingSyncError | None = None
    missing: tuple[Column, ...] = ()

    def describe(self) -> SheetDescription:
        if self.error:
            raise self.error
        return SheetDescription("Sample", "Listings", ("Listings",), (), self.missing, (), (), None)


@dataclass
class AnyTable:
    error: ListingSyncError | None = None
    description: TableDescription = FITTING
    is_unique: bool = True
    tells_fingerprints: bool = True

    def fingerprints(self, *_: object, **__: object) -> tuple[()] | None:
        return () if self.tells_fingerprints else None

    def describe(self) -> TableDescription:
        if self.error:
            raise self.error
        return self.description

    def accepts_key(self) -> bool:
        return self.is_unique


@dataclass
class AnyJournal:
    waiting: tuple[JournalEntry, ...] = ()
    error: OSError | None = None

    def entries(self) -> tuple[JournalEntry, ...]:
        if self.error:
            raise self.error
        return self.waiting


@dataclass
class AnyLock:
    run_id: str | None = None

    def holder(self) -> Holder | None:
        return Holder("web1", 42, "sync", self.run_id, START) if self.run_id else None

    def problem(self) -> str | None:
        return None


class NothingGivenBack:
    def load(self) -> dict[str, object]:
        return {}


@dataclass
class AnyUndo:
    wrote_at: datetime | None = None

    def runs(self) -> tuple[tuple[str, datetime], ...]:
        return (("run", self.wrote_at),) if self.wrote_at else ()


class Machine:
    """All well, unless a test changes it."""

    def __init__(self, folder: Path) -> None:
        self.target = self.machine = self  # every room is this one
        self.signals = NoSignals()
        self.sheet = AnySheet()
        self.table = AnyTable()
        self.records = MemoryRecords(make_run(minutes=50))
        self.journal = AnyJournal()
        self.lock = AnyLock()
        self.undo = AnyUndo()
        self.metrics: dict[str, object] = {}
        self.hold = HoldFile(folder, folder / "target")
        self.holds = MemoryHolds()
        self.given_back = NothingGivenBack()
        self.clock = FakeClock(start=NOW)
        self.mapping = SheetMapping("listings", "number", (KEY,))
        self.identity = Identity("sheet", "table", "web1", 42, "office", "1.0", "cron")
        self.breakers = dict.fromkeys(Service, BreakerState.CLOSED)
        self.settings = made_settings(supabase_service_role_key="sb_secret_x")

    def probing(self) -> Machine:
        return self

    def request_metrics(self) -> dict[str, object]:
        return self.metrics

    def breaker_state(self, service: Service) -> BreakerState:
        return self.breakers[service]

    def health(self, env_file: Path | None = None) -> Health:
        return health(cast("Ports", self), env_file)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def check(found: Health, name: CheckName) -> Check:
    (one,) = [check for check in found.checks if check.name is name]
    return one


def failed(found: Health) -> set[CheckName]:
    return {check.name for check in found.checks if check.status is CheckStatus.FAIL}


def test_all_well_is_healthy_and_every_check_was_made_once(machine: Machine) -> None:
    found = machine.health()
    assert found.verdict is Verdict.HEALTHY
    assert {check.status for check in found.checks} == {CheckStatus.OK}
    assert [check.name for check in found.checks] == list(
        dict.fromkeys(c.name for c in found.checks)
    )
    assert {check.name for check in found.checks} == set(CheckName)
    assert found.last_sync == START + timedelta(minutes=51)
    assert found.queue_size == 0
    assert found.breaker_state is BreakerState.CLOSED
    assert found.recent is not None
    assert found.recent.average_duration_s == 60


@pytest.mark.parametrize(
    ("sheet", "supabase", "verdict", "expected"),
    [
        pytest.param(
            DEAD_LINE,
            DEAD_LINE,
            Verdict.UNKNOWN,
            {CheckName.SHEET, CheckName.TABLE, CheckName.SYNC_STATE},
            id="no network",
        ),
        pytest.param(
            None,
            DEAD_LINE,
            Verdict.UNHEALTHY,
            {CheckName.TABLE, CheckName.SYNC_STATE},
            id="Supabase away",
        ),
        pytest.param(DEAD_LINE, None, Verdict.UNHEALTHY, {CheckName.SHEET}, id="Google away"),
        pytest.param(
            DEAD_LINE,
            REVOKED,
            Verdict.UNHEALTHY,
            {CheckName.SHEET, CheckName.TABLE, CheckName.SYNC_STATE},
            id="a refusal is an answer",
        ),
        pytest.param(
            SourceError("no tab"), DEAD_LINE, Verdict.UNHEALTHY, None, id="a wrong tab is an answer"
        ),
    ],
)
def test_what_cannot_be_read_is_a_failed_check(
    machine: Machine,
    sheet: ListingSyncError | None,
    supabase: ListingSyncError | None,
    verdict: Verdict,
    expected: set[CheckName] | None,
) -> None:
    machine.sheet.error = sheet
    machine.table.error = machine.records.away = supabase
    found = machine.health()
    assert found.verdict is verdict
    if expected is not None:
        assert failed(found) == expected


def test_without_the_runs_nothing_is_said_of_them(machine: Machine) -> None:
    machine.records.away = DEAD_LINE
    found = machine.health()
    assert (found.recent, found.queue_size, found.last_sync) == (None, None, None)
    assert check(found, CheckName.SYNC_STATE).detail == "no route"


def test_without_supabase_the_ages_come_from_the_journal(machine: Machine) -> None:
    machine.table.error = machine.records.away = DEAD_LINE
    runs = [make_run(n, RunStatus.FAILED, minutes=-200 + n * 10, why="no route") for n in range(9)]
    machine.journal.waiting = tuple(JournalEntry(run, ()) for run in runs)
    found = machine.health()
    assert check(found, CheckName.LAST_RUN).detail.startswith("failed 2 h 59 min ago: no route")
    assert check(found, CheckName.LAST_GOOD_RUN) == warn(
        CheckName.LAST_GOOD_RUN, "none for 4 h 20 min, since the first of those that wait here"
    )
    assert (
        "no run for 3 h, usually one comes every 10 min" in check(found, CheckName.SCHEDULE).detail
    )
    assert found.recent is None


def test_without_supabase_and_journal_the_last_write_of_this_machine_is_told(
    machine: Machine,
) -> None:
    machine.records.away = DEAD_LINE
    machine.undo.wrote_at = NOW - timedelta(minutes=7)
    found = machine.health()
    assert check(found, CheckName.LAST_GOOD_RUN) == ok(
        CheckName.LAST_GOOD_RUN, "7 min ago, as far as this machine knows"
    )


@pytest.mark.parametrize(
    ("off_s", "said"),
    [
        (None, "not known: no answer was dated"),
        (0.0, "right"),
        (59.0, "right"),
        (180.0, "this machine's clock is 3 min ahead of the time of the services"),
        (-3600.0, "this machine's clock is 1 h behind the time of the services"),
    ],
)
def test_a_clock_that_is_off_by_a_minute_is_a_warning_that_leaves_the_verdict_alone(
    machine: Machine, off_s: float | None, said: str
) -> None:
    machine.metrics = {"clock_off_s": off_s}
    found = machine.health()
    assert check(found, CheckName.CLOCK).detail.startswith(said)
    is_off = off_s is not None and abs(off_s) >= 60
    assert (check(found, CheckName.CLOCK).status is CheckStatus.WARN) is is_off
    assert found.verdict is Verdict.HEALTHY


@pytest.mark.parametrize("hours", [-6, 6])
def test_the_age_of_runs_is_told_by_the_time_of_the_services(machine: Machine, hours: int) -> None:
    before = check(machine.health(), CheckName.LAST_GOOD_RUN).detail
    machine.metrics = {"clock_off_s": hours * 3600.0}
    machine.clock = FakeClock(start=NOW + timedelta(hours=hours))
    assert check(machine.health(), CheckName.LAST_GOOD_RUN).detail == before


def test_a_run_of_the_future_counts_as_now(machine: Machine) -> None:
    ahead = make_run(9, minutes=60 * 24 * 400)
    machine.journal.waiting = (JournalEntry(ahead, ()),)
    found = machine.health()
    assert found.last_sync == NOW
    assert check(found, CheckName.LAST_GOOD_RUN).detail == "0.0 s ago"


def test_missing_tables_of_ours_say_migrate_up(machine: Machine) -> None:
    machine.records.away = NotSetUpError("sync_state is missing: run `listing-sync migrate up`")
    found = machine.health()
    assert failed(found) == {CheckName.SYNC_STATE}
    assert "migrate up" in check(found, CheckName.SYNC_STATE).detail


def test_a_missing_table_is_named(machine: Machine) -> None:
    machine.table.description = TableDescription(False, {}, (), frozenset())
    found = machine.health()
    assert failed(found) == {CheckName.TABLE}
    assert "no table listings" in check(found, CheckName.TABLE).detail


def test_a_missing_unique_key_comes_with_its_sql(machine: Machine) -> None:
    machine.table.is_unique = False
    found = machine.health()
    assert found.verdict is Verdict.UNHEALTHY
    sql = 'alter table public."listings" add unique ("number");'
    assert sql in check(found, CheckName.UNIQUE_KEY).detail


def test_a_table_known_by_the_api_alone_says_which_file_tells_more(machine: Machine) -> None:
    assert "0005_table_facts.sql" in check(machine.health(), CheckName.TABLE).detail
    machine.table.description = replace(FITTING, defaults={})
    assert "migrate up" not in check(machine.health(), CheckName.TABLE).detail


def test_a_table_that_every_run_reads_whole_says_which_file_saves_it(machine: Machine) -> None:
    machine.table.tells_fingerprints = False
    told = check(machine.health(), CheckName.TABLE)
    assert told.status is CheckStatus.OK
    assert "every run reads all of it" in told.detail
    assert "0006_table_fingerprints.sql" in told.detail
    machine.table.description = replace(FITTING, is_view=True)
    assert "reads all" not in check(machine.health(), CheckName.TABLE).detail


def test_a_table_without_the_key_column_is_not_asked_for_its_uniqueness(machine: Machine) -> None:
    machine.table.description = TableDescription(True, {"x": "text"}, (), frozenset())
    found = machine.health()
    assert failed(found) == {CheckName.TABLE}
    assert CheckName.UNIQUE_KEY not in {check.name for check in found.checks}


def test_headers_that_no_longer_match_fail(machine: Machine) -> None:
    machine.sheet.missing = (KEY,)
    assert failed(machine.health()) == {CheckName.HEADERS}


@pytest.mark.parametrize("service", list(Service))
def test_an_open_breaker_fails(machine: Machine, service: Service) -> None:
    machine.breakers[service] = BreakerState.OPEN
    found = machine.health()
    assert found.verdict is Verdict.UNHEALTHY
    assert (found.breaker_state is BreakerState.OPEN) is (service is Service.SUPABASE)


def test_a_half_open_breaker_is_no_failure(machine: Machine) -> None:
    machine.breakers[Service.SUPABASE] = BreakerState.HALF_OPEN
    found = machine.health()
    assert found.verdict is Verdict.HEALTHY
    assert found.breaker_state is BreakerState.HALF_OPEN


def test_a_hold_is_named_with_its_file_and_reason(machine: Machine) -> None:
    machine.hold.place("rolled back by Mari")
    detail = check(machine.health(), CheckName.HOLD).detail
    assert "rolled back by Mari" in detail
    assert str(machine.hold.path) in detail


def test_a_hold_of_another_machine_is_named_with_that_machine(machine: Machine) -> None:
    machine.holds.place(SharedHold("1", "rolled back by Mari", "web9", "/var/sync/hold", START))
    found = check(machine.health(), CheckName.HOLD)
    assert found.status is CheckStatus.WARN
    assert "rolled back by Mari" in found.detail
    assert "/var/sync/hold on web9" in found.detail


def test_an_unreadable_state_directory_fails_and_the_rest_is_still_checked(
    machine: Machine,
) -> None:
    machine.journal.error = PermissionError(13, "Permission denied")
    found = machine.health()
    assert failed(found) == {CheckName.STATE_DIR}
    assert "Permission denied" in check(found, CheckName.STATE_DIR).detail
    assert found.last_sync is not None


def test_runs_that_wait_in_the_journal_count(machine: Machine) -> None:
    other = make_run(3, source="another sheet", minutes=56)
    machine.journal.waiting = tuple(
        JournalEntry(run, ()) for run in (make_run(2, RunStatus.FAILED, minutes=55), other)
    )
    found = machine.health()
    assert found.verdict is Verdict.UNHEALTHY
    assert check(found, CheckName.LAST_RUN).status is CheckStatus.WARN
    assert found.recent is not None
    assert found.recent.runs == 2
    assert "2 runs not yet recorded" in check(found, CheckName.JOURNAL).detail


def test_a_good_run_of_long_ago_is_found(machine: Machine) -> None:
    def days_ago(number: int, days: int, status: RunStatus) -> Run:
        return make_run(number, status, minutes=-1440 * days, stats=RunStats(1, skipped=1))

    machine.records = MemoryRecords(
        days_ago(1, 3, RunStatus.COMPLETED), days_ago(2, 0, RunStatus.FAILED)
    )
    found = machine.health()
    assert found.last_sync == START - timedelta(days=3) + timedelta(minutes=1)
    assert failed(found) == {CheckName.LAST_GOOD_RUN}


def test_a_run_in_progress_tells_the_queue_size(machine: Machine) -> None:
    machine.records.runs["x"] = make_run(
        9,
        RunStatus.IN_PROGRESS,
        minutes=59,
        heartbeat_at=NOW,
        stats=RunStats(total=100, unchanged=20, failed=5),
    )
    found = machine.health()
    assert found.queue_size == 75
    assert found.verdict is Verdict.HEALTHY


@pytest.mark.parametrize(("mode", "status"), [(0o644, CheckStatus.WARN), (0o640, CheckStatus.OK)])
def test_a_secret_file_that_others_can_read_is_named(
    machine: Machine, tmp_path: Path, mode: int, status: CheckStatus
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("SUPABASE_SERVICE_ROLE_KEY=x", encoding="utf-8")
    env_file.chmod(mode)
    found = check(machine.health(env_file), CheckName.FILES)
    assert found.status is status
    assert (f"chmod o-rwx {env_file}" in found.detail) is (status is CheckStatus.WARN)


def test_a_legacy_key_is_named_when_its_end_is_near(machine: Machine) -> None:
    machine.settings = machine.settings.model_copy(
        update={"supabase_service_role_key": SimpleNamespace(get_secret_value=lambda: "ey.e30.x")}
    )
    assert check(machine.health(), CheckName.KEY).detail == "a legacy service_role key"
    machine.clock = FakeClock(start=START.replace(month=12))
    assert "ends on 2026-12-31" in check(machine.health(), CheckName.KEY).detail


@pytest.mark.parametrize(
    "error",
    [SettingsError(("GOOGLE_SERVICE_ACCOUNT_JSON: broken",)), StoppedError("stopped", signal=2)],
    ids=["settings", "signal"],
)
def test_invalid_settings_and_signals_end_it(machine: Machine, error: ListingSyncError) -> None:
    machine.sheet.error = error
    with pytest.raises(type(error)):
        machine.health()


def test_a_full_or_missing_right_of_the_state_folder_is_found_without_writing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    found = check(machine.health(), CheckName.STATE_DIR)
    assert found.status is CheckStatus.FAIL
    assert "cannot be written by this user" in found.detail


def test_a_state_folder_that_is_not_made_yet_is_judged_where_it_will_be_made(
    machine: Machine, tmp_path: Path
) -> None:
    below = tmp_path / "not" / "made"
    machine.hold = HoldFile(below, below / "target")
    assert check(machine.health(), CheckName.STATE_DIR).status is CheckStatus.OK
    on_a_read_only_disk = Path("/sys/listing-sync")
    machine.hold = HoldFile(on_a_read_only_disk, on_a_read_only_disk / "target")
    found = check(machine.health(), CheckName.STATE_DIR)
    assert found.status is CheckStatus.FAIL
    assert "/sys " in found.detail


@pytest.mark.parametrize(("free_kb", "is_full"), [(0, True), (900, True), (1100, False)])
def test_a_state_folder_with_next_to_no_space_left_is_full(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, free_kb: int, *, is_full: bool
) -> None:
    disk = SimpleNamespace(
        f_flag=0, f_bavail=free_kb, f_bfree=free_kb, f_frsize=1000, f_files=1, f_favail=1
    )
    monkeypatch.setattr("os.statvfs", lambda _: disk)
    found = check(machine.health(), CheckName.STATE_DIR)
    assert (found.status is CheckStatus.FAIL) is is_full
    assert ("is full" in found.detail) is is_full


def test_a_share_below_100_says_how_many_are_left_out(machine: Machine) -> None:
    machine.records = MemoryRecords(
        make_run(minutes=50, stats=RunStats(total=100, unchanged=10, skipped=90))
    )
    machine.settings = machine.settings.model_copy(update={"sync_rollout_percent": 10.0})
    found = check(machine.health(), CheckName.SHARE)
    assert found.status is CheckStatus.WARN
    assert found.detail.startswith("SYNC_ROLLOUT_PERCENT is 10: 90 of 100 listings are left out")
