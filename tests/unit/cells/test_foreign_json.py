"""JSON of others is a document or a ValueError."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.foreign_json import read_foreign_json


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(text, words, id=words)
        for text, words in (
            ("[" * 100_000, "nested too deep"),
            ('{"a":' * 100_000, "nested"),
            ("9" * 1_000_000, "digits"),
            ("[NaN]", "NaN is no JSON"),
            ("-Infinity", "Infinity is no JSON"),
            ("", "Expecting value"),
            (b"\xff", "decode"),
        )
    ],
)
def test_what_no_service_answers_is_a_value_error(text: str | bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_foreign_json(text)


@given(st.binary())
def test_it_raises_nothing_else(content: bytes) -> None:
    with suppress(ValueError):
        read_foreign_json(content)
