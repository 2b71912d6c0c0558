"""JSON of others: what it weighs, and what is refused unread."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from listing_sync.cells.foreign_json import TooHeavyError, read_foreign_json, weigh, weight_of
from listing_sync.cells.json_exact import decode

MANY = 5_000
DOCUMENTS = {
    "empty lists": "[" + "[]," * MANY + "[]]",
    "lists in lists": "[" + "[[]]," * MANY + "[]]",
    "lists in a chain": "[" * 500 + "]" * 500,
    "empty objects": "[" + "{}," * MANY + "{}]",
    "objects of one": "[" + '{"a":{}},' * MANY + "{}]",
    "objects of six": "[" + '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6},' * MANY + "{}]",
    "names": json.dumps({f"n{number}": 0 for number in range(MANY)}),
    "whole numbers": json.dumps([*range(10**9, 10**9 + MANY)]),
    "numbers": json.dumps([number + 0.5 for number in range(MANY)]),
    "long numbers": "[" + "1.12345678901234567891," * MANY + "1]",
    "texts": json.dumps([f"t{number}" for number in range(MANY)]),
    "Japanese": json.dumps([f"価格{number}" for number in range(MANY)], ensure_ascii=False),
    "documents": json.dumps([{"d": [{"a": "x"}] * 9}] * 500),
    "a wide sign": json.dumps(["x" * 9 * MANY + "🏠"], ensure_ascii=False),
    "an escaped wide sign": json.dumps(["x" * 9 * MANY + "🏠"]),
    "an escaped sign": json.dumps(["x" * 9 * MANY + "価"]),
}  # fmt: skip


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("exact", [False, True])
def test_no_document_takes_more_memory_than_it_weighs(text: str, *, exact: bool) -> None:
    content = text.encode()
    read_foreign_json("[1]")
    tracemalloc.start()
    try:
        value = decode(content.decode(), frames=2) if exact else read_foreign_json(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert value
    assert peak + len(content) < weight_of(content, keeps_text=exact) + 3_000


def test_rows_of_long_texts_weigh_little_more_than_their_texts() -> None:
    row = {"property_number": "AA00001", "price": 29_800_000, "note": "南向き、駅から五分。" * 40}
    content = json.dumps([row] * 1000, ensure_ascii=False).encode()
    assert weight_of(content) < 5 * len(content)


@pytest.mark.parametrize("kind", [bytes, str])
def test_what_would_fill_the_memory_is_not_read(kind: type) -> None:
    text = "[" + "{}," * 1_200_000 + "{}]"
    document = text.encode() if kind is bytes else text
    with pytest.raises(TooHeavyError, match="more than 300 MiB"):
        read_foreign_json(document)


def test_what_is_long_and_holds_little_is_read() -> None:
    text = json.dumps(["x" * 3_000_000])
    weigh(text)
    assert len(read_foreign_json(text)[0]) == 3_000_000


@pytest.mark.parametrize("text", ["NaN", "[-Infinity]", "9" * 5_000, "[" * 100_000, "", "{"])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each in its own words
        read_foreign_json(text)
