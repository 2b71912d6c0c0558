"""An agency whose sheet is a file, and whose table has columns and triggers of its own."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.cli.agency import Agency
from tests.stack.supabase_lite import SupabaseLite

TABLE = """
create table public.homes (
  id bigint generated always as identity,
  num text primary key,
  price numeric(15,0),
  area numeric(10,2),
  facts jsonb,
  note text,
  label text generated always as (upper(num)) stored,
  own text,
  gone_on date,
  updated_at timestamptz not null default now()
);
create table public.enquiries (num text references public.homes (num));
create function public.touch_home() returns trigger language plpgsql as $$
begin new.updated_at := clock_timestamp(); return new; end $$;
create trigger touch_home before update on public.homes
  for each row execute function public.touch_home();
alter table public.homes enable row level security;
grant all on public.homes to service_role;
"""
COLUMN = """
[columns.{name}]
header = "{name}"
type = "{type}"
"""
MAPPING = (
    'table = "homes"\nkey = "num"\n'
    + COLUMN.format(name="num", type="text")
    + "required = true\n"
    + COLUMN.format(name="price", type="money")
    + "scale = 0\n"
)
AREA = COLUMN.format(name="area", type="area") + "scale = 2\n"
FACTS = COLUMN.format(name="facts", type="json")
MARKS = '[prune]\nmark_column = "gone_on"\n'
ALL = ("--prune", "--prune-limit", "100", "--change-limit", "100")


_CHANGE_ROWS = "public.listing_sync_change_rows(text, text, text, text[])"


@contextmanager
def unable_to_change_rows(project: SupabaseLite) -> Iterator[None]:
    """Take away the function that changes rows only as they were read, as before `migrate up`."""
    project.execute(f"revoke execute on function {_CHANGE_ROWS} from service_role")
    try:
        yield
    finally:
        project.execute(f"grant execute on function {_CHANGE_ROWS} to service_role")


class Office(Agency):
    """An agency whose sheet is a file, and whose table has columns of its own."""

    def sheet(self, *rows: str, header: str = "num,price,area,facts") -> None:
        """Write the sheet; what a row lacks at its end is blank."""
        names = header.split(",")
        with (self.folder / "homes.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            for row in csv.reader(rows):
                writer.writerow(row + [""] * (len(names) - len(row)))

    def sync(self, *arguments: str, code: int = 0, **settings: str) -> str:
        """Sync, and return the id of the run."""
        done = self.run("sync", "all", *ALL, "--json", *arguments, **settings)
        assert done.code == code, done.err + done.out
        run_id = json.loads(done.out)["syncId"]
        assert isinstance(run_id, str)
        return run_id

    def snapshot(self) -> str:
        """Cut over, and return the snapshot taken before; every difference is written."""
        done = self.run("migrate", "cutover", "--yes", "--json")
        assert done.code in {0, 1}, done.err + done.out
        return str(json.loads(done.out)["snapshot"])

    def back(self, *arguments: str, code: int = 0, foretells: bool = True) -> Any:
        """Roll back after looking: what was foretold is what was done.

        What the database refuses is not foretold.
        """
        looked = self.run("migrate", "rollback", *arguments, "--dry-run", "--json")
        done = self.run("migrate", "rollback", *arguments, "--yes", "--json")
        assert done.code == code, done.err + done.out
        said, foretold = json.loads(done.out), json.loads(looked.out)
        if not foretells:
            return said
        assert looked.code == code, looked.err
        counts = ("restored", "broughtBack", "removed", "unchanged", "warnings")
        assert [foretold[name] for name in counts] == [said[name] for name in counts]
        assert sorted(map(str, foretold["leftAlone"])) == sorted(map(str, said["leftAlone"]))
        return said

    def let_go_on(self) -> None:
        """Delete the file `hold`."""
        next((self.folder / "state").glob("*/hold")).unlink()

    def rows(self, columns: str = "num, price, own") -> list[tuple[Any, ...]]:
        """Return the table."""
        return self.project.execute(f"select {columns} from homes order by num")
