"""All listings and the table in, Plan out: what to insert, update and remove, and whether to."""

from __future__ import annotations

from dataclasses import dataclass

from listing_sync.core.listings import Listing, SheetColumn, Value


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of the table: values in the order of the columns asked for, as JSON gave them."""

    property_number: str
    values: tuple[Value, ...]
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """A listing whose row differs. `changed` are indexes into the columns, `old` their values.

    `changed` is empty for a row that is written although equal (--force); `unmark` clears the mark
    of a listing that comes back.
    """

    listing: Listing
    changed: tuple[int, ...]
    old: tuple[Value, ...]
    unmark: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, as a value. `columns` give the order of every `values`.

    `table_size` counts the rows of the table inside the rollout share that are not marked;
    `filled` and `blanked` count, per column, its values that are not blank in those rows and
    those of them that this plan would make blank.
    """

    columns: tuple[SheetColumn, ...]
    inserts: tuple[Listing, ...]
    updates: tuple[Update, ...]
    unchanged: int
    removals: tuple[str, ...]
    table_size: int
    filled: tuple[int, ...]
    blanked: tuple[int, ...]
    outside_share: int = 0
