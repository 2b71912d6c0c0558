"""Remember for the page what would cost a long look each time: days that are over, since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, date, datetime, tzinfo

from listing_sync.cells.listings import Rejection
from listing_sync.errors import ListingSyncError
from listing_sync.history.month import DAYS, DayFigures
from listing_sync.history.run_statistics import full_runs
from listing_sync.history.runs import Run
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports

_SETS_READ = 10
_VERSION = 1


@dataclass(frozen=True, slots=True)
class PageMemory:
    """Days by date, and since when each standing rejection stands, by `standing_key`."""

    days: Mapping[date, DayFigures] = field(default_factory=dict)
    since: Mapping[str, datetime] = field(default_factory=dict)

    def knows_month_before(self, first: date, today: date) -> bool:
        """Return whether every day of the last 30 up to `first` is known."""
        days = range(today.toordinal() - DAYS + 1, first.toordinal() + 1)
        return all(date.fromordinal(day) in self.days for day in days)


def standing_key(rejection: Rejection) -> str:
    """Return what names a rejection while its row moves and its reason changes."""
    return f"{rejection.property_number or rejection.cell}|{rejection.column or ''}"


def load(ports: Ports, zone: tzinfo, now: datetime) -> PageMemory:
    """Return what is remembered; days of another zone are none of ours."""
    stored = ports.machine.page_memory.load()
    try:
        if stored["version"] != _VERSION or stored["source"] != ports.identity.source:
            return PageMemory()
        since = {str(key): _moment(at) for key, at in _items(stored["since"])}
        if stored["zone"] != str(now.astimezone(zone).utcoffset()):
            return PageMemory({}, since)
        days = [_day(*each) for each in _list(stored["days"])]
        return PageMemory({day.date: day for day in days}, since)
    except (KeyError, TypeError, ValueError):
        return PageMemory()


def store(ports: Ports, zone: tzinfo, now: datetime, memory: PageMemory) -> None:
    """Keep it; where that cannot be, the next page looks again."""
    oldest = now.astimezone(zone).date().toordinal() - DAYS
    try:
        ports.machine.page_memory.store(
            {
                "version": _VERSION,
                "source": ports.identity.source,
                "zone": str(now.astimezone(zone).utcoffset()),
                "days": [
                    [
                        day.date.isoformat(),
                        day.runs,
                        day.changed,
                        day.rejected,
                        day.failed,
                        day.up_to_date,
                    ]
                    for day in memory.days.values()
                    if day.date.toordinal() > oldest
                ],
                "since": {key: at.isoformat() for key, at in memory.since.items()},
            }
        )
    except OSError:
        return


def since_when(
    ports: Ports,
    rejections: Sequence[Rejection],
    runs: Iterable[Run],
    known: Mapping[str, datetime],
) -> dict[str, datetime]:
    """Return since when each of the rejections of the newest of `runs` stands.

    What is not known is looked up in what earlier runs rejected; at most ten lists are read.
    """
    keys = {standing_key(item) for item in rejections}
    since = {key: known[key] for key in keys & known.keys()}
    unknown = keys - since.keys()
    judges = [run for run in full_runs(runs) if run.rejections_run_id is not None]
    held, read = None, 0
    for run in judges:
        if not unknown:
            break
        if run.rejections_run_id != held and held is not None:
            if read == _SETS_READ:
                break
            unknown &= _keys_of(ports, run.rejections_run_id or "")
            read += 1
        held = run.rejections_run_id
        since |= dict.fromkeys(unknown, run.started_at)
    return since


def _keys_of(ports: Ports, run_id: str) -> set[str]:
    try:
        stored = ports.target.records.rejections(run_id)
    except ListingSyncError:
        return set()
    return {standing_key(item.rejection) for item in stored}


def _items(stored: object) -> Iterable[tuple[object, object]]:
    if not isinstance(stored, dict):
        raise TypeError("no object")
    return stored.items()


def _list(stored: object) -> list[list[object]]:
    if not isinstance(stored, list):
        raise TypeError("no list")
    return stored


def _moment(stored: object) -> datetime:
    return datetime.fromisoformat(str(stored)).astimezone(UTC)


def _day(
    day: object, runs: object, changed: object, rejected: object, failed: object, share: object
) -> DayFigures:
    return DayFigures(
        date.fromisoformat(str(day)),
        int(str(runs)),
        int(str(changed)),
        None if rejected is None else int(str(rejected)),
        None if failed is None else int(str(failed)),
        None if share is None else float(str(share)),
    )
