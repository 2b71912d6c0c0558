"""Read what somebody asks for, and say what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.requests import Request

from listing_sync.cells.validator import normalise_number
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.serve.problems import Problem

LARGEST_BODY_BYTES = 64 * 1024
_MOST_NUMBERS = 1000
_LONGEST_NUMBER_BYTES = 200
_LARGEST_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """A run as somebody asks for it; `numbers` None means all, `batch_size` None the setting's."""

    numbers: tuple[str, ...] | None = None
    batch_size: int | None = None
    force: bool = False


async def body_of(request: Request) -> bytes:
    """Return the body, of which no more is read than may be.

    Raises:
        Problem: 413.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY_BYTES:
            raise Problem(
                413, "too-large", f"a request may have {LARGEST_BODY_BYTES // 1024} kB at most"
            )
        parts.append(part)
    return b"".join(parts)


def order_of(body: bytes) -> Order:
    """Return what the body of a manual run asks for; without one it is all.

    Raises:
        Problem: 400 for what is no JSON object, 422 with every member that is wrong.
    """
    if not body.strip():
        return Order()
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Problem(400, "not-json", 'expected a JSON object such as {"force": false}')
    wrong = dict.fromkeys(document.keys() - _MEMBERS.keys(), "there is no such member")
    wrong |= {
        name: expected
        for name, expected in _MEMBERS.items()
        if document.get(name) is not None and not _is_right(name, document[name])
    }
    if wrong:
        raise Problem(
            422,
            "wrong-request",
            "; ".join(f"{name}: {why}" for name, why in sorted(wrong.items())),
            more={
                "errors": [
                    {"pointer": f"#/{name}", "detail": why} for name, why in sorted(wrong.items())
                ]
            },
        )
    return _order(document)


_MEMBERS: Mapping[str, str] = {
    "force": "expected true or false",
    "batchSize": f"expected a whole number from 1 to {_LARGEST_BATCH}",
    "propertyNumbers": (
        f"expected a list of 1 to {_MOST_NUMBERS} property numbers, each a text that is not blank"
        f" and of at most {_LONGEST_NUMBER_BYTES} bytes; leave it out to sync all"
    ),
}


def _is_right(name: str, value: object) -> bool:
    if name == "force":
        return isinstance(value, bool)
    if name == "batchSize":
        return type(value) is int and 1 <= value <= _LARGEST_BATCH
    return (
        isinstance(value, list)
        and 1 <= len(value) <= _MOST_NUMBERS
        and all(isinstance(each, str) and _is_number(each) for each in value)
    )


def _is_number(text: str) -> bool:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    # A control character cannot be part of a command line, nor of a number.
    number = normalise_number(text)
    return size <= _LONGEST_NUMBER_BYTES and bool(number) and number.isprintable()


def _order(document: Mapping[str, object]) -> Order:
    numbers, batch_size = document.get("propertyNumbers"), document.get("batchSize")
    wanted = None
    if isinstance(numbers, list):
        wanted = tuple(dict.fromkeys(normalise_number(str(each)) for each in numbers))
    return Order(
        numbers=wanted,
        batch_size=batch_size if isinstance(batch_size, int) else None,
        force=document.get("force") is True,
    )
