"""Write a Japanese header in Latin letters, where the library that can read it is installed.

Source: Hepburn's letters, as pykakasi gives them; an extra, for its dictionary is 10 MB and its
licence (GPL-3.0) is another than ours.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any


def romanised(text: str) -> str | None:
    """Return its words joined by `_`: 謎の列 is nazo_no_retsu; None where nobody can tell."""
    reader = _reader()
    if reader is None:
        return None
    words = " ".join(word["hepburn"] for word in reader.convert(text)).lower()
    name = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    if not re.search("[a-z]", name):
        return None
    return name if name[0].isalpha() else f"column_{name}"


@cache
def _reader() -> Any:
    """Return what reads Japanese, with its dictionary; None where it is not installed."""
    try:
        return import_module("pykakasi").kakasi()  # two seconds of dictionary, where it is needed
    except ImportError:
        return None
