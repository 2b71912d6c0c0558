"""Splitting SQL into the statements that a service takes one at a time."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.changes.table_check import FACTS_FILE
from listing_sync.supabase.sql_files import migration_files, split_statements

STATEMENTS = st.sampled_from(
    [
        "select 1;",
        "create table a (\n  b text default 'x;y' -- why; not\n);",
        "do $do$\nbegin\n  execute $x$ select 1; $x$;\nend;\n$do$;",
        "create function f() returns int language sql as $$\n  select 1;\n$$;",
    ]
)


@given(st.lists(STATEMENTS), st.sampled_from(["\n", "\n\n", "\n-- comment;\n"]))
def test_statements_joined_are_split_into_themselves(statements, between):
    assert split_statements(between.join(statements)) == tuple(statements)


@pytest.mark.parametrize("text", ["select 1", "do $$ begin;\nend;", "select 1; select 2"])
def test_a_statement_without_an_end_is_refused(text):
    with pytest.raises(ValueError, match="without an end"):
        split_statements(text)


def test_files_come_in_order_each_with_the_checksum_of_its_text():
    files = migration_files()
    assert [file.name for file in files] == sorted(file.name for file in files)
    assert len(files) == 7
    assert FACTS_FILE in {file.name for file in files}
    for file in files:
        assert file.checksum == hashlib.sha256(file.text.encode()).hexdigest()
        assert split_statements(file.text)[-1] == "notify pgrst, 'reload schema';"
