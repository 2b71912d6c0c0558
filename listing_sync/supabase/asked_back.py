"""Choose what a request that writes rows is asked to give back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from listing_sync.cells.listings import Value
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.as_sent import kept_as_sent
from listing_sync.ports import Back, TableDescription

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")


def asked_back(
    back: Back,
    mapping: SheetMapping,
    known: TableDescription | None,
    sent: Mapping[str, Sequence[Value]],
) -> str:
    """Return the columns to select, "*" for all; `sent` are the values by column.

    `known` is what the table's catalogue says, None where it was not asked.
    """
    if back is Back.WRITTEN:
        return ",".join(dict.fromkeys((mapping.key, *sent)))
    if back is Back.WHOLE or known is None or known.insert_hooks != ():
        return "*"
    mapped = [column for column in mapping.columns if column.name in sent]
    names = known.columns.keys() - kept_as_sent(mapped, known.declared, sent)
    # A name that would have to be quoted is rare.
    return ",".join(sorted({mapping.key, *names})) if all(map(_PLAIN.fullmatch, names)) else "*"
