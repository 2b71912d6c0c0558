"""Say which right the key lacks, and the command that gives it."""

from __future__ import annotations

import re

from listing_sync.changes.sql_text import sql_name
from listing_sync.language.sentences import marked, phrase

_NO_RIGHT_ON = re.compile(r"permission denied for (table|view|sequence|schema) (.+)", re.DOTALL)
_OUR_TABLES = ("sync_state", "sync_errors", "sync_migrations")
_LONGEST_NAME = 63
_KINDS = {
    "table": marked("table"),
    "view": marked("view"),
    "sequence": marked("sequence"),
    "schema": marked("schema"),
}


def right_missed(message: str, table: str, *, is_signed_in: bool) -> str:
    """Return what a refusal for want of rights says, with what to do.

    `message` is the database's, `table` the one that was asked for.
    """
    denied = _NO_RIGHT_ON.fullmatch(message.strip())
    if denied is None or not is_signed_in:
        return phrase(
            "the key has no right to do this ({message}): is it the secret (service_role) key of"
            " this project?",
            message=message,
        )
    kind, name = denied.groups()
    if _is_ours(kind, name, {table, *_OUR_TABLES}):
        return missing_right(kind, name)
    # A trigger may say so of anything, also to have somebody grant it.
    return phrase(
        "the key may not use the {kind} {name}, which is none that this tool asks for: a trigger or"
        " policy of the table uses it; look there",
        kind=_KINDS[kind],
        name=name[:_LONGEST_NAME],
    )


def _is_ours(kind: str, name: str, tables: set[str]) -> bool:
    """Say whether it is what we asked for: the grant of anything else is not ours to advise."""
    if kind == "schema":
        return name == "public"
    if kind == "sequence":
        return name.endswith("_seq") and any(name.startswith(f"{table}_") for table in tables)
    return name in tables


def missing_right(kind: str, name: str) -> str:
    """Return what to do where the key may not use a table, view, schema or sequence of ours."""
    right = {"schema": "usage on schema", "sequence": "usage on sequence"}.get(kind, "all on")
    return phrase(
        "the key may not use the {kind} {name}: run in Supabase's SQL editor: grant {right}"
        " {sql_name} to service_role;",
        kind=_KINDS[kind],
        name=name,
        right=right,
        sql_name=sql_name(name),
    )
