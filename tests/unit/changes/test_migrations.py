from __future__ import annotations

import pytest

from listing_sync.changes.migrations import (
    PendingFile,
    SqlFile,
    pending_files,
    script_of,
    statements_of,
)

FIRST = SqlFile("1.sql", "-- one\na;\nb;\n", "abc", ("a;", "b;"))
SECOND = SqlFile("2.sql", "c;\n", "def", ("c;",))
RECORD = (
    "insert into public.sync_migrations (name, checksum) values ('2.sql', 'def')"
    " on conflict (name) do update set checksum = excluded.checksum, applied_at = now();"
)


@pytest.mark.parametrize(
    ("applied", "pending"),
    [
        pytest.param({}, [(FIRST, False), (SECOND, False)], id="nothing applied"),
        pytest.param({"1.sql": "abc"}, [(SECOND, False)], id="one applied"),
        pytest.param({"1.sql": "abc", "2.sql": "old"}, [(SECOND, True)], id="one changed"),
        pytest.param({"1.sql": "abc", "2.sql": "def"}, [], id="all applied"),
        pytest.param({"9.sql": "x"}, [(FIRST, False), (SECOND, False)], id="one not known"),
    ],
)
def test_a_file_is_pending_until_its_checksum_is_recorded(applied, pending):
    assert pending_files((FIRST, SECOND), applied) == tuple(
        PendingFile(file, changed=changed) for file, changed in pending
    )


def test_a_file_records_itself_last():
    assert statements_of(SECOND) == ("c;", RECORD)


def test_the_script_to_paste_runs_the_same_statements_in_order():
    script = script_of(pending_files((FIRST, SECOND), {}))
    wanted = ("-- 1.sql", *statements_of(FIRST), "-- 2.sql", *statements_of(SECOND))
    assert script == "\n\n".join(wanted)
