"""Tell which rows of a table need not be read again, and plan as if they had been.

The database divides the keys of the table into buckets and gives a fingerprint of each, over its
own texts of the mapped columns and the mark. What a full comparison saw is remembered with it: the
keys, which rows are marked, and a digest of the listing that each row was found equal to. While a
bucket's fingerprint and its listings stay as they were, comparing it again would say the same: its
rows are not read. Everything else is read as ever.

Fingerprints and rows are read one after the other. What was read is therefore remembered only where
the versions of the bucket's rows were the same before and after; a row that changed in between, and
back again, has another version. What a run wrote is not remembered at all: its fingerprint is a new
one, and the next run reads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from listing_sync.cells.listings import Checked, Listing
from listing_sync.cells.mapping import SheetMapping
from listing_sync.changes.given_back import GivenBack
from listing_sync.changes.plan import BLANKED_FROM, Plan, TableRow, removable
from listing_sync.changes.rollout import is_in_share
from listing_sync.lazy_dataclasses import dataclass

DIGEST_BYTES: Final = 16
ROWS_OF_A_BUCKET: Final = 40
FEWEST_BUCKETS: Final = 16
MOST_BUCKETS: Final = 1024
READ_WHOLE_FROM: Final = 0.25
"""From this share of the rows on, reading all takes fewer requests than naming them."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What the database tells of one bucket: of its texts, of the versions of its rows, its keys.

    `keys` is None where they were not asked for.
    """

    bucket: int
    content: str
    version: str
    keys: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was seen in one bucket: by key of a row the digest of the listing that it equals.

    An empty digest: no listing, or one that differs. `marked` are the keys of marked rows.
    """

    content: str
    rows: Mapping[str, bytes]
    marked: frozenset[str] = frozenset()


Seen = tuple[Bucket | None, ...]
"""The buckets of a table by their number; None: not known, to be read."""


