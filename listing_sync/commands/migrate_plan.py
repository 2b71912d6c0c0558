"""Find what is to be done before a first sync, and what that sync would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.draft_mapping import (
    SAMPLE,
    UnmappedColumn,
    draft_mapping,
    unique_headers,
)
from listing_sync.cells.listings import Cell, Rejection, Shown, Unreadable
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.texts import plain_text
from listing_sync.changes.meaning import Settled
from listing_sync.changes.migrations import PendingFile, pending_files
from listing_sync.changes.plan import Plan, TableRow, make_plan
from listing_sync.changes.table_check import (
    Lack,
    TableFacts,
    lacks_of,
    missing_grant,
    missing_table,
    not_owned,
)
from listing_sync.changes.table_to_come import table_to_come
from listing_sync.errors import (
    ListingSyncError,
    NotGrantedError,
    RefusedError,
    StoppedError,
)
from listing_sync.history.runs import RunStats
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports, Progress, SheetDescription
from listing_sync.steps.comparing import Scope
from listing_sync.steps.learning import known_to, loose_with_examples
from listing_sync.steps.planning import looked_behind, plan_changes
from listing_sync.steps.reading import read


@dataclass(frozen=True, slots=True)
class TableReport:
    """What the table is; `facts` is None when there is none, or it may not be read."""

    name: str
    exists: bool
    facts: TableFacts | None
    lacks: tuple[Lack, ...]
    not_owned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a first sync of all listings would do, once nothing is lacking."""

    plan: Plan
    stats: RunStats
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """All that `migrate plan` finds out; `obstacle` is why a part of it is not known."""

    pending: tuple[PendingFile, ...]
    table: TableReport
    changes: Changes | None
    draft: str
    obstacle: str | None


@dataclass(frozen=True, slots=True)
class LackingSql:
    """What is to be run in the database: our own files, and what the table lacks."""

    pending: tuple[PendingFile, ...]
    lacks: tuple[Lack, ...]


def find_lacking_sql(ports: Ports) -> LackingSql:
    """Look at SQL files and table only.

    Raises:
        RemoteError: Supabase cannot be asked.
    """
    pending = pending_files(ports.target.migrations.files, ports.target.migrations.applied())
    report = look_at_table(ports, pending)
    # Of a table that is not there yet the SQL itself says what makes it.
    lacks = tuple(lack for lack in report.lacks if report.exists or lack.sql)
    return LackingSql(pending, lacks)


def make_migration_plan(ports: Ports, progress: Progress) -> MigrationPlan:
    """Look at SQL files, table and sheet; write nothing.

    Raises:
        RemoteError: Supabase cannot be asked at all.
    """
    pending = pending_files(ports.target.migrations.files, ports.target.migrations.applied())
    table = look_at_table(ports, pending)
    obstacle: str | None = None
    changes: Changes | None = None
    draft = ""
    try:
        draft = _draft(ports)
        if table.exists and table.facts is None:
            raise RefusedError(
                phrase("the table may not be read yet, so its changes are not known")
            )
        changes = _changes(ports, table, progress)
    except StoppedError:
        raise
    except ListingSyncError as error:
        obstacle = str(error)
    return MigrationPlan(pending, table, changes, draft, obstacle)


def look_at_table(ports: Ports, pending: Sequence[PendingFile]) -> TableReport:
    """Return what the table has and lacks, as far as the REST API tells."""
    mapping = ports.mapping
    try:
        description = ports.target.table.describe()
        if not description.exists:
            return _of_no_table(mapping, pending)
        is_unique = ports.target.table.accepts_key() if mapping.key in description.columns else None
    except NotGrantedError:
        return TableReport(
            mapping.table, exists=True, facts=None, lacks=(missing_grant(mapping),), not_owned=()
        )
    facts = description.facts(key_is_unique=is_unique)
    return TableReport(
        mapping.table,
        exists=True,
        facts=facts,
        lacks=(*lacks_of(facts, mapping), *_given_back(ports)),
        not_owned=not_owned(facts, mapping),
    )


