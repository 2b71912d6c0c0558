"""Ask the table which rows numbers mean: guessed here, told by the table alone.

`in.(...)` finds rows by the key's own equality but does not say which value found which row. Where
a row comes back under a spelling that nobody asked for, guesses by likeness are put to the table
all at once: each row gets a code word of as many ones as zeros, and one query a letter asks for the
numbers whose word has a one there. If each query finds just the rows it should, no guess can be
wrong, as of two different words each has a one where the other has none. Otherwise halves are asked
until each number is alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from math import comb

from listing_sync.changes.likeness import guesses
from listing_sync.supabase.filters import chunks

Find = Callable[[Sequence[str]], Sequence[str]]
"""Numbers -> the keys of the rows that they mean, those that no key can be left out."""


def meant_by(numbers: Sequence[str], find: Find) -> dict[str, str]:
    """Return for each number that means a row the key of that row."""
    meant: dict[str, str] = {}
    for chunk in chunks(numbers):
        meant |= _told(chunk, find, find(chunk))
    return meant


def _told(numbers: Sequence[str], find: Find, found: Sequence[str]) -> dict[str, str]:
    """Return what the numbers mean that together found these rows."""
    if not found:
        return {}
    if len(numbers) == 1:
        return {numbers[0]: found[0]}
    exact = set(numbers) & set(found)
    if exact:
        rest = [number for number in numbers if number not in exact]
        return {number: number for number in exact} | (
            _told(rest, find, find(rest)) if rest else {}
        )
    guessed = guesses(numbers, found)
    if set(guessed.values()) == set(found) and _is_confirmed(numbers, guessed, find):
        return guessed
    middle = len(numbers) // 2
    halves = (numbers[:middle], numbers[middle:])
    return {number: key for half in halves for number, key in _told(half, find, find(half)).items()}


def _is_confirmed(numbers: Sequence[str], guessed: Mapping[str, str], find: Find) -> bool:
    others = [number for number in numbers if number not in guessed]
    if others and find(others):
        return False
    rows = sorted(set(guessed.values()))
    if len(rows) < len(guessed):  # of two numbers for one row, one may mean none
        return all(find([number]) == [key] for number, key in guessed.items())
    return all(
        set(find([number for number in guessed if guessed[number] in expected])) == expected
        for expected in _queries(rows)
    )


def _queries(rows: Sequence[str]) -> Iterable[set[str]]:
    """Yield sets of rows such that of any two rows each is in one without the other."""
    if len(rows) < 2:  # noqa: PLR2004 - one row is all that was found
        return
    letters = next(size for size in range(2, 64) if comb(size, size // 2) >= len(rows))
    words = combinations(range(letters), letters // 2)
    members: list[set[str]] = [set() for _ in range(letters)]
    for row, word in zip(rows, words, strict=False):
        for letter in word:
            members[letter].add(row)
    yield from members
