"""A name that is not there and those that are in, the ones probably meant out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nlargest

from listing_sync.core.spelling import normalise

_MARKS = re.compile(r"[\W_]+")
_SIMILAR = 0.7


def near_matches(name: str, candidates: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return up to `limit` candidates that look like the name, best first.

    Those that differ only in case, width, spaces, dashes and other marks come first.
    """
    wanted = _letters(name)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    scored: list[tuple[float, str]] = []
    for candidate in dict.fromkeys(candidates):
        matcher.set_seq1(_letters(candidate))
        if (
            matcher.real_quick_ratio() >= _SIMILAR
            and matcher.quick_ratio() >= _SIMILAR
            and (ratio := matcher.ratio()) >= _SIMILAR
        ):
            scored.append((ratio, candidate))
    return tuple(candidate for _, candidate in nlargest(limit, scored, key=lambda pair: pair[0]))


def _letters(name: str) -> str:
    return _MARKS.sub("", normalise(name).casefold())
