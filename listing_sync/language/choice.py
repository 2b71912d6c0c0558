"""Choose the language of the office by what environment and settings file say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Language(StrEnum):
    """The languages that there are sentences in."""

    ENGLISH = "en"
    JAPANESE = "ja"


def language_of(given: Mapping[str, str]) -> Language:
    """Return the language of SYNC_LANGUAGE, else of the locale of messages, else English.

    Source: POSIX, "Environment Variables", 8.2 (LC_ALL before LC_MESSAGES before LANG; an empty
    one is as one that is not set).
    """
    stated = given.get("SYNC_LANGUAGE", "").strip()
    if stated in list(Language):
        return Language(stated)
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((given[name] for name in names if given.get(name)), "")
    is_japanese = locale.partition(".")[0].partition("_")[0].lower() == Language.JAPANESE
    return Language.JAPANESE if is_japanese else Language.ENGLISH
