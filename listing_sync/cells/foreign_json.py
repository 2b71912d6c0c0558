"""Read JSON that somebody else wrote: whatever it holds, it is a document or a ValueError.

A few bytes of JSON may stand for many of memory ("[]," for 80), and one character outside of the
usual makes a text four times as large; so what is large is weighed before it is read.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

_LARGEST: Final = 300 * 1024 * 1024
_LIGHT_BYTES: Final = 2 * 1024 * 1024
"""No document of so many bytes weighs too much."""
_PIECE_BYTES: Final = 1024 * 1024
_CONTINUATION: Final = bytes(range(0x80, 0xC0))
_MARKS: Final = {b"{": 200, b"[": 104, b",": 90, b":": 130}
"""What is held for each, at most: with it comes a value, or with a colon the name of one."""
_GROWTH: Final = 2.3
"""How often a long text is held while it is read: it is copied as it grows."""


class TooHeavyError(ValueError):
    """A document would fill the memory."""


def read_foreign_json(text: str | bytes) -> Any:
    """Return the document.

    Raises:
        TooHeavyError: it would fill the memory.
        ValueError: no JSON (NaN is none), a number of thousands of digits, or nested too deep.
    """
    weigh(text)
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def weigh(text: str | bytes, *, keeps_text: bool = False) -> None:
    """Raise TooHeavyError for JSON that would fill the memory while it is read.

    `keeps_text` where documents in it are kept as they are written, too.
    """
    if len(text) <= _LIGHT_BYTES:
        return
    content = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if weight_of(content, keeps_text=keeps_text) > _LARGEST:
        raise TooHeavyError(f"it would take more than {_LARGEST >> 20} MiB to be read")


def weight_of(content: bytes, *, keeps_text: bool = False) -> int:
    """Return how many bytes of memory a document and what it says take at most."""
    held = sum(content.count(mark) * size for mark, size in _MARKS.items())
    pieces = range(0, len(content), _PIECE_BYTES)
    characters = sum(
        len(content[at : at + _PIECE_BYTES].translate(None, _CONTINUATION)) for at in pieces
    )
    width = _width(content, rb"[\xf0-\xff]", rb"[\xc4-\xef]")
    value_width = max(width, _width(content, rb"\\u[dD][89abAB]", rb"\\u(?!00)"))
    texts = width * (1 + keeps_text) + value_width * _GROWTH
    return len(content) + int(characters * texts) + held


def _width(content: bytes, four: bytes, two: bytes) -> int:
    """Return how many bytes Python holds for each character of a text.

    Source: PEP 393 (by its widest character); RFC 3629 section 3 (the first bytes).
    """
    if re.search(four, content):
        return 4
    return 2 if re.search(two, content) else 1


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
