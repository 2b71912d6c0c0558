"""Take a snapshot, sync the share, and verify it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final
from uuid import uuid4

from listing_sync.cells.listings import Value
from listing_sync.changes.refusal import SafetyLimits
from listing_sync.commands.sync import SyncOptions, SyncResult, sync
from listing_sync.commands.verify import Verification, verify
from listing_sync.errors import RefusedError
from listing_sync.language.sentences import phrase
from listing_sync.language.system_words import system_words
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Holder, Ports, Progress, SnapshotMeta
from listing_sync.steps.elsewhere import heard_before

_NO_LIMITS: Final = SafetyLimits(prune_percent=100, change_percent=100)


@dataclass(frozen=True, slots=True)
class CutoverResult:
    """What a cutover did; `verification` is None when the sync did not come to its end."""

    snapshot: SnapshotMeta
    sync: SyncResult
    verification: Verification | None


def preview(ports: Ports, percent: float, progress: Progress) -> SyncResult:
    """Return what the sync of the share would change; nothing is written."""
    return sync(ports, replace(_options(ports, percent), dry_run=True), progress)


def cutover(ports: Ports, percent: float, progress: Progress) -> CutoverResult:
    """Keep the whole table as it is, sync the share without limits or pruning, and verify it."""
    snapshot = take_snapshot(ports, progress)
    # The plan holds both sides of every change: let it go before reading them again.
    result = replace(sync(ports, _options(ports, percent), progress), plan=None)
    verification = verify(ports, percent, progress) if result.error is None else None
    return CutoverResult(snapshot, result, verification)


def _options(ports: Ports, percent: float) -> SyncOptions:
    return SyncOptions(
        limits=_NO_LIMITS,
        percent=percent,
        batch_size=ports.settings.sync_batch_size,
        reads_all=True,
        signals=False,
    )


def take_snapshot(ports: Ports, progress: Progress) -> SnapshotMeta:
    """Write the whole table to this disk while no run of ours writes it.

    Raises:
        RefusedError: the disk does not take it.
    """
    who, now = ports.identity, ports.clock.now()
    me = Holder(who.host, who.pid, who.user, str(uuid4()), now)
    with ports.machine.lock.held(me, ports.settings.sync_lock_timeout):
        progress.phase("Snapshot", None)
        # Before the first row is read: what another machine writes from now on came after.
        last_heard_at = heard_before(ports)
        pages = ports.target.table.whole_pages()
        first_page = next(pages, ())
        columns = first_page[0] if first_page else ports.target.table.describe().columns
        try:
            return ports.machine.snapshots.take(
                taken_at=ports.clock.now(),
                last_heard_at=last_heard_at,
                columns=tuple(columns),
                first=not any(meta.first for meta in ports.machine.snapshots.all()),
                pages=_counted(chain((first_page,), pages), progress),
            )
        except OSError as error:
            raise RefusedError(
                phrase(
                    "the snapshot cannot be written ({why}), so nothing was changed:"
                    " make room in SYNC_STATE_DIR",
                    why=system_words(error),
                )
            ) from error


def _counted(
    pages: Iterator[Sequence[Mapping[str, Value]]], progress: Progress
) -> Iterator[Sequence[Mapping[str, Value]]]:
    for page in pages:
        yield page
        progress.advance(len(page))
