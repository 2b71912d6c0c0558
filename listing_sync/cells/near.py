"""Find the names that were probably meant by one that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nlargest

from listing_sync.cells.spelling import normalise

_MARKS = re.compile(r"[\W_]+")
_SIMILAR = 0.7


def near_matches(name: str, candidates: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return up to `limit` candidates that look like the name, best first.

    Those that differ only in case, width, spaces, dashes and other marks come first; of equally
    near ones those that begin alike.
    """
    wanted = _letters(name)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    scored: list[tuple[float, int, str]] = []
    for candidate in dict.fromkeys(candidates):
        matcher.set_seq1(_letters(candidate))
        if (
            matcher.real_quick_ratio() >= _SIMILAR
            and matcher.quick_ratio() >= _SIMILAR
            and (ratio := matcher.ratio()) >= _SIMILAR
        ):
            first = matcher.get_matching_blocks()[0]
            begins_alike = first.size if first.a == first.b == 0 else 0
            scored.append((ratio, begins_alike, candidate))
    return tuple(name for *_, name in nlargest(limit, scored, key=lambda score: score[:2]))


def _letters(name: str) -> str:
    return _MARKS.sub("", normalise(name).casefold())
