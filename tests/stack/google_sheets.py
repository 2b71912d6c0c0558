"""A loopback Google: its ways to a token and the part of Sheets API v4 that reads.

    python -m tests.stack.google_sheets --spreadsheet FILE.json --port N --key-file OUT.json

serves a spreadsheet from its own process; `POST /_edit` changes a cell (see LoopbackGoogle).
"""

from __future__ import annotations

import argparse
import gzip
import json
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.stack import spreadsheet as sheets
from tests.stack.field_masks import BadMaskError
from tests.stack.google_methods import content_of
from tests.stack.google_refusals import bad_field, quota_used_up, refusal, with_reason
from tests.stack.google_sign_in import FEDERATED, SignIn
from tests.stack.google_token import READ_ONLY_SCOPE, SERVICE_ACCOUNT, private_key_pem
from tests.stack.loopback import Answer, LoopbackServer, Request
from tests.stack.spreadsheet import Cell, RangeError, Spreadsheet, Tab, cell_from_json

DEFAULT_SPREADSHEET = "1LoopbackSpreadsheetForListingSyncTests00000"

_READING_SCOPES = frozenset({READ_ONLY_SCOPE, "https://www.googleapis.com/auth/spreadsheets"})
_SCOPES_LACK = "Request had insufficient authentication scopes."
_NO_CREDENTIALS = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use "
    "API Key or other form of API consumer identity to call this API."
)
_BAD_CREDENTIALS = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)
BeforeRequest = Callable[[Request], Answer | None]
AfterRequest = Callable[[Request], None]


