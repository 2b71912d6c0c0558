"""JSON without a lost digit: read, written, compared."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.json_exact import (
    decode,
    encode,
    encode_finite,
    encode_rows,
    is_same,
)

NUMBERS = ("0.1234567890123456789", "12345678901234567890.5", "1e23", "1.50", "-0", "9" * 5000)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_digit_of_a_number_is_read_and_written(number):
    assert Decimal(encode(decode(number))) == Decimal(number)
    row = f'[{{"extra": {{"n": {number}}}}}]'
    assert number in encode(decode(row, frames=2))


@pytest.mark.parametrize(
    "text", ['{"a":  1, "a" :2}', "[1E5,\n 1.50]", '{"\\u00e9": "\\/"}', "[]", "{}"]
)
def test_a_document_goes_back_as_it_came(text):
    [row] = decode(f' [ {{"number" : "AA1" , "extra" : {text} }} ] ', frames=2)
    assert (row["number"], encode(row["extra"])) == ("AA1", text)
    assert row["extra"] == json.loads(text)
    assert json.loads(encode_rows([row], [row.values()])) == [json.loads(encode(row))]
    assert text.encode() in encode_rows([row], [row.values()])
    assert encode(row) == f'{{"number":"AA1","extra":{text}}}'


@given(document=DOCUMENTS)
def test_what_is_written_unseen_says_the_same(document):
    text = encode_finite(document)
    assert text is None or is_same(decode(text.decode(), frames=9), document)


@pytest.mark.parametrize(
    "value", ["\ud800", Decimal("1.50"), 2**64, decode('{"a": 1}'), decode("[]")]
)
def test_what_has_a_form_of_its_own_is_not_written_unseen(value):
    assert encode_finite({"rows": [[value]]}) is None


@pytest.mark.parametrize(
    "text",
    ["", "[", "[1", "[1,", '{"a"', '{"a":', '{"a":1', "{1:2}", "[NaN]", "-Infinity", "1 2", "nul"],
)
@pytest.mark.parametrize("frames", [0, 1, 2])
def test_what_is_not_json_is_refused(text, frames):
    with pytest.raises(ValueError, match=r".+"):
        decode(text, frames)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_json_does_not_know_is_not_written(value):
    with pytest.raises(ValueError, match="not JSON"):
        encode({"a": [value]})


@pytest.mark.parametrize("value", [object(), {1: 2}])
def test_what_is_no_json_at_all_is_an_error(value):
    with pytest.raises(TypeError):
        encode([value])


@given(DOCUMENTS, st.integers(0, 3))
def test_what_is_written_is_read_as_the_same(document, frames):
    assert is_same(decode(encode(document), frames), document)


@given(DOCUMENTS)
def test_it_writes_what_the_standard_library_reads(document):
    assert is_same(json.loads(encode(document), parse_float=Decimal), document)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("1e23", "100000000000000000000000", True),
        ("1.50", "1.5", True),
        ("0.1234567890123456789", "0.1234567890123456788", False),
        ("12345678901234567890.5", "12345678901234567000", False),
        ('{"a": 1}', '{"a": true}', False),
        ("[0]", "[false]", False),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', True),
        ("[1, 2]", "[2, 1]", False),
        ("[1]", "[1, 2]", False),
        ('"1"', "1", False),
        ("null", "{}", False),
        ("[]", "{}", False),
    ],
)
def test_documents_are_compared_by_type_and_exactly(left, right, same):
    assert is_same(decode(left), decode(right)) is same
    assert is_same(decode(right), decode(left)) is same


def test_depth_is_no_matter_for_writing_and_comparing():
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    assert encode(deep) == "[" * 5001 + "]" * 5001
    assert is_same(deep, deep)
    assert not is_same(deep, [deep])


@pytest.mark.parametrize(
    ("left", "right"), [("a", "b"), (True, False), ({"a": "x"}, {"a": "y"}), (["x"], ["y"])]
)
def test_texts_and_truths_that_differ_are_not_the_same(left: Any, right: Any) -> None:
    assert not is_same(left, right)
    assert is_same(left, left)