def buckets_for(listings: int) -> int:
    """Return into how many buckets a table of about so many rows is divided: a power of two."""
    wanted = max(FEWEST_BUCKETS, min(MOST_BUCKETS, listings // ROWS_OF_A_BUCKET))
    return 1 << (wanted - 1).bit_length()


def digests_of(listings: Iterable[Listing]) -> dict[str, bytes]:
    """Return by number a digest of what each listing wants of its row."""
    return {
        listing.property_number: blake2b(
            repr(listing.values).encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES
        ).digest()
        for listing in listings
    }


def still_known(seen: Seen, digests: Mapping[str, bytes]) -> list[str | None]:
    """Return the fingerprints of the buckets whose listings are as they were, None for the rest."""
    return [
        bucket.content if bucket and _is_as_it_was(bucket, digests) else None for bucket in seen
    ]


def _is_as_it_was(bucket: Bucket, digests: Mapping[str, bytes]) -> bool:
    get = digests.get
    return all(
        (now := get(key)) is None or (now == before and key not in bucket.marked)
        for key, before in bucket.rows.items()
    )


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was seen of a table, and when all of it was read last."""

    read_whole_at: datetime
    seen: Seen


def is_of_use(remembered: Remembered, now: datetime, longest: timedelta, listings: int) -> bool:
    """Return whether a memory is young enough, and its buckets fit so many listings."""
    fitting, there = buckets_for(listings), len(remembered.seen)
    age = now - remembered.read_whole_at
    return timedelta(0) <= age < longest and fitting <= 4 * there and there <= 4 * fitting


def identity_of(
    version: str,
    target: str,
    mapping: SheetMapping,
    columns: Sequence[str],
    known: GivenBack,
    percent: float,
) -> str:
    """Return a digest of all that decides what a comparison of a listing with its row says."""
    said = json.dumps(
        [version, target, _in_order(mapping), list(columns), _in_order(known.values), percent],
        sort_keys=True,
        default=str,
    )
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).hexdigest()


def _in_order(value: object) -> object:
    """Return what is the same in every process: a set has another order in each."""
    if is_dataclass(value):
        return [[each.name, _in_order(getattr(value, each.name))] for each in fields(value)]
    match value:
        case frozenset():
            return sorted(map(str, value))
        case tuple() | list():
            return [_in_order(each) for each in value]
        case re.Pattern():
            return [value.pattern, value.flags]
        case Mapping():
            return {str(name): _in_order(each) for name, each in value.items()}
        case _:
            return repr(value)


@dataclass(frozen=True, slots=True)
class Unread:
    """The buckets that need not be read, and the keys of the rows that have to be."""

    buckets: tuple[Bucket, ...]
    keys: tuple[str, ...]

    @property
    def is_worth_it(self) -> bool:
        """Return whether naming the rows to be read is better than reading all."""
        left_out = sum(len(bucket.rows) for bucket in self.buckets)
        return bool(left_out) and len(self.keys) <= READ_WHOLE_FROM * (left_out + len(self.keys))


def unread(seen: Seen, told: Sequence[Fingerprint]) -> Unread:
    """Return what need not be read where the database told only these buckets."""
    numbers = {each.bucket for each in told}
    return Unread(
        tuple(bucket for at, bucket in enumerate(seen) if bucket and at not in numbers),
        tuple(sorted(key for each in told for key in each.keys or ())),
    )


def with_unread(
    plan: Plan, buckets: Sequence[Bucket], checked: Checked, *, percent: float, prune: bool
) -> Plan:
    """Return the plan made of the rows that were read, as if all had been.

    Of `filled`, which only a refusal for blanked values needs, the unread rows are missing.
    """
    there = {key for bucket in buckets for key in bucket.rows}
    if not there:
        return plan
    inserts = tuple(each for each in plan.inserts if each.property_number not in there)
    live = [
        key
        for bucket in buckets
        for key in bucket.rows
        if key not in bucket.marked and is_in_share(key, percent)
    ]
    wanted = {listing.property_number for listing in checked.listings}
    gone = [key for key in live if key not in wanted and key not in checked.numbers]
    unlisted = tuple(sorted((*plan.unlisted, *gone)))
    return replace(
        plan,
        inserts=inserts,
        unchanged=plan.unchanged + len(plan.inserts) - len(inserts),
        unlisted=unlisted,
        removals=removable(unlisted, checked) if prune else (),
        table_size=plan.table_size + len(live),
        unseen=plan.unseen - there,
        has_rows=True,
    )


def in_order(plan: Plan) -> Plan:
    """Return the plan in the order of the sheet: which rows of the table were read matters not."""
    return replace(
        plan,
        updates=tuple(sorted(plan.updates, key=lambda update: update.listing.sheet_row)),
        unlisted=tuple(sorted(plan.unlisted)),
        removals=tuple(sorted(plan.removals)),
    )


def needs_all_rows(plan: Plan) -> bool:
    """Return whether what is left out of `filled` could decide about a refusal."""
    return any(count >= BLANKED_FROM for count in plan.blanked)


@dataclass(slots=True)
class Found:
    """The rows that were read, by key: whether each is marked."""

    marked: dict[str, bool]

    def take(self, page: Sequence[TableRow]) -> None:
        """Note a page."""
        self.marked.update((row.property_number, row.mark is not None) for row in page)


def seen_now(
    before: Seen,
    told: Sequence[Fingerprint],
    after: Sequence[Fingerprint],
    found: Found,
    plan: Plan,
    digests: Mapping[str, bytes],
) -> Seen:
    """Return what is known after a comparison that read the buckets `told`.

    `after` are the same buckets once the rows were read; `plan` is what the comparison gave.
    """
    differing = {each.key for each in plan.updates if each.changed or each.mark is not None}
    later = {each.bucket: each for each in after}
    now = list(before)
    for each in told:
        confirmed = later.get(each.bucket)
        keys = each.keys or ()
        is_sure = (
            confirmed is not None
            and (confirmed.content, confirmed.version) == (each.content, each.version)
            and all(key in found.marked for key in keys)
        )
        now[each.bucket] = (
            Bucket(
                each.content,
                {key: b"" if key in differing else digests.get(key, b"") for key in keys},
                frozenset(key for key in keys if found.marked[key]),
            )
            if is_sure
            else None
        )
    return tuple(now)
