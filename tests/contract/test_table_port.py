"""What every Table does, asked through the port alone: the one in memory, and the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.plan import TableRow
from listing_sync.errors import NullRefusedError, WrittenTwiceError
from listing_sync.ports import Back, Table
from listing_sync.supabase.table import SupabaseTable
from tests.contract.supabase_rest import connected, project_of
from tests.fakes import MemoryTable, folded
from tests.stack.postgrest import PostgrestFront
from tests.stack.supabase_lite import SupabaseLite

NUMBER = Column("number", ("Number",), ColumnType.TEXT, required=True)
PRICE = Column("price", ("Price",), ColumnType.INTEGER)
NOTE = Column("note", ("Note",), ColumnType.TEXT)
COLUMNS = (NUMBER, PRICE, NOTE)
NAMES = tuple(column.name for column in COLUMNS)
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
TABLES = """
create extension if not exists citext;
create table public.exact (number text primary key, price bigint not null, note text,
  by_hand text, gone_at timestamptz);
create table public.folded (like public.exact including all);
alter table public.folded alter column number type citext;
grant all on public.exact, public.folded to service_role;
"""

Open = Callable[[str], Table]


@pytest.fixture(scope="module")
def lite() -> Iterator[SupabaseLite]:
    with project_of(TABLES, max_rows=3) as project:
        yield project


def in_memory(equality: str) -> Table:
    table = MemoryTable(
        key="number",
        mark_column="gone_at",
        page_rows=3,
        equality=folded if equality == "folded" else str,
    )
    table.columns = (*NAMES, "by_hand")
    table.required = frozenset({"price"})
    return table


@pytest.fixture(params=["memory", pytest.param("supabase", marks=pytest.mark.stack)])
def opened(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Return a table, new and empty, whose key is equal as the name says."""
    if request.param == "memory":
        yield in_memory
        return
    lite: SupabaseLite = request.getfixturevalue("lite")
    lite.truncate()
    with (
        PostgrestFront(lite, max_rows=3) as front,
        connected(front.url, lite.secret_key) as rest,
    ):
        yield lambda name: SupabaseTable(
            rest, SheetMapping(name, "number", COLUMNS, mark_column="gone_at")
        )


@pytest.fixture
def table(opened: Open) -> Table:
    table = opened("exact")
    table.upsert(NAMES, [(f"AA{n}", n, f"note {n}") for n in range(1, 6)])
    return table


def read(table: Table) -> dict[str, tuple[str | None, ...]]:
    """Return the rows by number; whether numbers come as such or as texts says no port."""
    return {row.property_number: texts(row) for page in table.pages(COLUMNS) for row in page}


def texts(row: TableRow) -> tuple[str | None, ...]:
    return tuple(None if value is None else str(value) for value in row.values)


def test_an_empty_table_has_no_page(opened: Open) -> None:
    assert list(opened("exact").pages(COLUMNS)) == []


def test_pages_give_every_row_once_in_the_order_of_the_key_and_of_the_columns(
    table: Table,
) -> None:
    assert list(read(table).items()) == [
        (f"AA{n}", (f"AA{n}", str(n), f"note {n}")) for n in range(1, 6)
    ]


def test_rows_are_those_of_the_numbers_that_are_there(table: Table) -> None:
    found = [row for page in table.rows(COLUMNS, ["AA4", "AA9", "AA2"]) for row in page]
    assert {row.property_number: texts(row)[1] for row in found} == {"AA2": "2", "AA4": "4"}


def test_an_upsert_leaves_what_it_does_not_name(table: Table) -> None:
    table.upsert(("number", "price"), [("AA2", 20), ("AA6", 60)])
    assert read(table)["AA2"] == ("AA2", "20", "note 2")
    assert read(table)["AA6"] == ("AA6", "60", None)


def test_an_upsert_gives_back_what_it_wrote_or_the_whole_row(table: Table) -> None:
    assert table.upsert(("number", "price"), [("AA1", 7)]) == [{"number": "AA1", "price": 7}]
    (whole,) = table.upsert(("number", "price"), [("AA1", 8)], back=Back.WHOLE)
    assert whole == {
        "number": "AA1",
        "price": 8,
        "note": "note 1",
        "by_hand": None,
        "gone_at": None,
    }


def test_a_refused_row_leaves_the_whole_batch_unwritten_and_names_its_column(
    table: Table,
) -> None:
    before = read(table)
    with pytest.raises(NullRefusedError) as refused:
        table.upsert(("number", "price"), [("AA1", 9), ("AA7", None)])
    assert refused.value.column == "price"
    assert read(table) == before


def test_two_rows_that_are_one_to_the_table_are_refused(opened: Open) -> None:
    table = opened("folded")
    with pytest.raises(WrittenTwiceError):
        table.upsert(NAMES, [("aa1", 1, None), ("AA1", 2, None)])
    assert read(table) == {}


