"""Ask the database's own catalogue about a table, in one request, where our function is there.

`listing_sync_table_facts` comes with a file of sql/, which `migrate up` applies. It reads the
catalogue only, as the caller, so that it tells nothing that the key might not see. Without it, or
without the right to use it, `read_facts` returns None and the API document has to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from listing_sync.changes.table_check import UniqueKey
from listing_sync.errors import Category, PermanentError, Service
from listing_sync.ports import TableDescription
from listing_sync.supabase.missing_rights import missing_right
from listing_sync.supabase.rest import Rest, read_as_asked

FUNCTION: Final = "listing_sync_table_facts"
_VIEWS: Final = frozenset({"v", "m"})


def read_facts(rest: Rest, table: str) -> TableDescription | None:
    """Return what the table is, None where the database cannot be asked.

    Raises:
        PermanentError: the key may not read the table (42501).
    """
    query = rest.function(FUNCTION, {"table_name": table})
    try:
        rows = rest.read(query, "asking what the table is").rows
    except PermanentError:  # not installed, not granted; what is wrong otherwise, the next one says
        return None
    if not rows:
        return TableDescription(exists=False, columns={}, primary_key=(), required=frozenset())
    facts = rows[0].get("facts")
    if not isinstance(facts, dict):
        return None
    with read_as_asked("facts of the table"):
        may_read = bool(facts["may"]["select"])
        description = _description(facts)
    if not may_read:
        raise PermanentError(
            missing_right("table", table),
            service=Service.SUPABASE,
            category=Category.DATABASE,
            code="42501",
        )
    return description


def _description(facts: Mapping[str, Any]) -> TableDescription:
    columns: list[dict[str, Any]] = facts["columns"]
    keys = [_key(found) for found in facts["unique_keys"]]
    is_view = facts["kind"] in _VIEWS
    return TableDescription(
        exists=True,
        columns={column["name"]: _plain_type(column["type"]) for column in columns},
        primary_key=next((key.columns for key in keys if key.is_primary), ()),
        required=frozenset(column["name"] for column in columns if _has_to_be_given(column)),
        generated=frozenset(column["name"] for column in columns if column["generated"]),
        identities=frozenset(column["name"] for column in columns if column["identity"]),
        defaults={column["name"]: column["default"] for column in columns if column["default"]},
        longest={column["name"]: column["longest"] for column in columns if column["longest"]},
        # What an upsert through a view meets is the key of the table behind it.
        unique_keys=None if is_view else tuple(keys),
        is_view=is_view,
        declared={column["name"]: column.get("declared", "") for column in columns},
        # A partition or a table elsewhere has its own; a file of before does not tell.
        insert_hooks=_hooks(facts, "insert_hooks"),
        update_hooks=_hooks(facts, "update_hooks"),
    )


def _hooks(facts: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    found = facts.get(name)
    return tuple(found) if facts["kind"] == "r" and isinstance(found, list) else None


def _has_to_be_given(column: Mapping[str, Any]) -> bool:
    fills_itself = column["generated"] or column["identity"] or column["default"]
    return bool(column["not_null"] and not fills_itself)


def _key(found: Mapping[str, Any]) -> UniqueKey:
    return UniqueKey(
        name=found["name"],
        columns=tuple(found["columns"]),
        is_primary=found["primary"],
        is_deferrable=found["deferrable"],
        is_partial=found["partial"],
        is_of_expression=found["expression"],
        is_usable=found["usable"],
    )


def _plain_type(name: str) -> str:
    """Return the type without the schema of its extension: extensions.citext is citext."""
    return name.rpartition(".")[2].strip('"')
