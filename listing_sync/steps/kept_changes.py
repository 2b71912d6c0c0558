"""Find what runs changed, in what this machine keeps of them, as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from listing_sync.errors import RefusedError
from listing_sync.history.runs import Run
from listing_sync.history.story import ChangeKind, ColumnChange
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports, Replaced

CHANGES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ListingChange:
    """What a run did to one listing; `columns` of an update only, by their headers."""

    property_number: str
    kind: ChangeKind
    columns: tuple[ColumnChange, ...] = ()


def changes_of_runs(ports: Ports, runs: Sequence[Run]) -> dict[str, tuple[ListingChange, ...]]:
    """Return the first changes of each run that changed something here, by its id."""
    headers = {column.name: column.headers[0] for column in ports.mapping.columns}
    found = {}
    for run in runs:
        stats = run.stats
        if not (stats.inserted or stats.updated or stats.removed):
            continue
        try:
            kept = ports.machine.undo.first_done(run.run_id, CHANGES_SHOWN)
        except (OSError, RefusedError):  # health and rollback name what is damaged
            continue
        if kept:
            found[run.run_id] = tuple(_change(each, headers) for each in kept)
    return found


def _change(kept: Replaced, headers: dict[str, str]) -> ListingChange:
    if kept.old is None:
        return ListingChange(kept.property_number, ChangeKind.INSERTED)
    if kept.new is None:
        return ListingChange(kept.property_number, ChangeKind.REMOVED)
    columns = tuple(
        ColumnChange(headers.get(name, name), kept.old.get(name), new)
        for name, new in kept.new.items()
        if kept.old.get(name) != new
    )
    return ListingChange(kept.property_number, ChangeKind.UPDATED, columns)
