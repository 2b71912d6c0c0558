"""Name the checks as people read them."""

from __future__ import annotations

from typing import Final

from listing_sync.history.verdict import CheckName
from listing_sync.language.sentences import marked

CHECK_NAMES: Final = {
    CheckName.SETTINGS: marked("settings"),
    CheckName.KEY: marked("key"),
    CheckName.FILES: marked("files"),
    CheckName.STATE_DIR: marked("state dir"),
    CheckName.HOLD: marked("hold"),
    CheckName.JOURNAL: marked("journal"),
    CheckName.SHEET: marked("sheet"),
    CheckName.HEADERS: marked("headers"),
    CheckName.TABLE: marked("table"),
    CheckName.UNIQUE_KEY: marked("unique key"),
    CheckName.SYNC_STATE: marked("sync state"),
    CheckName.BREAKER: marked("breaker"),
    CheckName.GOOGLE_BREAKER: marked("google breaker"),
    CheckName.LAST_RUN: marked("last run"),
    CheckName.LAST_GOOD_RUN: marked("last good run"),
    CheckName.ERROR_RATE: marked("error rate"),
    CheckName.STABILITY: marked("stability"),
    CheckName.UNDONE: marked("undone"),
    CheckName.RUN_IN_PROGRESS: marked("run in progress"),
    CheckName.EGRESS: marked("egress"),
    CheckName.SCHEDULE: marked("schedule"),
    CheckName.SHARE: marked("share"),
    CheckName.CHANNELS: marked("channels"),
    CheckName.CLOCK: marked("clock"),
}
