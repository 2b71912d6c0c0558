"""Property number in, inside the rollout share or not out."""

from __future__ import annotations

from hashlib import blake2b

_STEPS = 10_000


def is_in_share(property_number: str, percent: float) -> bool:
    """Return whether the tool owns this listing at a share of `percent`.

    The same on every machine and for ever; what is inside 10 percent is inside 25.
    """
    if percent >= 100:  # noqa: PLR2004 - the whole
        return True
    digest = blake2b(property_number.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _STEPS < percent / 100 * _STEPS