def _of_no_table(mapping: SheetMapping, pending: Sequence[PendingFile]) -> TableReport:
    """Return what makes the table, and what it lacks even then."""
    to_come = table_to_come((item.file.text for item in pending), mapping.table, mapping.key)
    lack = missing_table(mapping)
    lacks: tuple[Lack, ...] = (lack,)
    if to_come is not None:
        its_file = Lack(
            phrase("{what} yet: `listing-sync migrate up` creates it", what=lack.what), None
        )
        lacks = (its_file, *lacks_of(to_come, mapping))
    return TableReport(mapping.table, exists=False, facts=None, lacks=lacks, not_owned=())


def _given_back(ports: Ports) -> Iterator[Lack]:
    """Yield the columns of which earlier runs learned that they give back something else."""
    for words in loose_with_examples(ports).values():
        yield Lack(
            phrase(
                "column {words} gives back something else than is written: such values"
                " are written again only when the sheet or the table says something new",
                words=words,
            ),
            None,
        )


def _changes(ports: Ports, table: TableReport, progress: Progress) -> Changes:
    reading = read(ports, progress, percent=100)
    progress.phase("Comparing", None)
    columns = [column.column for column in reading.checked.columns]
    known, facts = known_to(ports), table.facts
    if facts is not None and facts.columns.keys() >= {column.name for column in columns}:
        settled = plan_changes(
            ports, reading, Scope(), on_rows=progress.advance, tick=_no_tick, known=known
        )
    else:
        pages = _pages(ports, columns, facts, progress)
        plan = make_plan(reading.checked, pages, known=known)
        settled = looked_behind(ports, Settled(plan, reading.checked), reading.contents)
    plan, checked = settled.plan, settled.checked
    stats = RunStats(
        total=reading.total,
        failed=reading.failed + checked.rejected_rows - reading.checked.rejected_rows,
        inserted=len(plan.inserts),
        updated=len(plan.updates),
        unchanged=plan.unchanged,
    )
    return Changes(plan, stats, checked.rejections)


def _pages(
    ports: Ports, columns: Sequence[Column], facts: TableFacts | None, progress: Progress
) -> Iterator[Sequence[TableRow]]:
    """Yield the table as it will be once nothing is lacking: new columns are blank."""
    if facts is None:
        return
    known = [column for column in columns if column.name in facts.columns]
    places = [known.index(column) if column in known else None for column in columns]
    for page in ports.target.table.pages(known):
        yield [
            TableRow(
                row.property_number,
                tuple(None if place is None else row.values[place] for place in places),
                row.mark,
            )
            for row in page
        ]
        progress.advance(len(page))


def _draft(ports: Ports) -> str:
    sheet = ports.sheet.describe()
    once, often = unique_headers(sheet.unmapped)
    taken = [column.name for column in ports.mapping.columns]
    taken += [ports.mapping.mark_column] if ports.mapping.mark_column else []
    return draft_mapping(sampled(ports, sheet, once), taken, often)


def sampled(
    ports: Ports, sheet: SheetDescription, headers: Sequence[str]
) -> tuple[UnmappedColumn, ...]:
    """Return the columns of these headers with their first cells, read as text."""
    if not headers:
        return ()
    columns = [
        Column(f"unmapped_{index}", (header,), ColumnType.TEXT)
        for index, header in enumerate(headers)
    ]
    drafted = {column.name for column in columns}
    keys = [
        found.column
        for found in sheet.columns
        if found.column.name == ports.mapping.key and found.header not in headers
    ]
    key = (*keys, *columns)[0].name
    probe = replace(ports.mapping, key=key, columns=(*keys, *columns))
    contents = ports.sheet.under(probe).read(_nothing)
    rows = [cells for _, cells in islice(contents.rows, SAMPLE)]
    return tuple(
        UnmappedColumn(found.header, found.letter, tuple(_text(row[index]) for row in rows))
        for index, found in enumerate(contents.columns)
        if found.column.name in drafted
    )


def _text(cell: Cell) -> str:
    if cell is None or isinstance(cell, Unreadable):
        return ""
    if isinstance(cell, Shown):
        return cell.text
    return cell if isinstance(cell, str) else plain_text(cell) or ""


def _nothing(_: int) -> None:
    return


def _no_tick() -> None:
    return
