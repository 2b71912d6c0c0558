"""Compile the patterns of a mapping, and refuse those that some text would keep busy for ever.

Python's engine tries every way in which a pattern can match, and nobody can stop it meanwhile. So
a pattern is looked at once, when the mapping is read, and the text that it is tried on is short.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Final

from listing_sync.cells.ambiguity import Automaton, IntricateError
from listing_sync.cells.pattern_syntax import parsed_pattern

LONGEST_TRIED: Final = 1_000
"""Characters of a cell that a pattern is tried on; a longer text is not in its form."""

_LONGEST_TRIED_BY_DEGREE = {3: 200}
_SHORTEST_TRIED = 50
_MOST_WAYS = 1_500_000
"""Of going through one text: a tenth of a second."""
_LONGEST_PATTERN = 1_000
_LARGEST_DEGREE = 3

_NESTED = (
    "a repeat in it can go through one text in many ways, which may take for ever; let no"
    " repeat stand in another without a sign that must be between, and no choice in a repeat begin"
    " alike: [0-9]+(,[0-9]+)* instead of ([0-9]+,?)+, a+ instead of (a+)+ or (a|a)*"
)
_BEHIND_EACH_OTHER = (
    "too many repeats behind each other can match the same character, such as .*.*.*.*; at"
    f" most {_LARGEST_DEGREE} may, and in ignore {_LARGEST_DEGREE - 1}"
)

_TOO_MANY_WAYS = (
    "too many signs behind each other may be left out, or may be read in two ways, such as"
    " a?a?a?...; state how many there are at most: a{0,30}"
)


class PatternError(ValueError):
    """The text is no pattern that may be tried on cells; says why, and how to write it."""


def compiled_pattern(text: str, *, is_searched: bool = False) -> re.Pattern[str]:
    r"""Return the pattern; \d, \w, \s and \b mean ASCII unless it begins with (?u).

    One that `is_searched` for is tried from every place of the text, as if .* stood before it.

    Raises:
        PatternError: no regular expression, or one that would take too long.
    """
    if len(text) > _LONGEST_PATTERN:
        raise PatternError(f"of {len(text)} characters; at most {_LONGEST_PATTERN}")
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            pattern = re.compile(text, 0 if text.startswith("(?u)") else re.ASCII)
            degree = _degree(pattern)
    except re.error as error:
        raise PatternError(f"not a regular expression: {error}") from None
    except (IntricateError, OverflowError, RecursionError):
        raise PatternError(
            "too large or too deeply nested to be judged; write it shorter"
        ) from None
    if degree is None:
        raise PatternError(_NESTED)
    if degree + is_searched > _LARGEST_DEGREE:
        raise PatternError(_BEHIND_EACH_OTHER)
    if longest_tried(pattern, is_searched=is_searched) < _SHORTEST_TRIED:
        raise PatternError(_TOO_MANY_WAYS)
    return pattern


def fits(pattern: re.Pattern[str], text: str) -> bool:
    """Return whether a text as a whole is in the form; one too long to be tried is not."""
    return len(text) <= longest_tried(pattern) and pattern.fullmatch(text) is not None


@lru_cache
def longest_tried(pattern: re.Pattern[str], *, is_searched: bool = False) -> int:
    """Return how many characters a text may have to be tried; fewer where each costs more."""
    degree = (_degree(pattern) or 0) + is_searched
    longest = _LONGEST_TRIED_BY_DEGREE.get(degree, LONGEST_TRIED)
    for each in _automata(pattern):
        longest = each.longest_within(_MOST_WAYS, longest, is_searched=is_searched)
    return longest


@lru_cache
def _automata(pattern: re.Pattern[str]) -> tuple[Automaton, ...]:
    return tuple(map(Automaton, parsed_pattern(pattern)))


@lru_cache
def _degree(pattern: re.Pattern[str]) -> int | None:
    """Return the degree of a pattern, None of an exponential one."""
    automata = _automata(pattern)
    if any(each.is_exponential() for each in automata):
        return None
    return max(each.degree() for each in automata)
