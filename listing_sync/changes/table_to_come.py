"""Tell what a table will have once a file of sql/ has created it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from listing_sync.changes.table_check import TableFacts

_DEFINITION = re.compile(r"^ *(?P<name>\w+) (?P<type>\w+)(?: ?\([^)]*\))?(?P<rest>[^\n]*)$")


def table_to_come(files: Iterable[str], table: str, key: str) -> TableFacts | None:
    """Return what these texts of SQL make of a table that is not there; None: none creates it."""
    created = re.compile(rf"create table public\.{re.escape(table)} \((.*?)\n *\);", re.DOTALL)
    found = next((match for text in files if (match := created.search(text))), None)
    if found is None:
        return None
    lines = [line for each in found[1].splitlines() if (line := _DEFINITION.match(each))]
    return TableFacts(
        {line["name"]: line["type"] for line in lines},
        required=frozenset(
            line["name"]
            for line in lines
            if "not null" in line["rest"] and "default" not in line["rest"]
        ),
        key_is_unique=any(
            line["name"] == key and ("unique" in line["rest"] or "primary key" in line["rest"])
            for line in lines
        ),
    )
