"""Look up what our runs did to one listing, and whether it still is so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from listing_sync.cells.listings import Listing, SheetColumn, Value
from listing_sync.changes.seen import digests_of
from listing_sync.changes.table_now import TableNow
from listing_sync.changes.undo_log import Logged, Row, written_types
from listing_sync.changes.undone import Undone, undone
from listing_sync.history.run_statistics import full_runs
from listing_sync.history.runs import GOOD, Run
from listing_sync.history.story import OTHERS, ChangeKind, ColumnChange, LastChange
from listing_sync.language.sentences import spoken
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports
from listing_sync.steps.comparing import remembered_of_table
from listing_sync.steps.elsewhere import others_or
from listing_sync.steps.learning import known_to


@dataclass(frozen=True, slots=True)
class OwnWork:
    """What runs of ours did to one listing: `changes` and `runs` come newest first.

    `stored` is its number as the table spells it, `row` what the table has now: None where that
    cannot be read, empty where it has no row. `differing` are the headers of the columns in which
    it differs from the sheet.
    """

    ports: Ports
    stored: str
    columns: Sequence[SheetColumn]
    changes: Sequence[Logged]
    runs: Sequence[Run]
    row: Row | None
    differing: Sequence[str]

    def last_change(self) -> LastChange | None:
        """Return what a run did last, as far as it is known to have come about."""
        for change in self.changes:
            if change.is_certain or self._was_written(change):
                return LastChange(change.run_id, change.started_at, *self._kind_and_columns(change))
        return None

    def undone(self) -> Undone | None:
        """Return what others made of what our runs left, its columns by their headers."""
        if self.row is None:
            return None
        mapping = self.ports.mapping
        names = {item.header: item.column.name for item in self.columns}
        looked_at = [names[header] for header in self.differing]
        if mapping.mark_column:
            looked_at.append(mapping.mark_column)
        now = TableNow(mapping.key, written_types(mapping))
        found = undone(self.changes, self.row or None, now, looked_at)
        return found and replace(found, columns=tuple(map(self._header, found.columns)))

    def others(self, found: Undone | None) -> str:
        """Return who may have undone it: also runs of other machines, whose work is not here."""
        if found is None:
            return spoken(OTHERS)
        ours = self.ports.identity.host
        later = (run for run in self.runs if run.started_at > found.started_at)
        return others_or(OTHERS, [run for run in later if run.host != ours])

    def seen_equal_at(self, listing: Listing | None) -> datetime | None:
        """Return when a run of this machine saw the table as the sheet is now, if it did."""
        here = (run for run in full_runs(self.runs) if run.host == self.ports.identity.host)
        last = next(here, None)
        if listing is None or last is None or last.status not in GOOD:
            return None
        remembered = remembered_of_table(
            self.ports,
            [item.column for item in self.columns],
            known_to(self.ports, self.runs),
            self.ports.settings.sync_rollout_percent,
        )
        (digest,) = digests_of([listing]).values()
        is_equal = remembered is not None and any(
            bucket is not None
            and bucket.rows.get(self.stored) == digest
            and self.stored not in bucket.marked
            for bucket in remembered.seen
        )
        return last.started_at if is_equal else None

    def _was_written(self, change: Logged) -> bool:
        """Return whether the table may have taken a change of which no answer is known."""
        now = self.row
        if now is None:
            return True
        if change.old is None or change.new is None:
            return bool(now) == (change.new is not None)
        seen = change.old.keys() & now.keys()
        return not seen or any(now[name] != change.old[name] for name in seen)

    def _kind_and_columns(self, change: Logged) -> tuple[ChangeKind, tuple[ColumnChange, ...]]:
        if change.old is None:
            return ChangeKind.INSERTED, ()
        if change.new is None:
            return ChangeKind.REMOVED, ()
        old: dict[str, Value] = dict(change.old)
        return ChangeKind.UPDATED, tuple(
            ColumnChange(self._header(name), old.get(name), new) for name, new in change.new.items()
        )

    def _header(self, name: str) -> str:
        headers = (item.header for item in self.columns if item.column.name == name)
        return next(headers, name)
