"""Tell in how many ways a regular expression can match one text, for it tries them all.

An expression is taken as its position automaton: each sign or class is a state, and who may follow
whom is counted, with the number of ways. It takes time that doubles with each character where, in
some loop, one text leads from a state back to it in two ways; time that grows with a power of the
length where loops that match one character stand behind each other: the degree. What is optional
often enough doubles with the length of the expression instead, up to where the ways are counted.

Source: Weber and Seidl, On the degree of ambiguity of finite automata (1991), criterion EDA.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import permutations

from listing_sync.cells.pattern_syntax import Choice, Element, Row, Signs
from listing_sync.lazy_dataclasses import dataclass

_FEW_ROUNDS = 4
"""Repeats of at most so many rounds are written out; of more, they count as endless."""
_LARGEST_WRITTEN_OUT = 200
_MOST_STEPS = 200_000
_FEW_KINDS = 5

Kind = tuple[bool, ...]
"""Of characters that the same states take: whether each does."""


class IntricateError(ValueError):
    """The expression is too large to be judged."""


@dataclass(slots=True)
class _Part:
    """A part of the automaton: who may be first and last, and how often it matches nothing."""

    empty: int = 0
    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)


class Automaton:
    """The position automaton of one expression."""

    def __init__(self, expression: Element) -> None:
        self._signs: list[int] = []
        self._follow: list[Counter[int]] = []
        self._steps = 0
        self._first = self._build(expression).first
        self._reach = [self._reached(state) for state in range(len(self._signs))]

    def is_exponential(self) -> bool:
        """Return whether some loop can be gone round in two ways by one text.

        Raises:
            IntricateError: too large to be told.
        """
        seen: set[int] = set()
        for state, reach in enumerate(self._reach):
            if state in reach and state not in seen:
                loop = {other for other in reach if state in self._reach[other]}
                seen |= loop
                if self._goes_two_ways(state, loop):  # then every state of the loop does
                    return True
        return False

    def degree(self) -> int:
        """Return how many loops stand behind each other that one character can go through."""
        return max((self._degree_of(kind) for kind in self._kinds()), default=0)

    def longest_within(self, most_ways: int, longest: int, *, is_searched: bool) -> int:
        """Return how long a text may be, at most `longest`, to be gone through in so many ways.

        Texts of one character and of two in turn are looked at. One that `is_searched` is gone
        through from each of its characters on.
        """
        kinds = sorted(self._kinds())
        few = kinds[:_FEW_KINDS]
        rounds = [*((kind, kind) for kind in kinds), *permutations(few, 2)]
        for kind in rounds:
            longest = self._longest_of(kind, most_ways, longest, is_searched=is_searched)
        return longest

    def _longest_of(
        self, kinds: Sequence[Kind], most_ways: int, longest: int, *, is_searched: bool
    ) -> int:
        ways = {state: count for state, count in self._first.items() if kinds[0][state]}
        before: list[dict[int, int]] = [{}, {}]
        from_first = in_all = 0
        for length in range(1, longest + 1):
            if not ways:
                return longest
            from_first += sum(ways.values())
            in_all = in_all + from_first if is_searched else from_first
            if in_all > most_ways:
                return length - 1
            if not is_searched and ways == before[0]:  # it goes on for ever like this
                each = max(sum(ways.values()), sum(before[1].values()))
                return min(longest, length + (most_ways - from_first) // each)
            before = [before[1], ways]
            kind = kinds[length % 2]
            following: dict[int, int] = {}
            for state, count in ways.items():
                for other, times in self._follow[state].items():
                    if kind[other]:
                        following[other] = following.get(other, 0) + count * times
            ways = following
        return longest

    def _kinds(self) -> set[Kind]:
        """Return which states take a character, for each kind of character."""
        alphabet = 0
        for signs in self._signs:
            alphabet |= signs
        return {
            tuple(bool(signs >> at & 1) for signs in self._signs)
            for at in range(alphabet.bit_length())
        }

    def _degree_of(self, kind: Kind) -> int:
        loops = [state for state, signs in enumerate(kind) if signs and state in self._reach[state]]
        chain: dict[int, int] = {}

        def longest(state: int) -> int:
            if state not in chain:
                behind = [
                    longest(other)
                    for other in loops
                    if other in self._reach[state] and state not in self._reach[other]
                ]
                chain[state] = 1 + max(behind, default=0)
            return chain[state]

        return max(map(longest, loops), default=0)

    def _reached(self, start: int) -> set[int]:
        found: set[int] = set()
        left = [start]
        while left:
            for state in self._follow[left.pop()]:
                self._count()
                if state not in found:
                    found.add(state)
                    left.append(state)
        return found

    def _goes_two_ways(self, start: int, loop: set[int]) -> bool:
        """Walk two ways at once by the same signs; say whether they part and meet at `start`."""
        seen = {(start, start, False)}
        left = [(start, start, False)]
        while left:
            one, other, have_parted = left.pop()
            for state in self._pairs(one, other, loop):
                is_parting = state[0] != state[1] or (
                    one == other and self._follow[one][state[0]] > 1
                )
                walk = (*state, have_parted or is_parting)
                if walk == (start, start, True):
                    return True
                if walk not in seen:
                    seen.add(walk)
                    left.append(walk)
        return False

    def _pairs(self, one: int, other: int, loop: set[int]) -> Iterator[tuple[int, int]]:
        for first in self._follow[one]:
            if first in loop:
                for second in self._follow[other]:
                    self._count()
                    if second in loop and self._signs[first] & self._signs[second]:
                        yield first, second

    def _count(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise IntricateError

    def _build(self, element: Element) -> _Part:
        self._count()
        match element:
            case Signs(signs):
                state = len(self._signs)
                self._signs.append(signs)
                self._follow.append(Counter())
                return _Part(0, Counter([state]), Counter([state]))
            case Choice(options):
                part = _Part()
                for option in map(self._build, options):
                    part.empty += option.empty
                    part.first += option.first
                    part.last += option.last
                return part
            case Row(elements):
                part = _Part(empty=1)
                for each in elements:
                    part = self._joined(part, self._build(each))
                return part
        return self._repeated(element.body, element.low, element.high)

    def _joined(self, one: _Part, other: _Part) -> _Part:
        self._link(one.last, other.first)
        return _Part(
            min(one.empty * other.empty, 2),
            one.first + _times(other.first, one.empty),
            other.last + _times(one.last, other.empty),
        )

    def _link(self, last: Counter[int], first: Counter[int]) -> None:
        for state, ways in last.items():
            for follower, others in first.items():
                self._count()
                self._follow[state][follower] += min(ways * others, 2)

    def _repeated(self, body: Element, low: int, high: int | None) -> _Part:
        before = len(self._signs)
        if high == 0:
            return _Part(empty=1)
        part = self._build(body)
        size = len(self._signs) - before
        is_written_out = high is not None and (
            high <= _FEW_ROUNDS
            or (low == high and not part.empty and size * high <= _LARGEST_WRITTEN_OUT)
        )
        if not is_written_out or high is None:
            self._link(part.last, part.first)
            if high is not None and part.empty:  # each round may be left out: any of them
                self._link(part.last, part.first)
            part.empty = 1 if low == 0 or part.empty else 0  # rounds of nothing are not repeated
            return part
        optional = _Part(1 if low == 0 else part.empty, part.first, part.last)
        whole = optional
        for at in range(1, high):
            each = self._build(body)
            each.empty = 1 if at >= low else each.empty
            whole = self._joined(whole, each)
        return whole


def _times(states: Counter[int], ways: int) -> Counter[int]:
    return Counter({state: min(count * ways, 2) for state, count in states.items() if ways})
