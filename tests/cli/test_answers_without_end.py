"""Commands whose every answer comes from a server that never ends: in time, in bounds, by name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.bounded import run_bounded
from tests.cli.agency import MAPPING
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.loopback import Answer, LoopbackServer, Request, Wire

PIECE = b"x" * 65536
SWELLING = gzip.compress(b"x" * (65 * 1024 * 1024))
HEAVY = b"[" + b"{}," * 1_300_000 + b"{}]"


class WithoutEnd(LoopbackServer):
    """Answers as its `kind` says, whatever is asked."""

    kind = "success"

    def serve(self, request: Request, wire: Wire) -> None:
        if self.kind == "swelling":
            wire.send(Answer(200, (("Content-Encoding", "gzip"),), SWELLING))
        elif self.kind == "heavy":
            wire.send(Answer(200, (("Content-Type", "application/json"),), HEAVY))
        else:
            status = b"400 No" if self.kind == "error" else b"200 OK"
            wire.connection.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n")
            while True:  # until the client has had enough
                wire.connection.sendall(PIECE)


@pytest.fixture
def server() -> Iterator[WithoutEnd]:
    with WithoutEnd() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, server: WithoutEnd) -> dict[str, str]:
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "houses.csv").write_text("Property Number,種別,Price,●特記\nAA10001,戸建,1,\n")
    return {
        "SUPABASE_URL": server.url,
        "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_" + "x" * 30,
        "SYNC_MAPPING_FILE": str(tmp_path / "mapping.toml"),
        "SYNC_SHEET_FILE": str(tmp_path / "houses.csv"),
        "SYNC_STATE_DIR": str(tmp_path / "state"),
        "SYNC_RETRY_ATTEMPTS": "0",
        "MALLOC_ARENA_MAX": "1",  # what threads set aside, and do not take, is counted too
    }


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def run(settings: Mapping[str, str], *arguments: str) -> tuple[int, str]:
        for name, text in settings.items():
            monkeypatch.setenv(name, text)
        monkeypatch.chdir(tmp_path)
        ended = run_bounded("-m", "listing_sync", *arguments, seconds=20, mebibytes=400)
        said = ended.stdout + ended.stderr
        assert "Traceback" not in said
        assert "sb_secret" not in said
        return ended.status, said

    return run


@pytest.mark.parametrize("kind", ["success", "error", "swelling", "heavy"])
def test_sync_reads_no_answer_of_supabase_without_an_end(
    ended, settings: dict[str, str], server: WithoutEnd, kind: str
) -> None:
    server.kind = kind
    status, said = ended(settings, "sync", "all")
    assert (status, "Supabase's answer" in said or "PostgREST's" in said) == (3, True)


@pytest.mark.parametrize(("command", "code"), [("health", 2), ("status", 3)])
def test_other_commands_read_none_either(
    ended, settings: dict[str, str], command: str, code: int
) -> None:
    status, said = ended(settings, command)
    assert (status, "larger than 64 MiB" in said) == (code, True)


@pytest.mark.parametrize("what", ["token", "values", "metadata"])
def test_no_answer_of_google_is_read_without_an_end(
    ended, settings: dict[str, str], server: WithoutEnd, google: LoopbackGoogle, what: str
) -> None:
    del settings["SYNC_SHEET_FILE"]
    settings |= {"SYNC_SPREADSHEET_ID": "1Sheet", "GOOGLE_SHEETS_API_ENDPOINT": server.url}
    if what == "metadata":
        settings |= {"SYNC_GOOGLE_AUTH": "adc", "NO_GCE_CHECK": ""}
        settings |= dict.fromkeys(("GCE_METADATA_HOST", "GCE_METADATA_IP"), server.url[7:])
    else:
        key = json.loads(google.key_json())
        if what == "token":
            key["token_uri"] = f"{server.url}/token"
        settings["GOOGLE_SERVICE_ACCOUNT_JSON"] = json.dumps(key)
    status, said = ended(settings, "sync", "all", "--dry-run")
    assert (status, "Google" in said) == (3, True)


def test_webhook_and_monitor_are_not_read_beyond_their_status(
    ended, settings: dict[str, str], server: WithoutEnd
) -> None:
    signals = dict.fromkeys(("SYNC_ALERT_WEBHOOK_URL", "SYNC_HEARTBEAT_URL"), f"{server.url}/hook")
    status, said = ended({**settings, **signals}, "test-signals")
    assert (status, said.count("taken")) == (0, 4)
