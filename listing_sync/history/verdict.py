"""Judge what was seen of settings, services and runs: checks, and one verdict.

Source: docs/contract.md section 4.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain

from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.renamed import renamed_to
from listing_sync.cells.wording import duration, one_line
from listing_sync.changes.table_check import FACTS_FILE, TableFacts, lacks_of
from listing_sync.history.runs import CLOCK_WARN_S
from listing_sync.language.sentences import joined, phrase, phrase_number
from listing_sync.lazy_dataclasses import dataclass

LEGACY_KEYS_END = datetime(2027, 1, 1, tzinfo=UTC)
"""Supabase switches legacy JWT keys off at the end of 2026 ("Understanding API keys")."""
KEY_NOTICE = timedelta(days=90)
_HEADERS_SHOWN = 3


class CheckStatus(StrEnum):
    """How a check came out; what could not be checked is FAIL."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class CheckName(StrEnum):
    """The checks, in the order in which they are shown."""

    SETTINGS = "settings"
    KEY = "key"
    FILES = "files"
    STATE_DIR = "state_dir"
    HOLD = "hold"
    JOURNAL = "journal"
    SHEET = "sheet"
    HEADERS = "headers"
    TABLE = "table"
    UNIQUE_KEY = "unique_key"
    SYNC_STATE = "sync_state"
    BREAKER = "breaker"
    GOOGLE_BREAKER = "google_breaker"
    LAST_RUN = "last_run"
    LAST_GOOD_RUN = "last_good_run"
    ERROR_RATE = "error_rate"
    STABILITY = "stability"
    UNDONE = "undone"
    RUN_IN_PROGRESS = "run_in_progress"
    EGRESS = "egress"
    SCHEDULE = "schedule"
    SHARE = "share"
    CHANNELS = "channels"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Check:
    """One check and a sentence: what was found and, unless it is well, what to do.

    `degrades` makes of a warning that is advice otherwise one that is more.
    """

    name: CheckName
    status: CheckStatus
    detail: str
    degrades: bool = False


