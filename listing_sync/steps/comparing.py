"""Compare all listings with the table, of which only what may have changed is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta

from listing_sync import logs
from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Checked
from listing_sync.changes.given_back import GivenBack
from listing_sync.changes.plan import Plan, TableRow, make_plan
from listing_sync.changes.seen import (
    Fingerprint,
    Found,
    Remembered,
    Seen,
    buckets_for,
    digests_of,
    identity_of,
    in_order,
    is_of_use,
    needs_all_rows,
    seen_now,
    still_known,
    unread,
    with_unread,
)
from listing_sync.errors import BreakerOpenError, RemoteError
from listing_sync.language.sentences import english_of
from listing_sync.language.system_words import system_words
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports

Pages = Iterable[Sequence[TableRow]]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is compared, and to what end; `percent` is the rollout share.

    `reads_all`: nothing that was remembered of the table is gone by; `keeps`: what was seen is.
    """

    percent: float = 100
    selected_only: bool = False
    force: bool = False
    prune: bool = False
    reads_all: bool = True
    keeps: bool = False


class Comparing:
    """One comparison of a whole sheet with the whole table.

    `counted` is what pages are read through. `seen` is, once there is a plan, all that is
    remembered of the table by which it was made.
    """

    def __init__(
        self,
        ports: Ports,
        checked: Checked,
        scope: Scope,
        counted: Callable[[Pages], Pages],
        known: GivenBack,
    ) -> None:
        self._ports = ports
        self._checked = checked
        self._scope = scope
        self._counted = counted
        self._known = known
        self._columns: Sequence[Column] = [column.column for column in checked.columns]
        self._found = Found({})
        self.seen: Remembered | None = None

    def plan(self) -> Plan:
        """Return what would be changed, as if every row had been read."""
        table, scope = self._ports.target.table, self._scope
        # What --force reads is written anew: it tells the next run nothing that is worth two looks.
        if scope.force or (scope.reads_all and not scope.keeps):
            return self._made(table.pages(self._columns))
        digests = digests_of(self._checked.listings)
        before = self._remembered()
        seen = before.seen if before else (None,) * buckets_for(len(digests))
        told = table.fingerprints(self._columns, still_known(seen, digests))
        if told is None:
            return self._made(table.pages(self._columns))
        plan = None
        left = unread(seen, told)
        if left.is_worth_it:
            rows = table.rows(self._columns, left.keys) if left.keys else ()
            plan = with_unread(
                self._made(rows),
                left.buckets,
                self._checked,
                percent=self._scope.percent,
                prune=self._scope.prune,
            )
        if plan is None or needs_all_rows(plan):
            plan = self._made(table.pages(self._columns))
        if not scope.keeps:
            return plan
        self.seen = before
        if told or before is None:
            after = self._told_again(told, seen)
            now = seen_now(seen, told, after, self._found, plan, digests)
            whole_at = before.read_whole_at if before else self._ports.clock.now()
            self.seen = Remembered(whole_at, now)
            self._store(self.seen)
        return plan

    def _made(self, pages: Pages) -> Plan:
        plan = make_plan(
            self._checked,
            self._noted(pages),
            percent=self._scope.percent,
            force=self._scope.force,
            prune=self._scope.prune,
            known=self._known,
        )
        return in_order(plan)

    def _noted(self, pages: Pages) -> Iterator[Sequence[TableRow]]:
        self._found.marked.clear()
        for page in self._counted(pages):
            self._found.take(page)
            yield page

    @property
    def _identity(self) -> str:
        return _identity(self._ports, self._columns, self._known, self._scope.percent)

    def _remembered(self) -> Remembered | None:
        if self._scope.reads_all:
            return None
        ports = self._ports
        found = remembered_of_table(ports, self._columns, self._known, self._scope.percent)
        longest = timedelta(hours=ports.settings.sync_full_read_hours)
        listings = len(self._checked.listings)
        return found if found and is_of_use(found, ports.clock.now(), longest, listings) else None

    def _told_again(self, told: Sequence[Fingerprint], seen: Seen) -> Sequence[Fingerprint]:
        """Return what the database tells of these buckets now that they were read."""
        again = {each.bucket for each in told}
        asked = [
            bucket.content if bucket and at not in again else None for at, bucket in enumerate(seen)
        ]
        try:
            return (
                self._ports.target.table.fingerprints(self._columns, asked, with_keys=False) or ()
            )
        except (RemoteError, BreakerOpenError) as error:
            logs.event(
                "info",
                "not_remembered",
                f"the next run reads these rows again: {english_of(error)}",
            )
            return ()

    def _store(self, remembered: Remembered) -> None:
        ports = self._ports
        try:
            ports.machine.table_memory.store(ports.identity.source, self._identity, remembered)
        except OSError as error:
            why = system_words(error)
            logs.event("info", "not_remembered", f"what was read cannot be kept: {english_of(why)}")


def remembered_of_table(
    ports: Ports, columns: Sequence[Column], known: GivenBack, percent: float
) -> Remembered | None:
    """Return what the last comparison of these columns saw of the table, None: nothing is known."""
    identity = _identity(ports, columns, known, percent)
    return ports.machine.table_memory.load(ports.identity.source, identity)


def _identity(ports: Ports, columns: Sequence[Column], known: GivenBack, percent: float) -> str:
    who = ports.identity
    names = [column.name for column in columns]
    return identity_of(who.version, who.target, ports.mapping, names, known, percent)
