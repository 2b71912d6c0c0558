"""What the operating system says is known in the language of the office."""

from __future__ import annotations

import os

import pytest

from listing_sync.language.sentences import english_of
from listing_sync.language.system_words import _KNOWN, system_words


@pytest.mark.parametrize("number", _KNOWN)
def test_each_known_failure_is_said_in_the_words_of_this_system(number: int) -> None:
    assert system_words(OSError(number, os.strerror(number))) == _KNOWN[number]


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize("number", _KNOWN)
def test_each_known_failure_is_said_in_japanese(number: int) -> None:
    words = system_words(OSError(number, os.strerror(number)))
    assert not words.isascii()
    assert english_of(words) == os.strerror(number)


@pytest.mark.usefixtures("japanese")
def test_other_words_stay() -> None:
    assert system_words(OSError(2, "a file of another kind")) == "a file of another kind"
    assert system_words(OSError("gone")) == "gone"
