"""Bring text as people type and paste it into the form in which it is compared."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

EDGES: Final = (
    " \t\n\r\v\f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"  # white space
    "\xad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"  # invisible, left by copying from pages
)
_UNSEEN = re.compile(f"[{EDGES}]+")

_PIECE = 256
_OF_WIDTH = frozenset({"<wide", "<narrow", "<noBreak"})

UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")
"""What PostgreSQL holds in no text: NUL, and surrogates, which UTF-8 does not have."""

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord("\u3000"): " ",
    ord("\xa0"): " ",
    ord("￥"): "¥",
    ord("−"): "-",
}


def trim(text: str) -> str:
    """Return the text without surrounding white space and invisible characters."""
    return text.strip(EDGES)


def normalise(text: str) -> str:
    """Return the text trimmed and NFKC-normalised: full-width forms become ASCII."""
    return trim(unicode_form("NFKC", text))


def unicode_form(form: Literal["NFKC", "NFKD"], text: str) -> str:
    """Return a text in a form of Unicode; of a long one that of each piece by itself.

    Putting a run of combining marks in order takes time that grows with its square: a cell of
    50,000 of them took 10 s. No spelling that is compared is so long that a cut could matter.
    """
    if len(text) <= _PIECE:
        return unicodedata.normalize(form, text)
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return "".join([unicodedata.normalize(form, piece) for piece in pieces])


def foreign_sign(text: str) -> str:
    """Return the first sign of a text that is not what it seems beside ASCII, else nothing.

    One that NFKC makes another one, by more than width (², ①, Ⅳ, ㎡, ﬁ), or a digit of another
    script, which stays a digit and is no 0 to 9.
    """
    if text.isascii():
        return ""
    for sign in trim(text):
        kind = unicodedata.decomposition(sign).partition(">")[0]
        is_other = kind.startswith("<") and kind not in _OF_WIDTH
        if is_other or (sign.isdecimal() and not normalise(sign).isascii()):
            return sign
    return ""


def half_width(text: str) -> str:
    """Return the text with full-width ASCII forms as ASCII and runs of white space as one space.

    Unlike NFKC it leaves ① and ² alone, so that 10² does not become 102.
    """
    return " ".join(text.translate(_HALF_WIDTH).split())


def without_spaces(text: str) -> str:
    """Return the text without any white space or invisible character, inside ones included."""
    return _UNSEEN.sub("", text)
