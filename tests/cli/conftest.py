"""The agency of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.agency import Agency
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.supabase_lite import SupabaseLite


@pytest.fixture
def agency(
    google: LoopbackGoogle,
    project: SupabaseLite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Agency:
    return Agency(google, project, tmp_path, monkeypatch, capsys)
