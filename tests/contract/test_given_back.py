"""What a table makes of values, on a real PostgreSQL: told once, and never written in circles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from listing_sync.cells.listings import Cell
from listing_sync.commands.listing_story import listing_story
from listing_sync.commands.sync import SyncResult
from listing_sync.commands.verify import verify
from listing_sync.history.run_checks import run_checks
from listing_sync.history.run_statistics import statistics
from listing_sync.history.runs import RunStatus
from listing_sync.history.verdict import CheckName
from listing_sync.steps.learning import loose_with_examples
from listing_sync.supabase.rest import Rest
from listing_sync.supabase.table import SupabaseTable
from tests.contract.supabase_rest import connected, project_of
from tests.stack.supabase_lite import SupabaseLite
from tests.sync_world import SyncWorld

pytestmark = pytest.mark.stack

MAPPING = """
table = "things"
key = "number"
[columns.number]
header = "Number"
type = "text"
required = true
[columns.price]
header = "Price"
type = "money"
scale = 0
[columns.area]
header = "Area"
type = "decimal"
[columns.code]
header = "Code"
type = "text"
[columns.opens]
header = "Opens"
type = "text"
[columns.note]
header = "Note"
type = "text"
"""
TABLE = """
create table public.things (
  number char(10) primary key, price money, area numeric(10,1), code char(5), opens time, note text
);
create function public.capitals() returns trigger language plpgsql as $$
begin
  if new.number = 'AA666' then return null; end if;
  new.note := upper(new.note);
  return new;
end $$;
create trigger capitals before insert or update on public.things
  for each row execute function public.capitals();
create function public.keep() returns trigger language plpgsql as $$
begin return case when old.number = 'AA777' then null else old end; end $$;
create trigger keep before delete on public.things
  for each row execute function public.keep();
create function public.drop_later() returns trigger language plpgsql as $$
begin delete from public.things where number = 'AA667'; return null; end $$;
create trigger drop_later after insert on public.things
  for each row when (new.number = 'AA667') execute function public.drop_later();
create table public.loud (number text primary key, note text);
create function public.loudly() returns trigger language plpgsql as $$
begin new.number := upper(new.number); return new; end $$;
create trigger loudly before insert or update on public.loud
  for each row execute function public.loudly();
