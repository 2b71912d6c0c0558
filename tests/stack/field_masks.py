"""Field masks against the discovery document that googleapiclient brings along."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

Mask = dict[str, "Mask"]
"""A mask as a tree, {} meaning all below."""


class BadMaskError(Exception):
    """A mask that names a field which the API does not have; its text is the path."""


def mask_tree(mask: str) -> Mask:
    """Return a field mask as a tree: a(b,c/d) -> {a: {b: {}, c: {d: {}}}}."""
    tree: Mask = {}
    stack = [tree]
    node = tree
    for name, mark in re.findall(r"([\w*]*)([(),./]|$)", mask):
        if name and name != "*":
            node = node.setdefault(name, {})
        if mark == "(":
            stack.append(node)
        elif mark == ")":
            node = stack.pop()
        elif mark == ",":
            node = stack[-1]
    return tree


def check_mask(tree: Mask, schema: str) -> None:
    """Raise BadMaskError unless every field exists in the schema (`Spreadsheet`, ...)."""
    _check(tree, {"$ref": schema}, "")


def masked(content: Any, mask: Mask) -> Any:
    """Return what a mask leaves of a JSON value."""
    if not mask:
        return content
    if isinstance(content, list):
        return [masked(item, mask) for item in content]
    return {name: masked(content[name], below) for name, below in mask.items() if name in content}


def _check(tree: Mask, kind: dict[str, Any], path: str) -> None:
    if not tree:
        return
    while "items" in kind:
        kind = kind["items"]
    fields = _schemas()[kind["$ref"]]["properties"] if "$ref" in kind else {}
    for name, below in tree.items():
        here = f"{path}.{name}" if path else name
        if name not in fields:
            raise BadMaskError(here)
        _check(below, fields[name], here)


@cache
def _schemas() -> dict[str, Any]:
    from googleapiclient.discovery_cache import get_static_doc

    found: dict[str, Any] = json.loads(get_static_doc("sheets", "v4"))["schemas"]
    return found
