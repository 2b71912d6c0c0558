"""Say in a word how a run ended."""

from __future__ import annotations

from typing import Final

from listing_sync.history.runs import RunStatus
from listing_sync.language.sentences import marked, spoken

_WORDS: Final = {
    RunStatus.IN_PROGRESS: marked("in progress"),
    RunStatus.COMPLETED: marked("completed"),
    RunStatus.PARTIAL: marked("partial"),
    RunStatus.FAILED: marked("failed"),
    RunStatus.INTERRUPTED: marked("interrupted"),
}


def outcome(run_status: RunStatus) -> str:
    """Return the word."""
    return spoken(_WORDS[run_status])
