"""Read JSON that somebody else wrote: whatever it holds, it is a document or a ValueError."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def read_foreign_json(text: str | bytes) -> Any:
    """Return the document.

    Raises:
        ValueError: no JSON (NaN is none), a number of thousands of digits, or nested too deep.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