grant all on public.things, public.loud to service_role;
"""
LOOSE = {"price", "area", "code", "opens", "note"}


@pytest.fixture(scope="module")
def lite() -> Iterator[SupabaseLite]:
    with project_of(TABLE) as project:
        yield project


@pytest.fixture
def rest(lite: SupabaseLite) -> Iterator[Rest]:
    lite.truncate()
    with connected(lite.url, lite.secret_key) as rest:
        yield rest


@pytest.fixture
def world(rest: Rest, tmp_path: Path) -> SyncWorld:
    world = SyncWorld(tmp_path, mapping=MAPPING)
    world.request_metrics = dict
    world.table = SupabaseTable(rest, world.mapping)
    return world


def house(number: int, price: int = 12800000, note: str = "hill") -> dict[str, Cell]:
    return {
        "number": f"AA{number}",
        "price": price,
        "area": 70.26,
        "code": "ab",
        "opens": "10:30",
        "note": note,
    }


def counts(result: SyncResult) -> tuple[int, int, int, int]:
    stats = result.run.stats
    return stats.inserted, stats.updated, stats.unchanged, stats.failed


@pytest.mark.parametrize("size", [3, 30])
def test_such_values_are_told_by_the_first_run_and_not_written_again(
    world: SyncWorld, size: int
) -> None:
    world.sheet.rows = [house(number) for number in range(size)]
    first = world.sync(change_limit=50, prune=True)
    assert (first.run.status, counts(first)) == (RunStatus.COMPLETED, (size, 0, 0, 0))
    given_back = first.run.metrics["given_back"]
    assert isinstance(given_back, dict)
    assert set(given_back) == LOOSE
    (health,) = [
        check
        for check in run_checks(
            [first.run],
            world.clock.now(),
            stale_after_s=3600,
            recent=statistics([first.run], world.clock.now()),
            examples=loose_with_examples(world),
        )
        if check.name is CheckName.STABILITY
    ]
    assert "something else than is written to" in health.detail
    assert 'wrote 12800000, reads "$12,800,000.00"' in health.detail
    price = next(warning for warning in first.run.warnings if "'Price'" in warning)
    assert "12" not in price
    assert first.examples[price] == ' (wrote 12800000, reads "$12,800,000.00")'
    for _ in range(2):
        again = world.sync(change_limit=50, prune=True, prune_limit=0)
        assert (again.error, counts(again)) == (None, (0, 0, size, 0))
        assert again.run.warnings == first.run.warnings


@pytest.mark.parametrize("size", [3, 30])
def test_a_real_edit_goes_through_and_so_does_what_somebody_wrote(
    world: SyncWorld, lite: SupabaseLite, size: int
) -> None:
    world.sheet.rows = [house(number) for number in range(size)]
    world.sync()
    world.sheet.rows[0] = house(0, price=1)
    assert counts(world.sync(change_limit=50)) == (0, 1, size - 1, 0)
    lite.execute("update things set price = 2::money where number = 'AA1'")
    assert counts(world.sync(change_limit=50)) == (0, 1, size - 1, 0)
    assert lite.execute("select price::numeric::int from things order by number limit 2") == [
        (1,),
        (12800000,),
    ]
    assert counts(world.sync(change_limit=50)) == (0, 0, size, 0)


def test_verify_and_the_story_of_a_listing_take_it_for_equal(world: SyncWorld) -> None:
    world.sheet.rows = [house(1), house(2)]
    world.sync()
    world.snapshots = NoSnapshots()
    assert verify(world, 100, world.progress).is_equal
    story = listing_story(world, "AA1")
    assert story.table is not None
    assert story.table.differences == ()


class NoSnapshots:
    def all(self) -> tuple[()]:
        return ()


def test_a_lost_memory_costs_one_more_write_and_is_no_accident(world: SyncWorld) -> None:
    world.sheet.rows = [house(number) for number in range(30)]
    world.sync()
    (world.state.path / "given_back.json").unlink()
    again = world.sync(change_limit=50)
    assert (again.error, counts(again)) == (None, (0, 30, 0, 0))
    assert counts(world.sync(change_limit=50)) == (0, 0, 30, 0)


def test_one_column_sorted_alone_is_still_refused(world: SyncWorld) -> None:
    world.sheet.rows = [house(number, price=1000 + number) for number in range(30)]
    world.sync()
    world.sheet.rows = [house(number, price=1100 - number) for number in range(30)]
    assert "30 of 30 listings would be changed" in str(world.sync(change_limit=50).error)


@pytest.mark.parametrize("number", [666, 667], ids=["before", "after"])
def test_a_row_that_a_trigger_drops_is_a_failed_listing_in_every_run(
    world: SyncWorld, lite: SupabaseLite, number: int
) -> None:
    world.sheet.rows = [house(1), house(number), house(2)]
    for _ in range(3):
        result = world.sync(batch_size=2)
        assert result.run.status is RunStatus.PARTIAL
        assert result.run.stats.failed == 1
        (rejection,) = result.rejections
        assert (rejection.property_number, rejection.cell) == (f"AA{number}", "Listings!A3")
        assert "it is not in the table: a trigger, rule or policy" in rejection.reason
    assert lite.execute("select count(*) from things") == [(2,)]


def test_a_row_that_a_trigger_keeps_is_named_as_not_removed(
    world: SyncWorld, lite: SupabaseLite
) -> None:
    world.sheet.rows = [house(number) for number in (1, 777, 2)]
    world.sync()
    world.sheet.rows = [house(1)]
    result = world.sync(prune=True)
    assert [number.strip() for number in result.run.removed] == ["AA2"]
    (rejection,) = result.rejections
    assert (rejection.property_number or "").strip() == "AA777"
    assert "not removed" in rejection.reason
    assert lite.execute("select count(*) from things") == [(2,)]


@pytest.mark.parametrize("is_memory_lost", [False, True], ids=["known", "lost"])
def test_a_number_that_a_trigger_writes_otherwise_is_not_removed_and_not_new_again(
    rest: Rest, lite: SupabaseLite, tmp_path: Path, *, is_memory_lost: bool
) -> None:
    mapping = """
table = "loud"
key = "number"
[columns.number]
header = "Number"
type = "text"
required = true
[columns.note]
header = "Note"
type = "text"
"""
    world = SyncWorld(tmp_path, mapping=mapping)
    world.request_metrics = dict
    world.table = SupabaseTable(rest, world.mapping)
    world.sheet.rows = [{"number": f"aa{number}", "note": "x"} for number in range(5)]
    assert counts(world.sync(prune=True)) == (5, 0, 0, 0)
    for _ in range(2):
        if is_memory_lost:
            (world.state.path / "given_back.json").unlink()
        again = world.sync(prune=True)
        assert again.run.stats.removed == 0
        assert counts(again) == ((0, 5, 0, 0) if is_memory_lost else (0, 0, 5, 0))
    assert lite.execute("select count(*) from loud") == [(5,)]
