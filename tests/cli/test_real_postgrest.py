"""The program against an API that behaves as PostgREST was measured to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from listing_sync.cells.json_exact import decode, is_same
from tests.cli.agency import Agency, house
from tests.stack.postgrest import PostgrestFront
from tests.stack.supabase_lite import SupabaseLite

pytestmark = pytest.mark.stack

HOMES = """
table = "homes"
key = "number"
[columns.number]
header = "Number"
type = "text"
required = true
[columns.price]
header = "Price"
type = "money"
scale = 0
[columns.extra]
header = "Extra"
type = "json"
"""
HEADERS = ("Number", "Price", "Extra")
TABLE = """
drop table if exists public.homes;
create table public.homes (
  id bigint generated always as identity primary key,
  number text not null unique,
  price numeric,
  tax numeric generated always as (price * 0.1) stored,
  extra json,
  tags text[] not null default '{}',
  seen integer not null default -1,
  made_at timestamptz not null default now()
);
grant all on public.homes to service_role;
"""


@pytest.fixture
def front(project: SupabaseLite) -> Iterator[PostgrestFront]:
    with PostgrestFront(project) as front:
        yield front


@pytest.fixture
def office(agency: Agency, front: PostgrestFront) -> Agency:
    """The agency whose Supabase is the front."""
    agency.settings["SUPABASE_URL"] = front.url
    return agency


@pytest.fixture
def homes(office: Agency, project: SupabaseLite) -> Iterator[Agency]:
    project.execute(TABLE)
    office.map(HOMES)
    yield office
    project.execute("drop table public.homes")


def test_a_row_that_begins_with_a_blank_never_costs_the_good_one(office):
    office.project.execute(
        "insert into property_listings (property_number, price)"
        " values (' AA10001', 1), ('AA10001', 30000000), ('AA10002', 30000000)"
    )
    office.sheet_is(house(1), house(2))
    done = office.run("sync", "all", "--prune", "--prune-limit", "100")
    assert done.code == 0
    assert set(office.table()) == {"AA10001", "AA10002"}


@pytest.mark.parametrize("first", range(0, 12, 2))
def test_a_restart_of_the_database_ends_with_every_listing_written(office, front, first):
    """Retry-After: 0 with every 503, whatever request meets the first of them."""
    answer = front.answer
    asked = []

    def answering(request):
        asked.append(request)
        if len(asked) == first + 1:
            front.failing = 3
        return answer(request)

    front.answer = answering
    office.sheet_is(*map(house, range(30)))
    done = office.run("sync", "all", SYNC_BATCH_SIZE="10", SYNC_RETRY_DELAY="20")
    assert (done.code, len(office.table())) == (0, 30)


def test_a_rollback_writes_no_generated_column_and_restores_documents_text_for_text(homes):
    document = '{"n":  0.12345678901234567891, "big": 12345678901234567890.5, "n": 1e23}'
    homes.project.execute(
        "insert into homes (number, price, extra, seen)"
        " values ('AA1', 1, %s, 7), ('AA2', 1, %s, 7)",
        (document, document),
    )
    homes.sheet_is(["AA1", 2, '{"n": 1}'], headers=HEADERS)
    assert homes.run("sync", "all", "--prune", "--prune-limit", "100").code == 0
    assert homes.project.execute("select number, price from homes") == [("AA1", 2)]
    run_id = homes.run("status", "--json").document["runs"][0]["syncId"]
    back = homes.run("migrate", "rollback", "--run", run_id, "--yes")
    assert back.code == 0, back.err
    rows = homes.project.execute(
        "select number, price::int, tax::text, extra::text, seen from homes order by 1"
    )
    assert rows == [(number, 1, "0.1", document, 7) for number in ("AA1", "AA2")]


@pytest.mark.parametrize("text", ['{"n": 1e23}', "1.5e25", '{"n": 0.1234567890123456789}'])
def test_a_document_is_not_written_again_because_of_its_numbers(homes, text):
    homes.project.execute("alter table homes alter column extra type jsonb")
    homes.sheet_is(["AA1", 1, text], headers=HEADERS)
    homes.run("sync", "all")
    [(stored,)] = homes.project.execute("select extra::text from homes")
    again = homes.run("sync", "all", "--json").document["stats"]
    assert (again["unchanged"], again["updated"]) == (1, 0)
    assert is_same(decode(stored), decode(text))


@pytest.mark.parametrize("new_integers", [True, False])
@pytest.mark.parametrize("function", [True, False], ids=["catalogue", "API document"])
def test_plan_and_health_complain_of_nothing_that_is_in_order(homes, front, new_integers, function):
    front.new_integers = new_integers
    name = "public.listing_sync_table_facts(text)"
    if not function:
        homes.project.execute(f"revoke execute on function {name} from service_role")
    try:
        homes.sheet_is(["AA1", 1, None], headers=HEADERS)
        plan = homes.run("migrate", "plan")
        checks = homes.run("health", "--json").document["checks"]
    finally:
        homes.project.execute(f"grant execute on function {name} to service_role")
    assert "refused" not in plan.out
    assert "alter table" not in plan.out
    assert {check["name"]: check["status"] for check in checks}["table"] == "ok"
    posts = [request for request in front.requests if request.path.endswith("/homes")]
    assert bool([request for request in posts if request.method == "POST"]) is not function


@pytest.mark.parametrize("whole", [("integer", True), ("bigint", True), ("text", True)])
def test_whole_numbers_take_whole_prices_in_both_spellings(homes, front, whole):
    homes.project.execute(
        "alter table homes drop column tax;"
        f" alter table homes alter column price type {whole[0]} using null"
    )
    homes.sheet_is(["AA1", 1, None], headers=HEADERS)
    assert "alter table" not in homes.run("migrate", "plan").out


def test_a_generated_column_in_the_mapping_is_named_and_left_out(homes):
    homes.map(HOMES + '[columns.tax]\nheader = "Tax"\ntype = "decimal"\n')
    homes.sheet_is(["AA1", 10, None, 5], headers=(*HEADERS, "Tax"))
    assert "generated" in homes.run("migrate", "plan").out
    done = homes.run("sync", "all")
    assert (done.code, "column tax is filled by the database itself" in done.err) == (0, True)
    again = homes.run("sync", "all", "--json").document["stats"]
    assert (again["unchanged"], again["updated"]) == (1, 0)
    assert homes.project.execute("select number, price from homes") == [("AA1", 10)]


def test_a_new_column_that_postgrest_does_not_see_is_waited_for(homes, front):
    front.look()
    front.is_stale = True
    homes.project.execute("alter table homes add column note text")
    homes.map(HOMES + '[columns.note]\nheader = "Note"\ntype = "text"\n')
    homes.sheet_is(["AA1", 10, None, "new"], headers=(*HEADERS, "Note"))
    answer = front.answer

    def answering(request):
        if request.method == "POST" and request.path.endswith("/homes"):
            seen.append(1)
            front.is_stale = len(seen) < 2
        return answer(request)

    seen: list[int] = []
    front.answer = answering
    assert homes.run("sync", "all").code == 0
    assert homes.project.execute("select number, note from homes") == [("AA1", "new")]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("revoke insert on homes from service_role", "may not use the table homes"),
        ("alter table homes add column office text not null", "does not allow office to be blank"),
        (
            "alter table homes drop column tax; alter table homes alter price type date using null",
            "invalid input syntax for type date",
        ),
    ],
    ids=["right", "required", "type"],
)
def test_a_fault_of_the_table_is_one_line_and_not_one_a_listing(homes, fault, said):
    homes.project.execute(fault)
    homes.sheet_is(*[[f"AA{n}", 100 + n, None] for n in range(30)], headers=HEADERS)
    done = homes.run("sync", "all")
    words = " ".join(done.err.split())
    assert done.code in {1, 3}
    assert said in words
    assert words.count(said) == 1
    assert "AA17" not in words
