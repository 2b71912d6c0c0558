"""Divide the code of a number format into its tokens.

Source: ECMA-376 part 1, 18.8.31 (numFmts); learn.microsoft.com, "NumberFormatLocal".
"""

from __future__ import annotations

import re
from typing import Final

from listing_sync.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a format.

    `kind`: literal, digit, point, comma, percent, exponent, slash, date, elapsed, half (AM/PM),
    locale, general, text, condition, end (of a section), or unknown.
    """

    kind: str
    text: str


_TOKEN: Final = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General|G/標準)|(?P<half>AM/PM|A/P)|(?P<exponent>E[+-])"
    r"|(?P<date>y+|m+|d+|h+|s+|g+|e+|a{3,4})|(?P<digit>[0#?])"
    r"|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<text>@)|(?P<slash>/)|(?P<end>;)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST = 1_000
_COLOURS: Final = re.compile(
    r"black|blue|cyan|green|magenta|red|white|yellow|colou?r ?[0-9]+|[黒青緑赤白黄紫]|水|色[0-9]+",
    re.IGNORECASE,
)
_SYSTEM_DATE, _SYSTEM_TIME = re.compile(r"-(?:f800|x-sysdate)"), re.compile(r"-(?:f400|x-systime)")


def tokens_of(code: str) -> tuple[Token, ...] | None:
    """Return the tokens of a format; None when it is longer than any."""
    if len(code) > _LONGEST:
        return None
    tokens: list[Token] = []
    at = 0
    while found := _TOKEN.match(code, at):
        kind = str(found.lastgroup)
        at = found.end()
        text = found[kind]
        if kind == "bracket" and (system := _of_the_system(text)):
            end = code.find(";", at)
            at = len(code) if end < 0 else end
            tokens += tokens_of(system) or ()
        else:
            tokens += _tokens(kind, text)
    return tuple(tokens)


def _tokens(kind: str, text: str) -> list[Token]:
    if kind in {"quoted", "escaped"}:
        return [Token("literal", text)]
    if kind == "space":
        return [Token("literal", " ")]
    if kind == "fill":
        return []
    if kind == "bracket":
        return _of_bracket(text)
    if kind == "date":
        return [Token("date", text.lower())]
    if kind == "other":
        is_stray = text in '"\\_*[' or (text.isascii() and text.isalpha()) or text == "!"
        return [Token("unknown" if is_stray else "literal", text)]
    return [Token(kind, text.upper() if kind == "half" else text)]


def _of_the_system(bracket: str) -> str | None:
    """Return the format that stands for the system's own long date or time."""
    plain = bracket.lower().removeprefix("$")
    if _SYSTEM_DATE.fullmatch(plain):
        return 'yyyy"年"m"月"d"日"'
    return "h:mm:ss" if _SYSTEM_TIME.fullmatch(plain) else None


def _of_bracket(text: str) -> list[Token]:
    if text.startswith("$"):
        currency, _, locale = text[1:].partition("-")
        tokens = [Token("literal", currency)] if currency else []
        return [*tokens, Token("locale", locale.lower())] if locale else tokens
    if text[:1] in {"<", ">", "="}:
        return [Token("condition", text)]
    if text.lower() in {"h", "hh", "m", "mm", "s", "ss"}:
        return [Token("elapsed", text.lower())]
    return [] if _COLOURS.fullmatch(text) else [Token("unknown", text)]
