"""The Japanese pages quote what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.messages import catalogue_path, read_catalogue

PAGE = Path(__file__).parents[3] / "docs" / "ja" / "troubleshooting.md"
MESSAGES = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("message", MESSAGES)
def test_each_message_on_the_page_is_one_of_the_catalogue(message):
    parts = [part for part in message.split("…") if part]
    said = [str(each.string) for each in read_catalogue("ja") if each.id]
    assert any(all(part in text for part in parts) for text in said)


def test_the_page_has_messages():
    assert len(MESSAGES) > 15
    assert catalogue_path("ja").exists()
