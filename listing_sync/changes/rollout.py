"""Decide whether a property number is in the share of a rollout."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

from listing_sync.cells.listings import Checked

_STEPS = 10_000


def is_in_share(property_number: str, percent: float) -> bool:
    """Return whether the tool owns this listing at a share of `percent`.

    The same on every machine and for ever; what is inside 10 percent is inside 25.
    """
    if percent >= 100:  # noqa: PLR2004 - the whole
        return True
    digest = blake2b(property_number.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _STEPS < percent / 100 * _STEPS


def within_share(checked: Checked, percent: float) -> Checked:
    """Return what the validator found for the listings that this tool owns.

    Rows outside the share leave `total_rows` as it is: they are skipped.
    """
    if percent >= 100:  # noqa: PLR2004 - the whole
        return checked
    rejections = tuple(
        rejection
        for rejection in checked.rejections
        if rejection.property_number is None or is_in_share(rejection.property_number, percent)
    )
    return replace(
        checked,
        listings=tuple(
            listing for listing in checked.listings if is_in_share(listing.property_number, percent)
        ),
        rejections=rejections,
        rejected_rows=len({rejection.sheet_row for rejection in rejections}),
    )
