"""Holds that every machine sees: rows of sync_state that no other query of ours looks at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from postgrest import ReturnMethod

from listing_sync.ports import SharedHold
from listing_sync.supabase.rest import Rest, Row, read_as_asked
from listing_sync.supabase.run_records import set_up

_RUNS: Final = "sync_state"
_COLUMNS: Final = "id,started_at,host,error_details"


class SupabaseHolds:
    """ports.Holds over the REST API, for one target.

    A hold is a row whose target is not that of any run, and whose status is the one that is
    reserved: the table is as it always was.
    """

    def __init__(self, rest: Rest, *, target: str, version: str) -> None:
        self._rest = rest
        self._target = f"hold: {target}"
        self._version = version

    def all(self) -> tuple[SharedHold, ...]:
        """Return the holds of this target, the oldest first."""
        query = self._rest.table(_RUNS).select(_COLUMNS).eq("target", self._target)
        with set_up():
            rows = self._rest.read(query.order("started_at"), "looking for holds").rows
        with read_as_asked("holds"):
            return tuple(map(_hold, rows))

    def place(self, hold: SharedHold) -> None:
        """Put syncing on hold, on every machine; harmless when repeated."""
        row: Row = {
            "id": hold.hold_id,
            "sync_type": "selective",
            "trigger": "hold",
            "status": "queued",
            "started_at": hold.since.isoformat(),
            "heartbeat_at": hold.since.isoformat(),
            "error_details": {"reason": hold.reason, "path": hold.path},
            "source": "",
            "target": self._target,
            "host": hold.host,
            "version": self._version,
        }
        query = self._rest.table(_RUNS).upsert(
            [row], returning=ReturnMethod.minimal, on_conflict="id"
        )
        with set_up():
            self._rest.write(query, "putting syncing on hold")

    def release(self, hold_id: str) -> None:
        """Take a hold away; harmless when it is gone."""
        query = self._rest.table(_RUNS).delete(returning=ReturnMethod.minimal).eq("id", hold_id)
        with set_up():
            self._rest.write(query.eq("target", self._target), "letting syncing go on")


def _hold(row: Row) -> SharedHold:
    details: Any = row["error_details"]
    said = details if isinstance(details, dict) else {}
    return SharedHold(
        hold_id=str(row["id"]),
        reason=str(said.get("reason", "")),
        host=str(row["host"]),
        path=str(said.get("path", "")),
        since=datetime.fromisoformat(row["started_at"]).astimezone(UTC),
    )
