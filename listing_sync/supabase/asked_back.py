"""Choose what a request that writes rows is asked to give back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from listing_sync.cells.listings import Value
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.as_sent import kept_as_sent
from listing_sync.changes.table_now import row_ids
from listing_sync.ports import Back, TableDescription

OF_WRITTEN: Final = frozenset({Back.WRITTEN, Back.DOUBTFUL})
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def asked_back(
    back: Back,
    mapping: SheetMapping,
    known: TableDescription | None,
    sent: Mapping[str, Sequence[Value]],
    ids: Sequence[str] = (),
) -> str:
    """Return the columns to select, "*" for all; `sent` are the values by column.

    `ids` come along in any case: they tell which row it is.

    `known` is what the table's catalogue says, None where it was not asked.
    """
    kept = _kept(back, mapping, known, sent)
    if back in OF_WRITTEN:
        told = (name for name in sent if kept is None or name not in kept)
        return ",".join(dict.fromkeys((mapping.key, *told, *ids)))
    if known is None or kept is None:
        return "*"
    names = known.columns.keys() - kept
    # A name that would have to be quoted is rare.
    return ",".join(sorted({mapping.key, *names})) if all(map(_PLAIN.fullmatch, names)) else "*"


def ids_asked(mapping: SheetMapping, known: TableDescription | None) -> Sequence[str]:
    """Return the columns to select that tell a row from another one with the same number."""
    if known is None:
        return ()
    mapped = {column.name for column in mapping.columns}
    ids = row_ids(known.identities, known.primary_key, known.defaults, mapped)
    return sorted(filter(_PLAIN.fullmatch, ids))


def _kept(
    back: Back,
    mapping: SheetMapping,
    known: TableDescription | None,
    sent: Mapping[str, Sequence[Value]],
) -> frozenset[str] | None:
    """Return the columns that need not come back; None where it is not known, or all is wanted.

    An upsert meets what meets an insert also where it updates.
    """
    if known is None or known.insert_hooks != () or back not in {Back.UNKNOWN, Back.DOUBTFUL}:
        return None
    if back is Back.DOUBTFUL and known.update_hooks != ():
        return None
    mapped = [column for column in mapping.columns if column.name in sent]
    return kept_as_sent(mapped, known.declared, sent)