class Verdict(StrEnum):
    """The answer as a whole."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


_DEGRADING = (
    CheckName.SCHEDULE,
    CheckName.UNDONE,
    CheckName.LAST_RUN,
    CheckName.ERROR_RATE,
    CheckName.CHANNELS,
)
"""Checks whose warning is more than advice, that first which matters most."""

_FOLLOWING = frozenset({CheckName.ERROR_RATE, CheckName.LAST_GOOD_RUN})
"""Checks that fail because runs do."""


def ok(name: CheckName, detail: str) -> Check:
    """Return a check that came out well."""
    return Check(name, CheckStatus.OK, detail)


def warn(name: CheckName, detail: str) -> Check:
    """Return a check that found something to look after."""
    return Check(name, CheckStatus.WARN, detail)


def fail(name: CheckName, detail: str) -> Check:
    """Return a check that found something broken, or could not be made."""
    return Check(name, CheckStatus.FAIL, detail)


def verdict(checks: Collection[Check], *, answered: bool) -> Verdict:
    """Return the verdict; `answered` is False when neither service answered."""
    if not answered:
        return Verdict.UNKNOWN
    if any(check.status is CheckStatus.FAIL for check in checks):
        return Verdict.UNHEALTHY
    if any(map(_is_degrading, checks)):
        return Verdict.DEGRADED
    return Verdict.HEALTHY


def decisive(checks: Collection[Check]) -> Check | None:
    """Return the check to show before all: the first that decides the verdict, or else warns.

    Of what follows from runs that fail, the last run tells the cause. Where all is well, it is
    what is said of the last good run.
    """
    failed = [check for check in checks if check.status is CheckStatus.FAIL]
    degrading = sorted(filter(_is_degrading, checks), key=_rank)
    good = (check for check in checks if check.name is CheckName.LAST_GOOD_RUN)
    if failed and all(check.name in _FOLLOWING for check in failed):
        failed = [check for check in degrading if check.name is CheckName.LAST_RUN] + failed
    warned = (check for check in checks if check.status is CheckStatus.WARN)
    return next(chain(failed, degrading, warned, good), None)


def _rank(check: Check) -> int:
    return _DEGRADING.index(check.name) if check.name in _DEGRADING else 0


def _is_degrading(check: Check) -> bool:
    is_more = check.degrades or check.name in _DEGRADING
    return check.status is CheckStatus.WARN and is_more


def key_check(
    expires_at: datetime | None, now: datetime, *, is_legacy: bool, is_hosted: bool
) -> Check:
    """Say how long the key of the Supabase project will work."""
    if not is_legacy:
        return ok(CheckName.KEY, phrase("a secret key"))
    if expires_at is not None and expires_at <= now:
        detail = phrase(
            "the legacy key expired on {day}: create a secret key (sb_secret_...) under Settings >"
            " API keys and use that",
            day=expires_at.date(),
        )
        return fail(CheckName.KEY, detail)
    ends = [expires_at] if expires_at else []
    if is_hosted:
        ends.append(LEGACY_KEYS_END)
    if not ends or min(ends) - now > KEY_NOTICE:
        return ok(CheckName.KEY, phrase("a legacy service_role key"))
    last_day = min(ends) - timedelta(days=1)
    detail = phrase(
        "a legacy key, which ends on {day}: create a secret key (sb_secret_...) under Settings >"
        " API keys and use that",
        day=last_day.date(),
    )
    return warn(CheckName.KEY, detail)


def headers_check(
    mapped: int, missing: Sequence[Column], unmapped: Sequence[str], duplicates: Sequence[str]
) -> Check:
    """Say whether the headers of the sheet match the mapping.

    Where every header is right but one, a column that was synced is so no longer.
    """
    name = CheckName.HEADERS
    if duplicates:
        detail = phrase(
            "two columns of the sheet have the same header: {headers}; rename one",
            headers=", ".join(duplicates),
        )
        return fail(name, detail)
    new = renamed_to(missing, unmapped)
    required = [column for column in missing if column.required]
    lost = _headers(required or missing)
    if new:
        lost = phrase('{headers} (renamed to "{new}"?)', headers=lost, new=one_line(new))
    if required:
        detail = phrase(
            "the sheet has no column {headers}: rename its header back, or add the new one to the"
            " mapping",
            headers=lost,
        )
        return fail(name, detail)
    if new and len(unmapped) == 1:
        detail = phrase(
            "the sheet has no column {headers}, which is no longer synced: rename its header back,"
            " or add the new one to the mapping",
            headers=lost,
        )
        return replace(warn(name, detail), degrades=True)
    if missing:
        detail = phrase(
            "the sheet has no column {headers}: left alone in the table", headers=_headers(missing)
        )
        return warn(name, detail)
    found = phrase_number(
        "all {count:,} mapped column found", "all {count:,} mapped columns found", mapped
    )
    if not unmapped:
        return ok(name, found)
    return ok(name, phrase("{found}, {more} more ignored", found=found, more=len(unmapped)))


def table_check(mapping: SheetMapping, facts: TableFacts) -> Check:
    """Say whether the table can take what the mapping writes; its key has a check of its own."""
    lacks = lacks_of(replace(facts, key_is_unique=None), mapping)
    if not lacks:
        if facts.defaults is not None:
            return ok(CheckName.TABLE, phrase("{table} fits the mapping", table=mapping.table))
        said = phrase(
            "{table} fits the mapping as far as the API shows it: `listing-sync migrate up` applies"
            " {file}",
            table=mapping.table,
            file=FACTS_FILE,
        )
        return ok(CheckName.TABLE, said)
    wanted = {column.name for column in mapping.columns} | {mapping.mark_column or mapping.key}
    judge = warn if wanted <= set(facts.columns) else fail
    detail = phrase(
        "{table}: {lacks}. `listing-sync migrate plan` prints the SQL to mend it",
        table=mapping.table,
        lacks="; ".join(lack.what for lack in lacks),
    )
    return judge(CheckName.TABLE, detail)


def clock_check(off_s: float | None) -> Check:
    """Say whether this machine's clock is right, by how many seconds the answers find it ahead."""
    name = CheckName.CLOCK
    if off_s is None:
        return ok(name, phrase("not known: no answer was dated"))
    if abs(off_s) < CLOCK_WARN_S:
        return ok(name, phrase("right"))
    off = duration(abs(off_s))
    detail = (
        phrase(
            "this machine's clock is {off} ahead of the time of the services: set it by NTP"
            " (`timedatectl set-ntp true`); ages and times of runs are wrong by as much",
            off=off,
        )
        if off_s > 0
        else phrase(
            "this machine's clock is {off} behind the time of the services: set it by NTP"
            " (`timedatectl set-ntp true`); ages and times of runs are wrong by as much",
            off=off,
        )
    )
    return warn(name, detail)


def channels_check(waiting: int, refusing: Sequence[str]) -> Check:
    """Say which channels refuse messages, and how many messages wait."""
    name = CheckName.CHANNELS
    waits = phrase_number(
        "{count:,} message could not be delivered yet: the next run sends them again",
        "{count:,} messages could not be delivered yet: the next run sends them again",
        waiting,
    )
    if not refusing:
        return warn(name, waits) if waiting else ok(name, phrase("nothing waits"))
    detail = phrase(
        "{refusing}. `listing-sync test-signals` tries each", refusing=joined("; ", refusing)
    )
    return warn(name, joined("; ", (detail, waits)) if waiting else detail)


def _headers(columns: Sequence[Column]) -> str:
    shown = ", ".join(f'"{column.headers[0]}"' for column in columns[:_HEADERS_SHOWN])
    more = len(columns) - _HEADERS_SHOWN
    return phrase("{names} and {more:,} more", names=shown, more=more) if more > 0 else shown
