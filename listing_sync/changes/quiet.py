"""Keep what a run concluded that had nothing to do, for the next one that sees the very same.

What a sheet means follows from the bodies of the answers that it was read from, and what is to be
done from its meaning and the table. Where every body and every fingerprint of the table is the one
of such a run, the conclusion is its conclusion: no cell is read, no listing made, no row compared.
Bodies are told apart by digests, never by times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from listing_sync.cells.listings import Checked, SheetContents
from listing_sync.changes.given_back import GivenBack
from listing_sync.changes.plan import Plan
from listing_sync.changes.seen import DIGEST_BYTES, Remembered
from listing_sync.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fetched:
    """A request for a part of a sheet, in words and as it is sent, and the digest of its answer."""

    what: str
    request: str
    headers: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """What a run made of a sheet and a table, between which nothing was to be done.

    `fetched` is all that the sheet was read from, in order; `fingerprints` are the table's, by
    bucket. `contents` are without rows, `checked` without listings and numbers; `payloads` hold the
    cells of rejected rows. `known` is a digest of what the table was known to make of values.
    """

    fetched: tuple[Fetched, ...]
    fingerprints: tuple[str, ...]
    read_whole_at: datetime
    known: str
    contents: SheetContents
    checked: Checked
    payloads: Mapping[int, Mapping[str, str]]
    plan: Plan


def body_digest(body: bytes) -> str:
    """Return what tells one body of an answer from every other."""
    return blake2b(body, digest_size=32).hexdigest()


def digest_of_known(known: GivenBack) -> str:
    """Return a digest of all that is known of what the table makes of values."""
    said = repr(
        [
            sorted((name, sorted(seen.items())) for name, seen in known.values.items()),
            sorted(known.examples.items()),
            sorted(known.keys.items()),
            sorted(known.loose),
        ]
    )
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).hexdigest()


def concluded(
    fetched: Sequence[Fetched],
    contents: SheetContents,
    checked: Checked,
    payloads: Mapping[int, Mapping[str, str]],
    plan: Plan,
    remembered: Remembered,
    known: GivenBack,
) -> Quiet | None:
    """Return what to keep of a comparison, None where it left something to be done.

    `remembered` is what was seen of the table, by which the plan was made.
    """
    fingerprints = tuple(bucket.content for bucket in remembered.seen if bucket)
    if not fetched or plan.writes or plan.removals or len(fingerprints) != len(remembered.seen):
        return None
    return Quiet(
        fetched=tuple(fetched),
        fingerprints=fingerprints,
        read_whole_at=remembered.read_whole_at,
        known=digest_of_known(known),
        contents=replace(contents, rows=()),
        checked=replace(checked, listings=(), numbers=frozenset()),
        payloads=payloads,
        plan=plan,
    )
