"""Ask settings, services, breakers and runs how they are, and judge; never write.

Sheet, table and records are asked at once, by single tries that no breaker forbids or learns of.
What cannot be read is a failed check that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from listing_sync.changes.table_check import key_fault
from listing_sync.errors import (
    ListingSyncError,
    RefusedError,
    RemoteError,
    Service,
    SettingsError,
    StoppedError,
)
from listing_sync.history.egress import egress_check
from listing_sync.history.run_checks import (
    progress_check,
    queue_size,
    run_checks,
    schedule_check,
    share_check,
)
from listing_sync.history.run_statistics import DAY, Statistics, last_good, statistics
from listing_sync.history.runs import Run, clock_correction, clock_off_s
from listing_sync.history.verdict import (
    Check,
    CheckName,
    Verdict,
    clock_check,
    fail,
    headers_check,
    key_check,
    ok,
    table_check,
    verdict,
    warn,
)
from listing_sync.language.sentences import joined, phrase
from listing_sync.language.system_words import system_words
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Hold, Holds, Ports, RunRecords, SheetDescription, Table
from listing_sync.reliability.breaker import BreakerState
from listing_sync.settings import Settings, key_expires_at
from listing_sync.steps.exposed_files import files_of_a_group, readable_files, writable_files
from listing_sync.steps.going_now import lock_run_id
from listing_sync.steps.health_here import (
    breaker_check,
    channels_found,
    folder_fault,
    journal_check,
    runs_kept_here,
)
from listing_sync.steps.holding import held_elsewhere, held_here
from listing_sync.steps.learning import loose_with_examples
from listing_sync.steps.old_parts import old_parts
from listing_sync.steps.savings import with_saving

T = TypeVar("T")

_RUNS_LOOKED_AT = 2000


@dataclass(frozen=True, slots=True)
class Health:
    """The verdict and what it rests on.

    `last_sync` is when the last good full run ended. `recent`, the last 24 h, and `queue_size` are
    None when the runs could not be read.
    """

    checked_at: datetime
    verdict: Verdict
    last_sync: datetime | None
    recent: Statistics | None
    queue_size: int | None
    breaker_state: BreakerState
    checks: tuple[Check, ...]


def health(ports: Ports, env_file: Path | None = None) -> Health:
    """Ask everything once. `env_file` is the file that settings come from, if there is one.

    Raises:
        SettingsError: the key file or the mapping is invalid.
        StoppedError: a signal ended the waiting.
    """
    now = ports.clock.now()
    probing = ports.probing()
    sheet, table, records = probing.sheet, probing.target.table, probing.target.records
    with ThreadPoolExecutor(max_workers=4) as pool:
        held = pool.submit(_held_elsewhere, ports.machine.hold, probing.target.holds)
        described = pool.submit(sheet.describe)
        asked = pool.submit(_table_checks, table, ports)
        read = pool.submit(_recorded_runs, records, now)
    sheet_checks, sheet_answered = _answer(described, CheckName.SHEET, _sheet_checks)
    table_checks, table_answered = _answer(asked, CheckName.TABLE, lambda checks: checks)
    records_checks, records_answered = _answer(read, CheckName.SYNC_STATE, _records_checks)
    breaker_state = ports.machine.breaker_state(Service.SUPABASE)
    checks = [
        *_settings_checks(ports, now, env_file),
        *local_checks(ports, held.result()),
        *sheet_checks,
        *table_checks,
        *records_checks,
        breaker_check(CheckName.BREAKER, breaker_state),
        breaker_check(CheckName.GOOGLE_BREAKER, ports.machine.breaker_state(Service.GOOGLE)),
    ]
    off_s = clock_off_s(ports.machine.request_metrics())
    now -= clock_correction(off_s)  # runs are dated by the services
    recorded = None if read.exception() else read.result()
    runs = _merged(recorded or (), ports, now)
    recent = None if recorded is None else statistics(runs, now)
    if recent is None:
        checks += runs_kept_here(ports, runs, now)
    else:
        checks += _runs_checks(ports, runs, recent, now)
    checks.append(channels_found(ports))
    checks.append(clock_check(off_s))
    good = last_good(runs)
    return Health(
        checked_at=now,
        verdict=verdict(checks, answered=sheet_answered or table_answered or records_answered),
        last_sync=good.completed_at if good else None,
        recent=recent,
        queue_size=None if recorded is None else queue_size(runs, now),
        breaker_state=breaker_state,
        checks=tuple(checks),
    )


def _runs_checks(
    ports: Ports, runs: tuple[Run, ...], recent: Statistics, now: datetime
) -> tuple[Check, ...]:
    settings = ports.settings
    return (
        *run_checks(
            runs,
            now,
            stale_after_s=settings.sync_stale_after,
            recent=recent,
            examples=loose_with_examples(ports),
        ),
        progress_check(runs, now, lock_run_id(ports)),
        egress_check(runs, now, settings.sync_egress_warn_gb),
        schedule_check(runs, now),
        share_check(settings.sync_rollout_percent, runs),
    )


# -- the services ---------------------------------------------------------------------------------


def _answer(
    asked: Future[T], name: CheckName, judge: Callable[[T], Iterable[Check]]
) -> tuple[tuple[Check, ...], bool]:
    """Return the checks that an answer gives, and whether there was an answer, be it a refusal."""
    try:
        return tuple(judge(asked.result())), True
    except (SettingsError, StoppedError):
        raise
    except RemoteError as error:
        return (fail(name, str(error)),), error.http_status is not None
    except ListingSyncError as error:
        return (fail(name, str(error)),), True


def _sheet_checks(sheet: SheetDescription) -> tuple[Check, ...]:
    mapped = len(sheet.columns)
    found = phrase('tab "{tab}" of "{title}"', tab=sheet.tab, title=sheet.title)
    if sheet.reader:
        found = phrase("{tab}, read {reader}", tab=found, reader=sheet.reader)
    return (
        ok(CheckName.SHEET, found),
        headers_check(mapped, sheet.missing, sheet.unmapped, sheet.duplicates),
    )


def _table_checks(table: Table, ports: Ports) -> tuple[Check, ...]:
    mapping = ports.mapping
    description = table.describe()
    if not description.exists:
        detail = phrase(
            "there is no table {table}: name another in the mapping, or see `listing-sync migrate"
            " plan`",
            table=mapping.table,
        )
        return (fail(CheckName.TABLE, detail),)
    facts = description.facts(key_is_unique=None)
    check = table_check(mapping, facts)
    check = with_saving(check, table, mapping.columns, is_view=description.is_view)
    if mapping.key not in description.columns:
        return (check,)
    if table.accepts_key():
        return check, ok(CheckName.UNIQUE_KEY, phrase("{key} is unique", key=mapping.key))
    fault = key_fault(facts, mapping)
    if not fault.sql:
        return check, fail(CheckName.UNIQUE_KEY, fault.what)
    detail = phrase("{fault}: {sql}", fault=fault.what, sql=fault.sql)
    return check, fail(CheckName.UNIQUE_KEY, detail)


def _recorded_runs(records: RunRecords, now: datetime) -> tuple[Run, ...]:
    """Return the runs of the last 24 h; more where none of them is good."""
    runs = records.recent(_RUNS_LOOKED_AT, since=now - DAY)
    return runs if last_good(runs) else records.recent(_RUNS_LOOKED_AT)


def _records_checks(_: tuple[Run, ...]) -> tuple[Check, ...]:
    return (ok(CheckName.SYNC_STATE, phrase("readable")),)


def _merged(recorded: tuple[Run, ...], ports: Ports, now: datetime) -> tuple[Run, ...]:
    """Return the recorded runs and those that wait in the journal, which know better.

    A run of the future, by a clock that was put right, counts as now.
    """
    runs = {run.run_id: run for run in recorded}
    try:
        waiting = [entry.run for entry in ports.machine.journal.entries()]
    except OSError:  # named by local_checks
        waiting = []
    runs |= {run.run_id: run.by_services() for run in waiting if ports.identity.owns(run)}
    return tuple(run.no_later_than(now) for run in runs.values())


# -- this machine ---------------------------------------------------------------------------------


def _settings_checks(ports: Ports, now: datetime, env_file: Path | None) -> tuple[Check, ...]:
    settings = ports.settings
    wrong = "; ".join(ports.signals.channels.problems())
    expires = key_expires_at(settings)
    key = settings.service_key
    host = urlsplit(settings.supabase_url).hostname or ""
    return (
        fail(CheckName.SETTINGS, wrong) if wrong else ok(CheckName.SETTINGS, old_parts()),
        key_check(
            None if expires is None else datetime.fromtimestamp(expires, tz=UTC),
            now,
            is_legacy=key.count(".") == 2,  # noqa: PLR2004 - header, payload, signature of a JWT
            is_hosted=host.endswith(".supabase.co"),
        ),
        _files_check(settings, env_file),
    )


def _files_check(settings: Settings, env_file: Path | None) -> Check:
    """Say which files that hold secrets can be read by every user of this machine."""
    if problem := writable_files(settings, env_file):
        return warn(CheckName.FILES, problem)
    if problem := readable_files(settings, env_file):
        return warn(CheckName.FILES, problem)
    closed = phrase("secrets are closed to others")
    group = files_of_a_group(settings, env_file)
    return ok(CheckName.FILES, joined("; ", (closed, group)) if group else closed)


def _held_elsewhere(hold: Hold, holds: Holds) -> str | None:
    """Return why another machine has put syncing on hold; not knowing is named by sync_state."""
    try:
        return held_elsewhere(hold, holds, may_release=False)
    except (RemoteError, RefusedError):
        return None


def local_checks(ports: Ports, held: str | None = None) -> tuple[Check, ...]:
    """Judge what SYNC_STATE_DIR holds; not being readable is a finding.

    `held` is why another machine has put syncing on hold.
    """
    try:
        waiting = len(ports.machine.journal.entries())
        held = held_here(ports.machine.hold) or held
        ports.machine.lock.holder()
    except (OSError, ListingSyncError) as error:
        why = system_words(error) if isinstance(error, OSError) else error
        detail = phrase("SYNC_STATE_DIR cannot be read: {why}", why=why)
        return (fail(CheckName.STATE_DIR, detail),)
    fault = folder_fault(ports.machine.hold.root) or ports.machine.lock.problem()
    return (
        fail(CheckName.STATE_DIR, fault) if fault else ok(CheckName.STATE_DIR, phrase("readable")),
        ok(CheckName.HOLD, phrase("not on hold")) if held is None else warn(CheckName.HOLD, held),
        journal_check(waiting),
    )
