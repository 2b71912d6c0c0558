"""Write names as SQL that may be pasted as printed: mixed case, blanks, reserved words too."""

from __future__ import annotations


def sql_name(name: str) -> str:
    """Return a name as SQL takes it, whatever it is."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def sql_table(table: str) -> str:
    """Return the name of a table that the API serves."""
    return f"public.{sql_name(table)}"


def add_unique(table: str, column: str) -> str:
    """Return the statement that makes a column a key."""
    return f"alter table {sql_table(table)} add unique ({sql_name(column)});"


def add_column(table: str, column: str, sql_type: str) -> str:
    """Return the statement that adds a column."""
    return f"alter table {sql_table(table)} add column {sql_name(column)} {sql_type};"


RELOAD_SCHEMA = "notify pgrst, 'reload schema';"
"""What lets PostgREST see a change of the tables. Source: PostgREST, schema_cache.rst."""
