"""Find the names that were probably meant by one that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nlargest
from itertools import groupby

from listing_sync.cells.spelling import normalise

_MARKS = re.compile(r"[\W_]+")
_SIMILAR = 0.7
_LOOK_ALIKE = str.maketrans("oilsbz", "011582")


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


def likely_meant(number: str, candidates: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return up to `limit` candidates of which a number is a slip of the keys, likeliest first.

    That is: case, width, spaces and marks; O for 0 and its like; two characters that changed
    places; one that is missing or too many; another letter. Another digit is another number: the
    one before and the one after are not meant. Slips of one kind that more than `limit` candidates
    explain say nothing.
    """
    wanted = _letters(number)
    slips = sorted(
        (slip, candidate)
        for candidate in dict.fromkeys(candidates)
        if (slip := _slip(wanted, _letters(candidate))) is not None
    )
    meant: list[str] = []
    for _, alike in groupby(slips, key=lambda found: found[0]):
        names = [name for _, name in alike]
        if len(names) <= limit:
            meant += names
    return tuple(meant[:limit])


def is_one_sign_off(left: str, right: str) -> bool:
    """Return whether two numbers differ in one sign, as those of rows that were copied do."""
    return len(left) == len(right) and sum(map(str.__ne__, left, right)) == 1


def _slip(typed: str, meant: str) -> int | None:
    """Return how unlikely the slip is by which one was typed for the other; None: it is none."""
    if typed == meant:
        return 0
    if typed.translate(_LOOK_ALIKE) == meant.translate(_LOOK_ALIKE):
        return 1
    if len(typed) != len(meant):
        longer, shorter = (typed, meant) if len(typed) > len(meant) else (meant, typed)
        return _of_one_more(longer, shorter)
    differing = [
        at for at, (left, right) in enumerate(zip(typed, meant, strict=True)) if left != right
    ]
    if len(differing) == 2:  # noqa: PLR2004 - two change places
        first, second = differing
        is_swap = second == first + 1 and typed[first] == meant[second]
        return 2 if is_swap and typed[second] == meant[first] else None
    at = differing[0]
    is_other_number = typed[at].isdigit() and meant[at].isdigit()
    return None if len(differing) > 1 or is_other_number else 5


def _of_one_more(longer: str, shorter: str) -> int | None:
    """Return how unlikely one sign too many, or too few, is; a doubled one is the likeliest."""
    at = next((at for at, sign in enumerate(shorter) if sign != longer[at]), len(shorter))
    if not shorter or longer[at + 1 :] != shorter[at:]:
        return None
    return 3 if at and longer[at] == longer[at - 1] else 4


def _letters(name: str) -> str:
    return _MARKS.sub("", normalise(name).casefold())
