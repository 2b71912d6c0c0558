"""Gather the story of one listing from sheet, table, records and this machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Listing, SheetColumn, Value
from listing_sync.cells.near import near_matches
from listing_sync.cells.validator import normalise_number, validate
from listing_sync.changes.given_back import row_comparer
from listing_sync.changes.plan import TableRow
from listing_sync.changes.rollout import is_in_share
from listing_sync.errors import RefusedError, RemoteError, SourceError
from listing_sync.history.runs import ENDED, Run, RunStatus, RunType, StoredRejection
from listing_sync.history.story import (
    ChangeKind,
    ColumnChange,
    Difference,
    LastChange,
    SheetView,
    Story,
    TableView,
    rejected_since,
)
from listing_sync.ports import Ports, Replaced
from listing_sync.steps.learning import known_to
from listing_sync.steps.reading import as_in_sheet

_RUNS_LOOKED_AT = 300
_REJECTIONS_LOOKED_AT = 300
_CHANGES_LOOKED_AT = 10
_UNREADABLE = (RemoteError, RefusedError, SourceError)


def listing_story(ports: Ports, property_number: str) -> Story:
    """Return all that sheet, table, records and this machine know of one listing."""
    return _Inquiry(ports, normalise_number(property_number)).story()


class _Inquiry:
    """One inquiry: what cannot be read becomes a problem, and the rest is still asked."""

    def __init__(self, ports: Ports, number: str) -> None:
        self._ports = ports
        self._number = number
        self._stored = number
        self._problems: list[str] = []
        self._columns: tuple[SheetColumn, ...] = ()
        self._now_there: dict[str, Value] | None = None

    def story(self) -> Story:
        settings = self._ports.settings
        sheet = self._in_sheet()
        table: TableView | None = None
        runs: tuple[Run, ...] = ()
        stored: tuple[StoredRejection, ...] = ()
        try:
            table = self._in_table(sheet)
            runs = self._ports.target.records.recent(_RUNS_LOOKED_AT)
            stored = self._ports.target.records.rejections_of(self._number, _REJECTIONS_LOOKED_AT)
        except _UNREADABLE as error:
            self._problems.append(f"Supabase cannot be read: {error}")
        full = [run for run in runs if run.run_type is RunType.FULL and run.status in ENDED]
        last_run = full[0] if full else None
        refusing = last_run.rejections_run_id if last_run else None
        return Story(
            property_number=self._number,
            sheet=sheet,
            table=table,
            is_in_share=is_in_share(self._number, settings.sync_rollout_percent),
            is_pruned=settings.sync_prune,
            last_change=self._last_change(),
            rejected_since=rejected_since(
                runs,
                frozenset(item.run_id for item in stored),
                are_all=len(runs) < _RUNS_LOOKED_AT,
            ),
            refusals=tuple(item for item in stored if item.run_id == refusing),
            last_run=last_run,
            is_running=any(run.status is RunStatus.IN_PROGRESS for run in runs),
            hold=self._hold(),
            problems=tuple(self._problems),
        )

    def _in_sheet(self) -> SheetView | None:
        try:
            selected = self._ports.sheet.read_listings(frozenset({self._number}))
            spelled = self._as_in_sheet(selected.all_numbers)
            if spelled != self._number:
                selected = self._ports.sheet.read_listings(frozenset({spelled}))
        except _UNREADABLE as error:
            self._problems.append(f"the sheet cannot be read: {error}")
            return None
        self._columns = selected.contents.columns
        zone = self._ports.clock.now().astimezone().tzinfo or UTC
        checked = validate(selected.contents, self._ports.mapping, default_zone=zone)
        listing = next((item for item in checked.listings if item.property_number == spelled), None)
        rejections = tuple(item for item in checked.rejections if item.property_number == spelled)
        rows = {item.sheet_row for item in rejections if item.sheet_row is not None}
        if listing is not None:
            rows.add(listing.sheet_row)
        near = () if rows else near_matches(self._number, selected.all_numbers)
        return SheetView(tuple(sorted(rows)), listing, rejections, near)

    def _as_in_sheet(self, in_sheet: Sequence[str]) -> str:
        try:
            return as_in_sheet(self._ports, in_sheet, (self._number,))[0]
        except (RemoteError, RefusedError):
            return self._number  # that the table cannot be read is told where it is looked at

    def _in_table(self, sheet: SheetView | None) -> TableView:
        columns = [item.column for item in self._columns] or [self._key()]
        rows = [
            row for page in self._ports.target.table.rows(columns, [self._number]) for row in page
        ]
        self._now_there = {}
        if not rows:
            return TableView(is_there=False, is_marked=False, differences=())
        names = (column.name for column in columns)
        self._now_there = dict(zip(names, rows[0].values, strict=True))
        self._stored = rows[0].property_number
        listing = sheet.listing if sheet else None
        return TableView(
            is_there=True,
            is_marked=rows[0].mark is not None,
            differences=self._differences(listing, rows[0]) if listing else (),
        )

    def _differences(self, listing: Listing, row: TableRow) -> tuple[Difference, ...]:
        columns = self._columns
        differing = row_comparer([item.column for item in columns], known_to(self._ports))
        return tuple(
            Difference(columns[index].header, listing.values[index], row.values[index])
            for index in differing(listing, row.property_number, row.values)
            if columns[index].column.name != self._ports.mapping.key  # one number, spelled anew
        )

    def _key(self) -> Column:
        mapping = self._ports.mapping
        return next(column for column in mapping.columns if column.name == mapping.key)

    def _last_change(self) -> LastChange | None:
        try:
            changes = self._ports.machine.undo.changes_of(self._stored, _CHANGES_LOOKED_AT)
        except OSError as error:
            self._problems.append(f"what past runs replaced cannot be read: {error.strerror}")
            return None
        for run_id, changed_at, change in changes:
            if self._was_written(change):
                return LastChange(run_id, changed_at, *self._kind_and_columns(change))
        return None

    def _was_written(self, change: Replaced) -> bool:
        """Return whether the table may have taken a change; it is noted before it is sent."""
        now = self._now_there
        if now is None:
            return True
        if change.old is None or change.new is None:
            return bool(now) == (change.new is not None)
        seen = change.old.keys() & now.keys()
        return not seen or any(now[name] != change.old[name] for name in seen)

    def _kind_and_columns(self, change: Replaced) -> tuple[ChangeKind, tuple[ColumnChange, ...]]:
        if change.old is None:
            return ChangeKind.INSERTED, ()
        if change.new is None:
            return ChangeKind.REMOVED, ()
        headers = {item.column.name: item.header for item in self._columns}
        return ChangeKind.UPDATED, tuple(
            ColumnChange(headers.get(name, name), change.old.get(name), new)
            for name, new in change.new.items()
        )

    def _hold(self) -> str | None:
        reason = self._ports.machine.hold.reason()
        if reason is None:
            return None
        return f"the file {self._ports.machine.hold.path}" + (f" ({reason})" if reason else "")
