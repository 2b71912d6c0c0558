"""Keep a sentence so that it can be said again in another language.

A record is JSON: the sentence in English with its placeholders, and what fills them.
"""

from __future__ import annotations

import re
from typing import Any

from listing_sync.language.sentences import Marked, Said, phrase

Record = list[Any]
"""[sentence, {placeholder: text, number or record}]"""

_SENTENCE = re.compile(r"(?:[^{}]|\{[a-z_]+(?:!r)?(?::[,.0-9]{0,3}[A-Za-z]?)?\})*", re.DOTALL)
"""Who can write into the records fills no other placeholders than ours."""


def record_of(text: str) -> Record | None:
    """Return what tells a sentence in any language, None of a text that is no sentence."""
    if isinstance(text, Marked):
        return ["".join(text), {}]
    if not isinstance(text, Said) or text.parts is None:
        return None
    sentence, values = text.parts
    return ["".join(sentence), {name: _kept(value) for name, value in values.items()}]


def recalled(record: object, code: str | None) -> Said | None:
    """Return the sentence of a record in the language spoken now, None where it is no record."""
    match record:
        case [str(sentence), dict(values)] if not values or _SENTENCE.fullmatch(sentence):
            filled = {name: _recalled(value) for name, value in values.items()}
        case _:
            return None
    try:
        return phrase(sentence, code=code, **filled)
    except (ValueError, KeyError, IndexError, TypeError):  # not what we wrote
        return None


def _kept(value: object) -> object:
    if isinstance(value, str):
        return record_of(value) or value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else str(value)


def _recalled(value: object) -> object:
    return recalled(value, None) or "" if isinstance(value, list) else value
