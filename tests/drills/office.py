"""One office with its sheet, project, chat and mailbox, and what its operator is told."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.drills.crond import SOUND, Crond, Mail, Plight
from tests.drills.expired import ExpiredServer
from tests.stack.chaos_proxy import ChaosProxy
from tests.stack.forward_proxy import ForwardProxy
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.postgrest import PostgrestFront
from tests.stack.receiver import Receiver
from tests.stack.spreadsheet import Cell
from tests.stack.supabase_lite import SupabaseLite

SHEET, TAB = "1dNGx5mnCzWqBSyT4fEJ9sKAcx4BqBqTmCZ0Hl2hKv8o", "Listings"
HEADERS: tuple[Cell, ...] = ("Property Number", "種別", "所在地", "●特記", "Price")
MANY = 180
FIVE_MINUTES_S = 300.0
A_DAY_S = 86_400.0
MAPPING = """
table = "property_listings"
key = "property_number"
[columns.property_number]
header = ["Property Number", "物件番号"]
type = "text"
required = true
pattern = '^[A-Z]{2}\\d+$'
[columns.property_type]
header = "種別"
type = "text"
[columns.address]
header = "所在地"
type = "text"
[columns.special_notes]
header = "●特記"
type = "text"
[columns.price]
header = ["Price", "価格"]
type = "money"
scale = 0
"""


def house(number: int) -> list[Cell]:
    """Return one row of the sheet, no two alike."""
    kind = ("戸建", "マンション", "土地")[number % 3]
    return [
        f"AA{number:05}",
        kind,
        f"港区芝{number}",
        f"駅徒歩{number % 17}分",
        10_000_000 + number,
    ]


@dataclass
class Office:
    """`settings` are what its crontab gives; `late_s` is how long ago a run seems to be."""

    crond: Crond
    google: LoopbackGoogle
    project: SupabaseLite
    supabase: ChaosProxy
    postgrest: PostgrestFront
    chat: Receiver
    expired: ExpiredServer
    proxy: ForwardProxy
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    plight: Plight = SOUND
    is_starting: bool = False

    def __post_init__(self) -> None:
        (self.folder / "mapping.toml").write_text(MAPPING, encoding="utf-8")
        self.settings = {
            "SUPABASE_URL": self.supabase.url,
            "SUPABASE_SERVICE_ROLE_KEY": self.project.secret_key,
            "GOOGLE_SHEETS_API_ENDPOINT": self.google.url,
            "GOOGLE_SERVICE_ACCOUNT_JSON": self.google.key_json(),
            "SYNC_SPREADSHEET_ID": SHEET,
            "SYNC_MAPPING_FILE": str(self.folder / "mapping.toml"),
            "SYNC_STATE_DIR": str(self.state),
            "SYNC_ALERT_WEBHOOK_URL": f"{self.chat.url}/chat",
            "SYNC_HEARTBEAT_URL": f"{self.chat.url}/monitor",
            "SYNC_ALERT_AFTER_FAILURES": "2",
            "SYNC_RETRY_DELAY": "1",
            "SYNC_RATE_LIMIT": "0",
            "TMPDIR": str(self.folder),
        }
        self.put([house(number) for number in range(1, MANY + 1)])

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def put(self, rows: Sequence[Sequence[Cell]], headers: Sequence[Cell] = HEADERS) -> None:
        """Let the sheet hold these rows."""
        self.google.put_tab(SHEET, TAB, [headers, *rows])

    def set_column(self, letter: str, cells: Sequence[Cell]) -> None:
        """Write a column below its header."""
        for row, cell in enumerate(cells, start=2):
            self.google.set_cell(SHEET, TAB, f"{letter}{row}", cell)

    def cron(self, *, late_s: float = 0.0, **settings: str) -> Mail:
        """Run `sync all` as the crontab does."""
        return self.run("sync", "all", late_s=late_s, **settings)

    def run(self, *arguments: str, late_s: float = 0.0, **settings: str) -> Mail:
        """Run a command; what it prints is all that is seen of it."""
        plight = replace(self.plight, late_s=late_s)
        return self.crond.run(arguments, self.settings | settings, self.folder, plight)

    def start(self, *, late_s: float = 0.0) -> int:
        """Start a run that does not end by itself; return the number of its process."""
        plight = replace(self.plight, late_s=late_s)
        return self.crond.start(("sync", "all"), self.settings, self.folder, plight)

    def series(self, runs: int, *, until_s: float = 0.0) -> list[Mail]:
        """Run every five minutes, so many times, the last one `until_s` ago."""
        ages = (until_s + FIVE_MINUTES_S * left for left in range(runs - 1, -1, -1))
        return [self.cron(late_s=age_s) for age_s in ages]

    @property
    def messages(self) -> list[str]:
        """What the chat was told, a text a message."""
        sent = (request for request in self.chat.requests if request.path == "/chat")
        return [_text(json.loads(request.body)) for request in sent]

    @property
    def starts(self) -> int:
        """How many runs the monitor saw begin."""
        return sum(request.path == "/monitor/start" for request in self.chat.requests)


def _text(document: Mapping[str, str]) -> str:
    return html.unescape(document["text"])


def joined(text: str) -> str:
    """Return text without the line breaks that 80 columns make."""
    return " ".join(text.split())
