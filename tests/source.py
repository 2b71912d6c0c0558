"""Hand the source of the program to what judges it, parsed once."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import listing_sync

HOUSE = Path(listing_sync.__file__).parent


@cache
def tree_of(path: Path) -> ast.Module:
    """Return a file of the source, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return all that a file of the source is made of."""
    return tuple(ast.walk(tree_of(path)))
