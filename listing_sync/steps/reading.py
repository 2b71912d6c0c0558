"""Read the sheet, and tell its listings from what is rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo

from listing_sync.cells.cell_texts import shown_cells
from listing_sync.cells.listings import Checked, Rejection, SheetColumn, SheetContents
from listing_sync.cells.mapping import SheetMapping
from listing_sync.cells.near import likely_meant
from listing_sync.cells.renamed import renamed_to
from listing_sync.cells.validator import (
    loading_columns,
    normalise_number,
    validate,
)
from listing_sync.cells.wording import one_line
from listing_sync.changes.likeness import likeness
from listing_sync.changes.quiet import Quiet
from listing_sync.changes.rollout import is_in_share, within_share
from listing_sync.errors import SourceError
from listing_sync.history.alerts import COLUMN_MISSING
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports, Progress, SelectedRows

NEAR_MATCHED = 50
"""Comparing one number with 10,000 others takes 30 ms."""
_WITH_CELLS = 1_000
"""Rejections of which the cells of the row are kept, for review."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sheet gave, within the rollout share. `contents` has its rows taken out.

    `total` is what the run counts; `failed` those of it that are rejected. `payloads` hold by row
    the cells of those rejected first, `not_found` near matches of the numbers that the sheet lacks.
    `remembered`: the sheet is the one of that run, and its listings are not built.
    """

    contents: SheetContents
    key: SheetColumn
    checked: Checked
    total: int
    failed: int
    payloads: Mapping[int, Mapping[str, str]]
    not_found: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...]
    remembered: Quiet | None = None

    @property
    def valid(self) -> int:
        """Return how many listings there are to be written, or to be found equal."""
        return self.remembered.plan.unchanged if self.remembered else len(self.checked.listings)


def read(
    ports: Ports,
    progress: Progress,
    *,
    percent: float,
    numbers: Sequence[str] | None = None,
    quiet: Quiet | None = None,
    goes_on: bool = False,
) -> Reading:
    """Read the sheet, all of it or the listings named, and keep what the rollout share owns.

    Where the whole sheet is the one of an earlier, quiet run, nothing of it is understood again.
    `goes_on`: it was, and has to be understood after all.

    Raises:
        SourceError: a whole column still shows Loading... after the retries.
    """
    if quiet is not None:
        progress.phase("Reading the sheet", None)
        if ports.sheet.is_still(quiet.fetched):
            progress.advance(quiet.checked.total_rows)
            return _as_remembered(quiet, ports.mapping)
        goes_on = True
    selected = _read_sheet(ports, numbers, progress, goes_on=goes_on)
    if numbers is not None:
        spelled = as_in_sheet(ports, selected.all_numbers, numbers)
        if spelled != tuple(numbers):
            numbers = spelled
            selected = _read_sheet(ports, numbers, progress)
    zone = ports.clock.now().astimezone().tzinfo or UTC
    return _check(selected, ports.mapping, numbers=numbers, percent=percent, default_zone=zone)


def as_in_sheet(ports: Ports, in_sheet: Sequence[str], numbers: Sequence[str]) -> tuple[str, ...]:
    """Return the numbers as the sheet spells them, where the table takes both for one listing."""
    there = set(map(normalise_number, in_sheet))
    missing = {number for number in numbers if number not in there}
    if not missing:
        return tuple(numbers)
    forms = set(map(likeness, missing))
    near = {number for number in there if likeness(number) in forms}
    if not near:
        return tuple(numbers)
    meant = ports.target.table.meant_by(sorted(missing | near))
    spelled = {meant[number]: number for number in near if number in meant}
    return tuple(
        dict.fromkeys(
            spelled.get(meant.get(number, ""), number) if number in missing else number
            for number in numbers
        )
    )


def _read_sheet(
    ports: Ports, numbers: Sequence[str] | None, progress: Progress, *, goes_on: bool = False
) -> SelectedRows:
    """Return the rows of all listings, or of those named, once nothing is still calculating.

    Raises:
        SourceError: a whole column shows Loading... after the retries: the moment's fault, never
            to be taken for data.
    """
    progress.phase("Reading the sheet", None)
    delay_s = ports.settings.retry_delay_s
    for attempt in range(ports.settings.sync_retry_attempts + 1):
        if attempt:
            ports.clock.sleep(delay_s)
            delay_s *= 2
        if numbers is None:
            goes_on = goes_on and not attempt
            selected = SelectedRows(ports.sheet.read(progress.advance, goes_on=goes_on), ())
        else:
            selected = ports.sheet.read_listings(frozenset(numbers))
        loading = loading_columns(selected.contents)
        if not loading:
            return selected
    names = ", ".join(repr(column.header) for column in loading)
    raise SourceError(
        phrase(
            "the sheet is still calculating: every cell of {names} shows"
            " Loading...; nothing was written. Open the sheet and wait until it"
            " shows values",
            names=names,
        )
    )


def _check(
    selected: SelectedRows,
    mapping: SheetMapping,
    *,
    numbers: Sequence[str] | None,
    percent: float,
    default_zone: tzinfo,
) -> Reading:
    """Validate the rows and keep what the rollout share owns."""
    contents = selected.contents
    found = validate(contents, mapping, default_zone=default_zone)
    checked = within_share(found, percent)
    if numbers is None:
        total, failed = checked.total_rows, checked.rejected_rows
        not_found = {}
    else:
        total = len(numbers)
        failed = len(_rejected(numbers, found, percent))
        missing = [number for number in numbers if number not in found.numbers]
        not_found = {
            number: likely_meant(number, selected.all_numbers) if at < NEAR_MATCHED else ()
            for at, number in enumerate(missing)
        }
    return Reading(
        contents=replace(contents, rows=()),
        key=contents.named(mapping.key),
        checked=checked,
        total=total,
        failed=failed,
        payloads=_payloads(contents, checked.rejections),
        not_found=not_found,
        warnings=_warnings(contents),
    )


def _as_remembered(quiet: Quiet, mapping: SheetMapping) -> Reading:
    return Reading(
        contents=quiet.contents,
        key=quiet.contents.named(mapping.key),
        checked=quiet.checked,
        total=quiet.checked.total_rows,
        failed=quiet.checked.rejected_rows,
        payloads=quiet.payloads,
        not_found={},
        warnings=_warnings(quiet.contents),
        remembered=quiet,
    )


def _warnings(contents: SheetContents) -> tuple[str, ...]:
    if new := renamed_to(contents.missing, contents.unmapped):
        [column] = contents.missing
        renamed = phrase(
            "the sheet has no column {header!r} (renamed to {new!r}?); {name} is left as it is:"
            " rename the header back, or add the new one to the mapping",
            code=COLUMN_MISSING,
            header=column.headers[0],
            new=one_line(new),
            name=column.name,
        )
        return (renamed,)
    return tuple(
        phrase(
            "the sheet has no column {header!r}; {name} is left as it is",
            code=COLUMN_MISSING,
            header=column.headers[0],
            name=column.name,
        )
        for column in contents.missing
    )


def _rejected(numbers: Sequence[str], found: Checked, percent: float) -> list[str]:
    """Return those of the numbers that the sheet has, but on no valid row."""
    valid = {listing.property_number for listing in found.listings}
    return [
        number
        for number in numbers
        if number in found.numbers and number not in valid and is_in_share(number, percent)
    ]


def _payloads(
    contents: SheetContents, rejections: Sequence[Rejection]
) -> dict[int, Mapping[str, str]]:
    """Return by row the cells of those rejected first: all of a column would fill a database."""
    rejected = {rejection.sheet_row for rejection in rejections[:_WITH_CELLS]}
    return {
        row: shown_cells(contents.columns, cells) for row, cells in contents.rows if row in rejected
    }