class LoopbackGoogle(LoopbackServer):
    """Spreadsheets behind Google's token endpoint and Sheets API.

    Attributes:
        requests: every request, in order of arrival.
        readers: with whom the spreadsheets are shared.
        sign_in: who gets a token, and how.
        refusal: what the API answers instead of content (google_refusals.with_reason).
        reads_a_minute: the quota of the account, 60 in reality; None: no quota.
        clock: what the quota's minutes are counted by.
        computing_s: how long each answer takes.

    Besides Google's own paths, `POST /_edit` takes {"spreadsheetId", "tab", "cell", "value"}.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.requests: list[Request] = []
        self.readers = {SERVICE_ACCOUNT}
        self.sign_in = SignIn()
        self.refusal: dict[str, Any] | None = None
        self.reads_a_minute: int | None = None
        self.clock: Callable[[], float] = time.monotonic
        self.computing_s = 0.0
        self._reads: dict[int, int] = {}
        self._spreadsheets: dict[str, Spreadsheet] = {}
        self._answers: dict[tuple[str, bool], Answer] = {}
        self._lock = threading.RLock()
        self._before: BeforeRequest | None = None
        self._after: AfterRequest | None = None
        self._ended = threading.Event()

    # The key file

    def key(self) -> dict[str, str]:
        """Return the service account's key, its token endpoint being this server."""
        return {
            "type": "service_account",
            "project_id": "loopback",
            "private_key_id": "0123456789abcdef0123456789abcdef01234567",
            "private_key": private_key_pem(),
            "client_email": SERVICE_ACCOUNT,
            "client_id": "100000000000000000000",
            "token_uri": f"{self.url}/token",
        }

    def key_json(self) -> str:
        """Return the key as the text of its file."""
        return json.dumps(self.key(), indent=2)

    def write_key_file(self, path: Path) -> Path:
        """Write the key file, readable by its owner only; return its path."""
        path.touch(mode=0o600)
        path.write_text(self.key_json(), encoding="utf-8")
        return path

    # Spreadsheets, as their owner sees them

    def put_tab(
        self,
        spreadsheet_id: str,
        title: str,
        rows: Iterable[Sequence[Cell]],
        *,
        sheet_id: int = 0,
        hidden: bool = False,
        row_count: int | None = None,
        column_count: int | None = None,
        sheet_type: str = "GRID",
    ) -> None:
        """Add a tab, or replace the one of that title; the spreadsheet is made when absent.

        `sheet_type` is OBJECT for a chart, DATA_SOURCE for connected data.
        """
        tab = sheets.make_tab(
            title,
            rows,
            sheet_id=sheet_id,
            hidden=hidden,
            row_count=row_count,
            column_count=column_count,
            sheet_type=sheet_type,
        )
        with self._lock:
            spreadsheet = self._spreadsheets.setdefault(spreadsheet_id, Spreadsheet("Loopback"))
            titles = [other.title for other in spreadsheet.tabs]
            if title in titles:
                spreadsheet.tabs[titles.index(title)] = tab
            else:
                spreadsheet.tabs.append(tab)
            self._answers.clear()

    def name_range(self, spreadsheet_id: str, name: str, cells: str) -> None:
        """Give a range a name."""
        self._spreadsheets[spreadsheet_id].named[name] = cells
        self._answers.clear()

    def trim_blank_ends(self, spreadsheet_id: str) -> None:
        """Send no row's last cells that read as "", whatever is in them."""
        self._spreadsheets[spreadsheet_id].keeps_blank_ends = False
        self._answers.clear()

    def rename_tab(self, spreadsheet_id: str, title: str, new_title: str) -> None:
        """Give a tab another title."""
        with self._edited(spreadsheet_id, title) as tab:
            tab.title = new_title

    def set_cell(self, spreadsheet_id: str, title: str, cell: str, value: Cell) -> None:
        """Change one cell, e.g. "F17"."""
        row, column = sheets.position(cell)
        with self._edited(spreadsheet_id, title) as tab:
            tab.rows.extend([] for _ in range(row + 1 - len(tab.rows)))
            tab.rows[row].extend([None] * (column + 1 - len(tab.rows[row])))
            tab.rows[row][column] = value

    def insert_row(
        self, spreadsheet_id: str, title: str, sheet_row: int, cells: Sequence[Cell] = ()
    ) -> None:
        """Insert a row above `sheet_row` (1-based)."""
        with self._edited(spreadsheet_id, title) as tab:
            tab.rows.insert(sheet_row - 1, list(cells))
            tab.row_count += 1

    def delete_row(self, spreadsheet_id: str, title: str, sheet_row: int) -> None:
        """Delete a row (1-based); the rows below move up."""
        with self._edited(spreadsheet_id, title) as tab:
            del tab.rows[sheet_row - 1]
            tab.row_count -= 1

    def sort(
        self,
        spreadsheet_id: str,
        title: str,
        column: str,
        *,
        from_row: int = 2,
        reverse: bool = False,
    ) -> None:
        """Sort the rows from `from_row` on by what a column shows."""
        index = sheets.position(f"{column}1")[1]
        with self._edited(spreadsheet_id, title) as tab:
            tab.rows[from_row - 1 :] = sorted(
                tab.rows[from_row - 1 :],
                key=lambda row: sheets.shown(row[index] if index < len(row) else None),
                reverse=reverse,
            )

    def share(self, spreadsheet_id: str) -> None:
        """Share a spreadsheet with the service account, as it is from the start."""
        self._spreadsheets[spreadsheet_id].shared = True

    def unshare(self, spreadsheet_id: str) -> None:
        """Take the service account's access away."""
        self._spreadsheets[spreadsheet_id].shared = False

    # Hooks

    def before_request(self, hook: BeforeRequest | None) -> None:
        """Call `hook` before each request is answered; an Answer from it is sent instead."""
        self._before = hook

    def after_request(self, hook: AfterRequest | None) -> None:
        """Call `hook` once each answer is made and before it is sent."""
        self._after = hook

    def expire_tokens(self) -> None:
        """Let every access token given so far be refused."""
        self.sign_in.grants.clear()

    def __exit__(self, *ended: object) -> None:
        """End what is still being computed, and the server."""
        self._ended.set()
        super().__exit__(*ended)  # type: ignore[arg-type]  # the three of every __exit__

    # Answers

    def answer(self, request: Request) -> Answer:
        """Answer as Google would, or as the hook wants."""
        self.requests.append(request)
        answer = self._before(request) if self._before else None
        if answer is None:
            answer = self._google_answer(request)
        if self._after:
            self._after(request)
        return answer

    def _google_answer(self, request: Request) -> Answer:
        match [request.method, *request.path.lstrip("/").split("/", 4)]:
            case ["POST", "_edit"]:
                edit = json.loads(request.body)
                cell = cell_from_json(edit["value"])
                self.set_cell(edit["spreadsheetId"], edit["tab"], edit["cell"], cell)
                return Answer(204)
            case ["GET", "v4", "spreadsheets", spreadsheet_id, *rest]:
                return self._authorised(request, spreadsheet_id, rest)
            case _:
                answer = self.sign_in.answer(request)
                return answer or _error(404, "Requested entity was not found.")

    def _authorised(self, request: Request, spreadsheet_id: str, rest: list[str]) -> Answer:
        if not request.headers.get("authorization", "").lower().startswith("bearer "):
            return _error(403, _NO_CREDENTIALS)
        grant = self.sign_in.granted(request)
        if grant is None or grant.who == FEDERATED:  # whom Workspace does not know
            return _error(401, _BAD_CREDENTIALS)
        if not grant.scopes & _READING_SCOPES:
            return _json(403, with_reason(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", _SCOPES_LACK))
        if self.refusal is not None:
            return _json(self.refusal["error"]["code"], self.refusal)
        if not self._takes_read():
            return _json(429, quota_used_up(self.reads_a_minute or 0))
        if self.computing_s:
            self._ended.wait(self.computing_s)
        with self._lock:
            spreadsheet = self._spreadsheets.get(spreadsheet_id)
            if spreadsheet is None:
                return _error(404, "Requested entity was not found.")
            if not spreadsheet.shared or grant.who not in self.readers:
                return _error(403, "The caller does not have permission")
            return self._content(request, spreadsheet_id, spreadsheet, rest)

    def _content(
        self, request: Request, spreadsheet_id: str, spreadsheet: Spreadsheet, rest: list[str]
    ) -> Answer:
        key = (request.target, "gzip" in request.headers.get("accept-encoding", ""))
        answer = self._answers.get(key)
        if answer is None:
            try:
                content = content_of(spreadsheet_id, spreadsheet, rest, request.query)
            except RangeError as error:
                return _error(400, str(error))
            except BadMaskError as error:
                return _json(400, bad_field(str(error)))
            if content is None:
                return _error(404, "Requested entity was not found.")
            is_pretty = request.query.get("prettyPrint", ["true"])[-1] != "false"
            answer = _json(200, content, compressed=key[1], is_pretty=is_pretty)
            if not any(tab.is_volatile for tab in spreadsheet.tabs):
                self._answers[key] = answer
        return answer

    def _takes_read(self) -> bool:
        if self.reads_a_minute is None:
            return True
        with self._lock:
            minute = int(self.clock() // 60)
            self._reads[minute] = self._reads.get(minute, 0) + 1
            return self._reads[minute] <= self.reads_a_minute

    @contextmanager
    def _edited(self, spreadsheet_id: str, title: str) -> Iterator[Tab]:
        with self._lock:
            tab = self._spreadsheets[spreadsheet_id].tab(title)
            if tab is None:
                raise KeyError(title)
            yield tab
            self._answers.clear()


def _json(status: int, content: Any, *, compressed: bool = False, is_pretty: bool = True) -> Answer:
    """Return an answer in JSON: as Google writes it, with two spaces, unless asked not to."""
    body = json.dumps(content, ensure_ascii=False, indent=2 if is_pretty else None).encode()
    headers = (("Content-Type", "application/json; charset=UTF-8"), ("Vary", "Origin"))
    if not compressed:
        return Answer(status, headers, body)
    packed = gzip.compress(body, compresslevel=1, mtime=0)
    return Answer(status, (*headers, ("Content-Encoding", "gzip")), packed)


def _error(code: int, message: str) -> Answer:
    return _json(code, refusal(code, message))


def main() -> None:
    """Serve the tabs of a file {"spreadsheetId", "tabs": [{"title", "rows"}]} until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.stack.google_sheets")
    parser.add_argument("--spreadsheet", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key-file", type=Path, required=True)
    options = parser.parse_args()
    content = json.loads(options.spreadsheet.read_text(encoding="utf-8"))
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before a thread is there that would get them
    with LoopbackGoogle(options.port) as google:
        for sheet_id, tab in enumerate(content["tabs"]):
            rows = [[cell_from_json(cell) for cell in row] for row in tab["rows"]]
            google.put_tab(content["spreadsheetId"], tab["title"], rows, sheet_id=sheet_id)
        google.write_key_file(options.key_file)
        print(google.url, flush=True)
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
