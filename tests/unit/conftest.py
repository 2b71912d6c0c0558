"""What is logged, as the lines that a person would read."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.getMessage()}")


@pytest.fixture
def logged() -> Iterator[list[str]]:
    handler = Lines()
    logger = logging.getLogger("listing_sync")
    logger.addHandler(handler)
    yield handler.lines
    logger.removeHandler(handler)
