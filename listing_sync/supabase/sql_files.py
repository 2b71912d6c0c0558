"""Read the files of sql/: name, text, checksum and single statements, in order."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from listing_sync.changes.migrations import SqlFile

_DOLLAR_QUOTE = re.compile(r"\$\w*\$")


def split_statements(text: str) -> tuple[str, ...]:
    """Return the statements of a file that follows the rule of sql/.

    A statement ends with a semicolon at the end of a line that is not between dollar quotes, so
    that a service which takes one statement a call can run it.

    Raises:
        ValueError: the last statement has no end.
    """
    statements: list[str] = []
    lines: list[str] = []
    open_quote: str | None = None
    for line in text.splitlines():
        if not lines and (not line.strip() or line.startswith("--")):
            continue
        lines.append(line)
        for quote in _DOLLAR_QUOTE.findall(line):
            if open_quote is None:
                open_quote = quote
            elif quote == open_quote:
                open_quote = None
        if open_quote is None and line.endswith(";"):
            statements.append("\n".join(lines))
            lines = []
    if lines:
        raise ValueError(f"statement without an end: {lines[0]}")
    return tuple(statements)


def migration_files() -> tuple[SqlFile, ...]:
    """Return the files of sql/ in the order in which they are applied."""
    texts = {
        file.name: file.read_text(encoding="utf-8")
        for file in _folder().iterdir()
        if file.name.endswith(".sql")
    }
    return tuple(
        SqlFile(
            name=name,
            text=texts[name],
            checksum=hashlib.sha256(texts[name].encode()).hexdigest(),
            statements=split_statements(texts[name]),
        )
        for name in sorted(texts)
    )


def _folder() -> Traversable:
    in_wheel = files("listing_sync") / "sql"
    return in_wheel if in_wheel.is_dir() else Path(__file__).parents[2] / "sql"
