"""Write events to stderr: lines for people, or one JSON object a line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

from listing_sync.cells.wording import plain
from listing_sync.language.sentences import altered, english_of
from listing_sync.redaction import Redaction

_LOGGER = logging.getLogger("listing_sync")
# These write whole URLs, and with them keys of rows, at INFO or on errors.
_NOISY = ("httpx", "httpcore", "googleapiclient", "google", "google_auth_httplib2", "urllib3")
_JOURNALD = {"DEBUG": "<7>", "INFO": "<6>", "WARNING": "<4>", "ERROR": "<3>"}


def configure(
    stream: TextIO,
    *,
    level: str = "warning",
    as_json: bool = False,
    journald: bool = False,
    secrets: Iterable[str] = (),
) -> None:
    """Send events from `level` up to `stream`; replaces what was configured before.

    `journald` puts the priority before each line, as systemd reads it; `secrets` never appear.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Formatter(as_json=as_json, journald=journald, secrets=secrets))
    _LOGGER.handlers[:] = [handler]
    _LOGGER.setLevel(level.upper())
    _LOGGER.propagate = False
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def name_run(run_id: str) -> None:
    """Have every later event carry the run's id."""
    for handler in _LOGGER.handlers:
        if isinstance(handler.formatter, _Formatter):
            handler.formatter.run_id = run_id


def redacted(text: str) -> str:
    """Return a text that leaves the program without the secrets of the settings."""
    for handler in _LOGGER.handlers:
        if isinstance(handler.formatter, _Formatter):
            return altered(text, handler.formatter.redact)
    return altered(text, Redaction())


def event(level: str, name: str, message: str, **facts: object) -> None:
    """Log what happened: `name` for machines, `message` for people, `facts` for both to count.

    A log is in English, whatever language its sentences were said in.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    if _LOGGER.isEnabledFor(number):
        said = {fact: english_of(value) for fact, value in facts.items()}
        _LOGGER.log(number, "%s", english_of(message), extra={"event": name, "facts": said})


class _Formatter(logging.Formatter):
    def __init__(self, *, as_json: bool, journald: bool, secrets: Iterable[str]) -> None:
        super().__init__()
        self.run_id: str | None = None
        self._as_json = as_json
        self._journald = journald
        self.redact = Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        line = self._json_line(record) if self._as_json else self._text_line(record)
        line = self.redact(line)
        return f"{_JOURNALD[record.levelname]}{line}" if self._journald else line

    def _text_line(self, record: logging.LogRecord) -> str:
        return f"{record.levelname} {plain(record.getMessage())}"

    def _json_line(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return _json(
            {
                "time": at.replace("+00:00", "Z"),
                "level": record.levelname.lower(),
                "event": getattr(record, "event", record.name),
                "run_id": self.run_id,
                "message": record.getMessage(),
                "facts": getattr(record, "facts", {}),
            }
        )


def _json(document: object) -> str:
    # ASCII alone: lone surrogates and steering characters cannot reach the terminal or the file.
    return json.dumps(document, default=str, separators=(",", ":"))
