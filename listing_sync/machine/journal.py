"""Runs that could not be recorded, one file each, until a later run delivers them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from listing_sync.cells.listings import Rejection
from listing_sync.errors import Category
from listing_sync.history.runs import (
    Cause,
    Process,
    Run,
    RunStats,
    RunStatus,
    RunType,
    StoredRejection,
)
from listing_sync.machine.state_dir import StateDir
from listing_sync.ports import JournalEntry

_FOLDER = "journal"
_STAMP = "%Y%m%dT%H%M%S.%fZ"
MOST_ENTRIES = 1000
KEPT_ENTRIES = 100


class JournalFiles:
    """Oldest first; a run added again replaces its entry, so that each is delivered once.

    Entries older than `keep_for`, but never the newest hundred, and the oldest above a thousand are
    dropped.
    """

    def __init__(self, state: StateDir, keep_for: timedelta) -> None:
        self._state = state
        self._keep_for = keep_for

    def add(self, entry: JournalEntry) -> None:
        """Keep a run on this disk; raises OSError where that fails."""
        name = f"{entry.run.started_at.astimezone(UTC):{_STAMP}}_{entry.run.run_id}.json"
        self._state.write_json(f"{_FOLDER}/{name}", _to_json(entry))
        oldest = f"{self._state.clock.now() - self._keep_for:{_STAMP}}"
        paths = self._paths()
        # By a clock that is ahead, all would be old.
        too_old = (path for path in paths[:-KEPT_ENTRIES] if path.name < oldest)
        for path in {*paths[:-MOST_ENTRIES], *too_old}:
            path.unlink(missing_ok=True)

    def entries(self) -> tuple[JournalEntry, ...]:
        """Return what waits; raises OSError when the folder cannot be read."""
        found = []
        for path in self._paths():
            try:
                stored = self._state.read_json(f"{_FOLDER}/{path.name}")
                if stored is not None:
                    found.append(_from_json(stored))
            except (AttributeError, KeyError, OSError, TypeError, ValueError):
                self._state.set_aside(path)
        return tuple(found)

    def delivered(self, run_id: str) -> None:
        """Forget a run that has been recorded."""
        for path in self._paths():
            if path.stem.endswith(f"_{run_id}"):
                path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        try:
            paths = list((self._state.path / _FOLDER).iterdir())
        except FileNotFoundError:
            return []
        return sorted(p for p in paths if p.suffix == ".json" and not p.name.startswith("."))


def _to_json(entry: JournalEntry) -> object:
    return _plain({"run": asdict(entry.run), "rejections": [asdict(r) for r in entry.rejections]})


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _from_json(stored: Any) -> JournalEntry:
    run = stored["run"]
    cause = run["cause"]
    moment = datetime.fromisoformat
    return JournalEntry(
        run=Run(
            **{
                **run,
                "run_type": RunType(run["run_type"]),
                "status": RunStatus(run["status"]),
                "started_at": moment(run["started_at"]),
                "completed_at": _optional(moment, run["completed_at"]),
                "heartbeat_at": moment(run["heartbeat_at"]),
                "stats": RunStats(**run["stats"]),
                "cause": cause and Cause(Category(cause["category"]), cause["message"]),
                "warnings": tuple(run["warnings"]),
                "process": Process(**run.get("process", {})),
                "removed": tuple(run.get("removed", ())),
            }
        ),
        rejections=tuple(
            StoredRejection(
                **{
                    **item,
                    "rejection": Rejection(
                        **{
                            **item["rejection"],
                            "category": Category(item["rejection"]["category"]),
                        }
                    ),
                    "created_at": moment(item["created_at"]),
                }
            )
            for item in stored["rejections"]
        ),
    )


def _optional(read: Callable[[str], datetime], text: str | None) -> datetime | None:
    return None if text is None else read(text)
