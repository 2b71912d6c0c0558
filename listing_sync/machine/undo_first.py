"""Find the first changes that a run came to make among the lines of its undo file."""

from __future__ import annotations

from collections.abc import Iterable

from listing_sync.machine.state_dir import decode_json
from listing_sync.machine.undo_lines import changes_in, done_in, is_change
from listing_sync.ports import Replaced


def first_done_in(batches: Iterable[bytes], limit: int) -> tuple[Replaced, ...]:
    """Return at most `limit` changes that the database took, in order; no more is read."""
    waiting: dict[str, Replaced] = {}
    done: list[Replaced] = []
    for lines in batches:
        for line in lines.splitlines():
            if is_change(line):
                waiting |= {change.property_number: change for change in changes_in(line)}
            elif waiting and line.startswith(b"{"):
                outcome = decode_json(line, frames=3)
                for number in outcome.get("refused", ()):
                    waiting.pop(number, None)
                done += (waiting.pop(number) for number, _ in done_in(outcome) if number in waiting)
        if len(done) >= limit:
            break
    return tuple(done[:limit])
