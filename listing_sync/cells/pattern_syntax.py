"""Take a regular expression apart into signs, choices and repeats.

Only of expressions that `re` has compiled: what is wrong with one, it has said. The signs that a
class stands for are asked of `re` too, for every character that could make a difference.

Source: docs.python.org/3/library/re.html, Regular Expression Syntax.
"""

from __future__ import annotations

import re
import sys
from typing import Final, cast
from unicodedata import lookup

from listing_sync.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signs:
    """One character of these, each a bit by its place in the alphabet of the expression."""

    signs: int


@dataclass(frozen=True, slots=True)
class Row:
    """One after the other; none: nothing."""

    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of them."""

    options: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """So many rounds; without `high` there is no last one."""

    body: Element
    low: int
    high: int | None


Element = Signs | Row | Choice | Repeat

_NOTHING: Final = Row(())
_GROUP = re.compile(
    r"\((?:\?(?:P<\w+>|P=(?P<named>\w+)\)|#(?P<remark>[^)]*)\)|(?P<around><?[=!])|\((?P<of>\w+)\)"
    r"|>|(?P<on>[aimsux]*)(?:-(?P<off>[imsx]+))?(?P<end>[:)])))?"
)
_SIGN = re.compile(
    r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\}|0[0-7]{0,2}|[0-3][0-7]{2})"
    r"|\\(?P<back>[1-9][0-9]?)|\\(?P<place>[AbBZz])|(?P<edge>[\^$])|\\."
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]|.",
    re.DOTALL,
)
_ROUNDS = re.compile(r"(?:([*+?])|\{(?=[0-9,])([0-9]*)(?:(,)([0-9]*))?\})[?+]?")
_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_ESCAPED_SIGN = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\})")
_FLAGS: Final = {
    "a": re.ASCII,
    "i": re.IGNORECASE,
    "m": re.MULTILINE,
    "s": re.DOTALL,
    "u": re.UNICODE,
    "x": re.VERBOSE,
}
_OF_OTHER_SCRIPTS = "\x85\xa0éßЯ٣あア漢Ａ１\u3000\U0001f600"


def parsed_pattern(pattern: re.Pattern[str]) -> tuple[Element, ...]:
    """Return the expression, and those that it looks ahead for, each by itself."""
    parser = _Parser(pattern)
    return (parser.choice(pattern.flags), *parser.apart)


class _Parser:
    """Go through the expression once, from left to right."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._text = pattern.pattern
        self._at = 0
        self._alphabet = _alphabet(self._text)
        self._signs: dict[tuple[str, int], int] = {}
        self.apart: list[Element] = []

    def choice(self, flags: int) -> Element:
        """Return what stands here, up to the end of its group."""
        options: list[Element] = []
        row: list[Element] = []
        while self._at < len(self._text) and self._text[self._at] != ")":
            if flags & re.VERBOSE and self._taken(_BLANK)[0]:
                continue
            if self._text[self._at] == "|":
                self._at += 1
                options.append(Row(tuple(row)))
                row = []
                continue
            element, flags = self._element(flags)
            row.append(self._with_rounds(element, flags))
        options.append(Row(tuple(row)))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _taken(self, form: re.Pattern[str]) -> re.Match[str]:
        found = cast("re.Match[str]", form.match(self._text, self._at))  # each takes any text
        self._at = found.end()
        return found

    def _element(self, flags: int) -> tuple[Element, int]:
        if self._text[self._at] == "(":
            return self._group(flags)
        sign = self._taken(_SIGN)
        if sign["back"]:
            return self._matched_before(), flags
        if sign["place"] or sign["edge"]:
            return _NOTHING, flags
        return Signs(self._meant(sign[0], flags)), flags

    def _group(self, flags: int) -> tuple[Element, int]:
        start = self._taken(_GROUP)
        if start["remark"] is not None:
            return _NOTHING, flags
        if start["named"]:
            return self._matched_before(), flags
        inside = flags
        if start["end"]:
            inside = _with_flags(flags, start["on"], start["off"] or "")
            if start["end"] == ")":
                return _NOTHING, inside
        body = self.choice(inside)
        self._at += 1
        if start["around"]:
            self.apart.append(body)
            return _NOTHING, flags
        return body, flags

    def _matched_before(self) -> Element:
        """Return what a reference means: whatever it was."""
        return Repeat(Signs((1 << len(self._alphabet)) - 1), 0, None)

    def _with_rounds(self, element: Element, flags: int) -> Element:
        if flags & re.VERBOSE:
            self._taken(_BLANK)
        found = _ROUNDS.match(self._text, self._at)
        if found is None:
            return element
        self._at = found.end()
        short, low, comma, high = found.groups()
        if short:
            return Repeat(element, 1 if short == "+" else 0, 1 if short == "?" else None)
        least = int(low or 0)
        return Repeat(element, least, int(high) if high else None if comma else least)

    def _meant(self, sign: str, flags: int) -> int:
        """Return which characters of the alphabet a sign or a class stands for."""
        key = sign, flags
        if key not in self._signs:
            form = re.compile(sign, flags & ~re.VERBOSE)
            self._signs[key] = sum(
                1 << at for at, each in enumerate(self._alphabet) if form.fullmatch(each)
            )
        return self._signs[key]


def _with_flags(flags: int, on: str, off: str) -> int:
    for letter in on:
        if letter in "au":
            flags &= ~(re.ASCII | re.UNICODE)
        flags |= _FLAGS[letter]
    for letter in off:
        flags &= ~_FLAGS[letter]
    return flags


def _alphabet(text: str) -> str:
    """Return the characters by which the signs of an expression can differ.

    Ranges that meet do so at an end of one of them.
    """
    ends = set(text) | set(map(_escaped, _ESCAPED_SIGN.findall(text)))
    codes = {code for end in ends for code in range(ord(end) - 1, ord(end) + 2)}
    near = {chr(code) for code in codes if 0 <= code <= sys.maxunicode}
    return "".join(sorted({*map(chr, range(128)), *_OF_OTHER_SCRIPTS, *near}))


def _escaped(sign: str) -> str:
    return lookup(sign[3:-1]) if sign[1] == "N" else chr(int(f"0x{sign[2:]}", 0))
