"""JSON text to values and back without losing a digit, and whether two of them say the same.

A number that a float cannot hold becomes a Decimal. A document, which is what stands in a json
column, keeps its own text, so that it goes back to the database as it came: blanks, repeated keys
and the spelling of its numbers too, all of which the type json keeps.

Nothing here recurses in Python, whatever the depth of a document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed leaves it out
from json.encoder import encode_basestring
from math import isfinite
from typing import Any, Final

from listing_sync.cells.listings import Value

_BLANKS: Final = " \t\r\n"
_SURE_DIGITS: Final = 16
"""With the point: a float keeps every number of 15 digits (DBL_DIG)."""
_LONGEST_INT: Final = 4000
"""Digits; Python converts no more than 4,300 at once."""


class JsonObject(dict[str, Any]):
    """A document that is an object; `text` is how it was written."""

    __slots__ = ("text",)
    text: str


class JsonArray(list[Any]):
    """A document that is an array; `text` is how it was written."""

    __slots__ = ("text",)
    text: str


def decode(text: str, frames: int = 0) -> Any:
    """Return what a JSON text says.

    `frames` is how many levels of arrays and objects are only a frame around documents: 2 for rows
    of a table (an array of objects), 0 where the text is a document itself.

    Raises:
        ValueError: it is not JSON, or holds NaN or Infinity, which JSON does not know.
        RecursionError: it is nested beyond what the decoder can take.
    """
    start = _after_blanks(text, 0)
    value, end = _read_frames(text, start, frames) or _read(text, start, frames)
    if _after_blanks(text, end) != len(text):
        raise ValueError("something follows the JSON text")
    return value


def encode(value: Any) -> str:
    """Return the JSON text of a value, on one line unless a document's own text is not.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: it holds what JSON does not know.
    """
    parts: list[str] = []
    # What is still to be written, last first: texts as they are, values in a tuple of one.
    stack: list[str | tuple[Any]] = [(value,)]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        (found,) = item
        write = _SCALARS.get(type(found)) or _of_subclass(found)
        if write is not None:
            parts.append(write(found))
        elif isinstance(found, JsonObject | JsonArray):
            parts.append(found.text)
        elif isinstance(found, dict):
            stack += reversed([*_object_parts(found)])
        elif isinstance(found, list | tuple):
            stack += reversed([*_array_parts(found)])
        else:
            raise TypeError(f"not JSON: {type(found).__name__}")
    return "".join(parts)


def encode_rows(document: Any, rows: Iterable[Iterable[Value]]) -> bytes:
    """Return the JSON text, in UTF-8, of a document of which `rows` are all the values.

    Raises:
        ValueError: a number is NaN or infinite, or half of a surrogate pair stands alone.
        TypeError: it holds what JSON does not know.
    """
    kinds: set[type] = set()
    for row in rows:
        kinds.update(map(type, row))
    if kinds <= _QUICK:
        import orjson  # noqa: PLC0415 - for what is written; most runs write nothing

        # It knows no integer above 64 bits, and no half of a surrogate pair.
        with suppress(orjson.JSONEncodeError):
            return orjson.dumps(document)
    return (_encode_plain(document) if kinds.isdisjoint(_EXACT) else encode(document)).encode()


def encode_finite(document: Any) -> bytes | None:
    """Return the JSON text, in UTF-8, of a document in which no number is NaN or infinite.

    None: it holds what `encode` has to write, such as a document with a text of its own. No value
    is looked at beforehand, which takes longer than to write it.
    """
    import orjson  # noqa: PLC0415 - for what is written; most runs write nothing

    try:
        return orjson.dumps(document, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    except orjson.JSONEncodeError:
        return None


def is_same(left: Value, right: Value) -> bool:
    """Return whether two JSON values say the same: numbers by value, true and 1 are two things."""
    stack = [(left, right)]
    while stack:
        one, other = stack.pop()
        kind = _kind(one)
        if kind is not _kind(other):
            return False
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            stack += [(one[key], other[key]) for key in one]
        elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
            if len(one) != len(other):
                return False
            stack += zip(one, other, strict=True)
        elif kind is Decimal:
            if _number(one) != _number(other):
                return False
        elif one != other:
            return False
    return True


# -- reading --------------------------------------------------------------------------------------


def _read_frames(text: str, start: int, frames: int) -> tuple[Any, int] | None:
    """Read rows without a document, as most are, by the decoder alone, which is in C.

    None where there is one: its text is to be kept.
    """
    if not frames:
        return None
    try:
        value, end = _scan(text, start)
    except (StopIteration, ValueError):  # told where it is read in parts
        return None
    return None if _holds_document(value, frames) else (value, end)


def _holds_document(value: Any, frames: int) -> bool:
    """Return whether an array or object stands below so many levels of frames."""
    if type(value) not in _NESTED:
        return False
    inner = value.values() if type(value) is dict else value
    if frames == 1:
        return not _NESTED.isdisjoint(map(type, inner))
    return any(_holds_document(item, frames - 1) for item in inner)


def _read(text: str, start: int, frames: int) -> tuple[Any, int]:
    opening = text[start : start + 1]
    if frames and opening == "{":
        return _read_object(text, start, frames)
    if frames and opening == "[":
        return _read_array(text, start, frames)
    try:
        value, end = _scan(text, start)
    except StopIteration:
        raise ValueError(f"not JSON at character {start}") from None
    if opening in {"{", "["}:
        value = JsonObject(value) if opening == "{" else JsonArray(value)
        value.text = text[start:end]
    return value, end


def _read_object(text: str, start: int, frames: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    at = _after_blanks(text, start + 1)
    if text[at : at + 1] == "}":
        return found, at + 1
    while True:
        if text[at : at + 1] != '"':
            raise ValueError(f"no name at character {at}")
        name, at = scanstring(text, at + 1, True)
        at = _after(text, at, ":")
        found[name], at = _read(text, _after_blanks(text, at), frames - 1)
        at = _after_blanks(text, at)
        if text[at : at + 1] == "}":
            return found, at + 1
        at = _after_blanks(text, _after(text, at, ","))


def _read_array(text: str, start: int, frames: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    at = _after_blanks(text, start + 1)
    if text[at : at + 1] == "]":
        return found, at + 1
    while True:
        item, at = _read(text, at, frames - 1)
        found.append(item)
        at = _after_blanks(text, at)
        if text[at : at + 1] == "]":
            return found, at + 1
        at = _after_blanks(text, _after(text, at, ","))


def _after(text: str, at: int, mark: str) -> int:
    at = _after_blanks(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"no {mark} at character {at}")
    return at + 1


def _after_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in _BLANKS and at < len(text):
        at += 1
    return at


def _exact_float(digits: str) -> float | Decimal:
    number = float(digits)
    if len(digits) <= _SURE_DIGITS and "e" not in digits and "E" not in digits:
        return number
    exact = Decimal(digits)
    return number if isfinite(number) and Decimal(repr(number)) == exact else exact


def _exact_int(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _LONGEST_INT else Decimal(digits)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_scan = json.JSONDecoder(  # type: ignore[attr-defined]  # typeshed has no scan_once
    parse_float=_exact_float, parse_int=_exact_int, parse_constant=_refuse
).scan_once


# -- writing --------------------------------------------------------------------------------------


def _object_parts(found: dict[Any, Any]) -> Iterator[str | tuple[Any]]:
    mark = "{"
    for name, value in found.items():
        if not isinstance(name, str):
            raise TypeError(f"not a name: {type(name).__name__}")
        yield f"{mark}{encode_basestring(name)}:"
        yield (value,)
        mark = ","
    yield "}" if found else "{}"


def _array_parts(found: list[Any] | tuple[Any, ...]) -> Iterator[str | tuple[Any]]:
    mark = "["
    for value in found:
        yield mark
        yield (value,)
        mark = ","
    yield "]" if found else "[]"


def _float_text(number: float) -> str:
    if not isfinite(number):
        raise ValueError("NaN and infinity are not JSON")
    return repr(number)


def _decimal_text(number: Decimal) -> str:
    if not number.is_finite():
        raise ValueError("NaN and infinity are not JSON")
    return str(number)


_SCALARS: Final[dict[type, Callable[[Any], str]]] = {
    str: encode_basestring,
    int: int.__repr__,
    float: _float_text,
    Decimal: _decimal_text,
    bool: lambda truth: "true" if truth else "false",
    type(None): lambda _: "null",
}


def _of_subclass(value: Any) -> Callable[[Any], str] | None:
    """Return what writes the value of an enumeration of texts, say."""
    return next((_SCALARS[kind] for kind in _BASES if isinstance(value, kind)), None)


_BASES: Final = (str, int, float, Decimal)
_NESTED: Final = frozenset({dict, list})
_EXACT: Final = frozenset({JsonObject, JsonArray, Decimal})
_QUICK: Final = frozenset({str, int, bool, type(None)})
"""What any encoder writes alike; of a float that is none, orjson would make null."""
_encode_plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


# -- comparing ------------------------------------------------------------------------------------


def _kind(value: Value) -> type:
    if isinstance(value, bool):
        return bool
    if isinstance(value, int | float | Decimal):
        return Decimal
    if isinstance(value, dict):
        return dict
    if isinstance(value, list | tuple):
        return list
    return type(value)


def _number(value: Value) -> Decimal | int:
    if isinstance(value, float):
        return Decimal(repr(value))
    return value  # type: ignore[return-value]