def test_a_number_means_a_row_by_the_tables_own_equality(opened: Open) -> None:
    table = opened("folded")
    table.upsert(NAMES, [("aa1", 1, None), ("AA2", 2, None)])
    assert table.meant_by(["AA1", "aa2", "AA3"]) == {"AA1": "aa1", "aa2": "AA2"}


def test_exact_keys_mean_themselves_alone(table: Table) -> None:
    assert table.meant_by(["AA1", "aa1", "AA9"]) == {"AA1": "AA1"}


def test_what_was_deleted_is_named_and_gone(table: Table) -> None:
    assert sorted(table.delete(["AA1", "AA9", "AA3"])) == ["AA1", "AA3"]
    assert list(read(table)) == ["AA2", "AA4", "AA5"]


def test_marks_are_read_with_the_rows_and_taken_away_by_an_upsert_that_names_them(
    table: Table,
) -> None:
    assert sorted(table.mark(["AA2", "AA9"], AT)) == ["AA2"]

    def marks() -> dict[str, bool]:
        rows = (row for page in table.pages(COLUMNS) for row in page)
        return {row.property_number: row.mark is not None for row in rows}

    assert marks()["AA2"]
    table.upsert(("number", "price"), [("AA2", 3)])
    assert marks()["AA2"]
    table.upsert(("number", "price", "gone_at"), [("AA2", 3, None)])
    assert not any(marks().values())


def test_what_is_read_whole_is_taken_back_whole(table: Table) -> None:
    table.mark(["AA5"], AT)
    whole = [row for page in table.whole_pages() for row in page]
    assert [row["number"] for row in whole] == [f"AA{n}" for n in range(1, 6)]
    (marked,) = table.whole_rows(["AA5"])
    assert marked == whole[-1]
    table.delete(["AA5"])
    table.upsert(tuple(marked), [tuple(marked.values())])
    assert list(table.whole_rows(["AA5"])) == [marked]


def test_parts_hold_every_number_once_in_order(table: Table) -> None:
    numbers = [f"{'x' * 90}{n}" for n in range(500)]
    parts = list(table.parts(numbers))
    assert [number for part in parts for number in part] == numbers
    assert all(parts)


def test_a_key_that_is_unique_fits_an_upsert_and_nothing_is_generated(table: Table) -> None:
    assert table.accepts_key()
    assert table.generated() == frozenset()
    assert table.describe().exists


def test_fingerprints_tell_every_key_in_one_bucket_and_nothing_of_what_is_known(table):
    table.upsert(NAMES, [(f"AA{n}", n, None) for n in range(9)])
    told = table.fingerprints(COLUMNS, [None] * 4)
    assert [each.bucket for each in told] == [0, 1, 2, 3]
    assert sorted(key for each in told for key in each.keys) == [f"AA{n}" for n in range(9)]
    known = [each.content for each in told]
    assert table.fingerprints(COLUMNS, known) == ()
    known[2] = None
    assert table.fingerprints(COLUMNS, known) == (told[2],)
    [keyless] = table.fingerprints(COLUMNS, known, with_keys=False)
    assert keyless.keys is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda table: table.upsert(NAMES, [("AA1", 1, "")]), id="null becomes empty"),
        pytest.param(lambda table: table.upsert(NAMES, [("AA1", 2, None)]), id="another value"),
        pytest.param(lambda table: table.upsert(NAMES, [("AA3", 1, None)]), id="a new row"),
        pytest.param(lambda table: table.delete(["AA1"]), id="a row less"),
        pytest.param(lambda table: table.mark(["AA1"], AT), id="a mark"),
    ],
)
def test_a_fingerprint_changes_with_any_mapped_column_or_the_mark(table, change):
    table.upsert(NAMES, [("AA1", 1, None), ("AA2", 2, "a,b")])
    known = [each.content for each in table.fingerprints(COLUMNS, [None] * 16)]
    change(table)
    assert len(table.fingerprints(COLUMNS, known)) == 1


def test_a_column_that_is_not_mapped_changes_the_version_alone(table):
    table.upsert(NAMES, [("AA1", 1, None)])
    [before] = table.fingerprints(COLUMNS, [None])
    table.upsert(("number", "price", "by_hand"), [("AA1", 1, "seen")])
    [after] = table.fingerprints(COLUMNS, [None])
    assert after.content == before.content
    assert after.version != before.version


def test_a_row_that_is_changed_back_has_its_fingerprint_and_another_version(table):
    table.upsert(NAMES, [("AA1", 1, "a")])
    [before] = table.fingerprints(COLUMNS, [None])
    table.upsert(NAMES, [("AA1", 2, "b")])
    table.upsert(NAMES, [("AA1", 1, "a")])
    [after] = table.fingerprints(COLUMNS, [None])
    assert after.content == before.content
    assert after.version != before.version
