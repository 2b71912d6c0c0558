"""Write and read A1 notation: column letters and quoted tab titles."""

from __future__ import annotations

import re

_BARE_TITLE = re.compile(r"[^\W\d]\w*")
_CELL_REFERENCE = re.compile(r"[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*[Cc][0-9]*")


def column_letter(index: int) -> str:
    """Return the letters of a column, counted from 0: 0 -> A, 25 -> Z, 26 -> AA."""
    letters = ""
    number = index + 1
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Return the index, counted from 0, of a column given by its letters (A-Z)."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def quoted_tab(title: str) -> str:
    """Return a tab title in quotes, as ranges of the Sheets API want it: It's -> 'It''s'."""
    return "'" + title.replace("'", "''") + "'"


def quote_tab(title: str) -> str:
    """Return a tab title as a sheet shows it before `!`: in quotes only where needed.

    Letters of any script, digits and underscore stay bare, but not what looks like a cell.
    """
    is_bare = _BARE_TITLE.fullmatch(title) and not _CELL_REFERENCE.fullmatch(title)
    return title if is_bare else quoted_tab(title)
