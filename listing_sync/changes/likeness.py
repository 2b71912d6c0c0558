"""Guess which texts a database might take for one; only the database may confirm it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

from listing_sync.cells.spelling import unicode_form

T = TypeVar("T")

_LEADING_ZEROS: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")
_HIRAGANA_FROM_KATAKANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


def likeness(number: str) -> str:
    """Return a form that spellings of one number share in most types and collations.

    Texts of different listings may share it too: AA-1 and aa1, 7 and 07.
    """
    if (value := _decimal(number)) is not None:
        return value
    text = number.casefold()
    if not text.isascii():
        text = unicode_form("NFKD", text).translate(_HIRAGANA_FROM_KATAKANA)
    kept = text if text.isalnum() and text.isascii() else "".join(filter(str.isalnum, text))
    return _LEADING_ZEROS.sub("", kept) or number


def close_likeness(number: str) -> str:
    """Return a form that only spellings of a few types share: numbers, blanks at an end, case."""
    return _decimal(number) or number.strip().casefold()


def alike(
    items: Iterable[T], number_of: Callable[[T], str], form: Callable[[str], str] = likeness
) -> list[list[T]]:
    """Return the groups of at least two items whose numbers share a form."""
    groups: defaultdict[str, list[T]] = defaultdict(list)
    for item in items:
        groups[form(number_of(item))].append(item)
    return [group for group in groups.values() if len(group) > 1]


def guesses(numbers: Sequence[str], stored: Sequence[str]) -> dict[str, str]:
    """Return which of the stored texts each number seems to spell; those without one are left out.

    The closest likeness decides, where only one stored text has it.
    """
    found: dict[str, str] = {}
    for form in (likeness, close_likeness):
        by_form: defaultdict[str, list[str]] = defaultdict(list)
        for text in stored:
            by_form[form(text)].append(text)
        for number in numbers:
            candidates = by_form.get(form(number), [])
            if len(candidates) == 1:
                found[number] = candidates[0]
    return found


def paired(asked: Sequence[str], answered: Sequence[str]) -> dict[str, str]:
    """Return by number asked for the key that answers it; what has no partner is left out.

    Rows come back in the order in which they were sent, so that where none is missing the order
    tells those that are spelled otherwise.
    """
    there = set(answered)
    pairs = {number: number for number in asked if number in there}
    if len(pairs) == len(asked):
        return pairs
    left = [number for number in asked if number not in pairs]
    rest = [key for key in answered if key not in pairs]
    return pairs | dict(zip(left, rest, strict=True)) if len(left) == len(rest) else pairs


def _decimal(number: str) -> str | None:
    if not number[-1:].isdecimal() and not number[-1:].isspace():
        return None
    if number.isdecimal() and number.isascii():
        return number.lstrip("0") or "0"
    try:
        value = Decimal(number.strip())
    except InvalidOperation:
        return None
    return f"{value.normalize():f}" if value.is_finite() and abs(value.adjusted()) < 100 else None  # noqa: PLR2004 - no number of a listing has more digits
