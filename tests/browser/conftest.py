"""The agency whose door is opened, and a browser to come in with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.tab import Tab, open_tab
from tests.cli.conftest import agency

__all__ = ["agency", "tab"]


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    """A tab of a browser of its own."""
    with open_tab(tmp_path / "profile") as found:
        yield found
