"""Gather the story of one listing from sheet, table, records and this machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Listing, SheetColumn, Value
from listing_sync.cells.near import is_one_sign_off, likely_meant
from listing_sync.cells.validator import normalise_number, validate
from listing_sync.changes.given_back import GivenBack, row_comparer
from listing_sync.changes.plan import TableRow
from listing_sync.changes.rollout import is_in_share
from listing_sync.changes.undo_log import Logged
from listing_sync.commands.status import recent
from listing_sync.errors import RefusedError, RemoteError, SourceError
from listing_sync.history.outlook import outlook
from listing_sync.history.runs import Run, StoredRejection
from listing_sync.history.story import (
    Difference,
    Double,
    SheetView,
    Story,
    TableView,
    rejected_since,
)
from listing_sync.language.sentences import phrase
from listing_sync.language.system_words import system_words
from listing_sync.ports import Ports
from listing_sync.steps.going_now import going_now
from listing_sync.steps.holding import held_elsewhere
from listing_sync.steps.learning import known_to
from listing_sync.steps.own_work import OwnWork
from listing_sync.steps.reading import as_in_sheet

_RUNS_LOOKED_AT = 300
_REJECTIONS_LOOKED_AT = 300
_CHANGES_LOOKED_AT = 10
_DOUBLES_NAMED = 3
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
        self._rows_of: defaultdict[str, list[int]] = defaultdict(list)

    def story(self) -> Story:
        settings, now = self._ports.settings, self._ports.clock.now()
        sheet = self._in_sheet()
        table: TableView | None = None
        stored: tuple[StoredRejection, ...] = ()
        found = recent(self._ports, _RUNS_LOOKED_AT)
        try:
            table = self._in_table(sheet)
            if found.away is None:
                records = self._ports.target.records
                stored = records.rejections_of(self._number, _REJECTIONS_LOOKED_AT)
        except _UNREADABLE as error:
            self._problems.append(phrase("Supabase cannot be read: {error}", error=error))
        if found.away and table is not None:
            self._problems.append(
                phrase("the runs in Supabase cannot be read: {away}", away=found.away)
            )
        self._problems += found.problems
        stored += self._waiting_rejections()
        sheet = self._with_doubles(sheet, table)
        expected = outlook(found.runs, now)
        refusing = expected.last.rejections_run_id if expected.last else None
        work = self._own_work(table, found.runs)
        undone = work.undone() if table else None
        return Story(
            property_number=self._number,
            sheet=sheet,
            table=table,
            is_in_share=is_in_share(self._number, settings.sync_rollout_percent),
            is_pruned=settings.sync_prune,
            last_change=work.last_change(),
            rejected_since=rejected_since(
                found.runs,
                frozenset(item.run_id for item in stored),
                are_all=len(found.runs) < _RUNS_LOOKED_AT,
            ),
            refusals=tuple(item for item in stored if item.run_id == refusing),
            outlook=expected,
            hold=self._hold(),
            problems=tuple(self._problems),
            going=next(iter(going_now(self._ports, found.runs)), None),
            undone=undone,
            others=work.others(undone),
            seen_equal_at=work.seen_equal_at(sheet.listing) if sheet and not undone else None,
        )

    def _own_work(self, table: TableView | None, runs: Sequence[Run]) -> OwnWork:
        """Return what our runs did to the listing, as the table spells its number."""
        changes: tuple[Logged, ...] = ()
        try:
            changes = self._ports.machine.undo.changes_of(self._stored, _CHANGES_LOOKED_AT)
        except OSError as error:
            self._problems.append(
                phrase("what past runs replaced cannot be read: {error}", error=system_words(error))
            )
        except RefusedError as error:
            self._problems.append(
                phrase("what past runs replaced cannot be read: {error}", error=error)
            )
        return OwnWork(
            self._ports,
            self._stored,
            self._columns,
            changes,
            runs,
            row=self._now_there,
            differing=tuple(item.column for item in table.differences) if table else (),
        )

    def _waiting_rejections(self) -> tuple[StoredRejection, ...]:
        """Return what runs that wait in the journal say of the listing."""
        try:
            entries = self._ports.machine.journal.entries()
        except OSError:  # said by `recent`
            return ()
        return tuple(
            item
            for entry in entries
            for item in entry.rejections
            if item.rejection.property_number == self._number
        )

    def _in_sheet(self) -> SheetView | None:
        try:
            selected = self._ports.sheet.read_listings(frozenset({self._number}))
            spelled = self._as_in_sheet(selected.all_numbers)
            if spelled != self._number:
                selected = self._ports.sheet.read_listings(frozenset({spelled}))
        except _UNREADABLE as error:
            self._problems.append(phrase("the sheet cannot be read: {error}", error=error))
            return None
        self._columns = selected.contents.columns
        zone = self._ports.clock.now().astimezone().tzinfo or UTC
        checked = validate(selected.contents, self._ports.mapping, default_zone=zone)
        listing = next((item for item in checked.listings if item.property_number == spelled), None)
        rejections = tuple(item for item in checked.rejections if item.property_number == spelled)
        rows = {item.sheet_row for item in rejections if item.sheet_row is not None}
        if listing is not None:
            rows.add(listing.sheet_row)
        near = () if rows else likely_meant(self._number, selected.all_numbers)
        for text, row in zip(selected.all_numbers, selected.rows, strict=True):
            self._rows_of[normalise_number(text)].append(row)
        return SheetView(tuple(sorted(rows)), listing, rejections, near)

    def _with_doubles(self, sheet: SheetView | None, table: TableView | None) -> SheetView | None:
        """Return it with the numbers on several rows, one of which may be a row of this listing.

        A listing that the table has and the sheet has no more may be any of them; one that neither
        has, one that is a sign off.
        """
        if sheet is None or table is None:
            return sheet
        rows_of = {number: rows for number, rows in self._rows_of.items() if len(rows) > 1}
        if sheet.sheet_rows:
            rows = rows_of.get(self._number)
            if rows is None:
                return sheet
            own = Double(self._number, tuple(rows), self._vanished())
            return replace(sheet, doubles=(own,))
        near = sorted(
            rows_of, key=lambda number: (not is_one_sign_off(number, self._number), number)
        )
        if not table.is_there:
            near = [number for number in near if is_one_sign_off(number, self._number)]
        doubles = (
            Double(number, tuple(rows_of[number]), (self._number,))
            for number in near[:_DOUBLES_NAMED]
        )
        return replace(sheet, doubles=tuple(doubles))

    def _vanished(self) -> tuple[str, ...]:
        """Return which listings of the table, a sign off this one, the sheet has no more."""
        try:
            keys = [
                row.property_number
                for page in self._ports.target.table.pages([self._key()])
                for row in page
                if row.mark is None
            ]
        except _UNREADABLE:  # the table answered just now: nothing is claimed
            return ()
        gone = (key for key in keys if key not in self._rows_of)
        return tuple(sorted(key for key in gone if is_one_sign_off(key, self._number)))

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
        if self._ports.mapping.mark_column:
            self._now_there[self._ports.mapping.mark_column] = rows[0].mark
        self._stored = rows[0].property_number
        listing = sheet.listing if sheet else None
        differing = self._differences(listing, rows[0], known_to(self._ports)) if listing else ()
        all_of_them = self._differences(listing, rows[0], GivenBack()) if listing else ()
        return TableView(
            is_there=True,
            is_marked=rows[0].mark is not None,
            differences=differing,
            given_back=tuple(item for item in all_of_them if item not in differing),
        )

    def _differences(
        self, listing: Listing, row: TableRow, known: GivenBack
    ) -> tuple[Difference, ...]:
        columns = self._columns
        differing = row_comparer([item.column for item in columns], known)
        return tuple(
            Difference(columns[index].header, listing.values[index], row.values[index])
            for index in differing(listing, row.property_number, row.values)
            if columns[index].column.name != self._ports.mapping.key  # one number, spelled anew
        )

    def _key(self) -> Column:
        mapping = self._ports.mapping
        return next(column for column in mapping.columns if column.name == mapping.key)

    def _hold(self) -> str | None:
        hold = self._ports.machine.hold
        reason = hold.reason()
        if reason is not None:
            if not reason:
                return phrase("the file {path}", path=hold.path)
            return phrase("the file {path} ({reason})", path=hold.path, reason=reason)
        try:
            elsewhere = held_elsewhere(hold, self._ports.target.holds, may_release=False)
        except _UNREADABLE:  # that Supabase cannot be read is said once
            return None
        return phrase("another machine: {reason}", reason=elsewhere) if elsewhere else None
