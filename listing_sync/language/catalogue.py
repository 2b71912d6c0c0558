"""Look sentences up in the catalogue of the language that was chosen at the start.

The choice is the one state of the module: what people read is made in every room and thread, and
a catalogue that went through all their arguments would say the same everywhere.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from listing_sync.language.choice import Language

if TYPE_CHECKING:
    from gettext import GNUTranslations

DOMAIN: Final = "listing_sync"
CATALOGUES: Final = Path(__file__).parent / "catalogues"


class _Speaker:
    """One language; its catalogue is read with the first sentence. English is in the source."""

    def __init__(self, language: Language) -> None:
        self.language = language

    @cached_property
    def catalogue(self) -> GNUTranslations:
        from gettext import GNUTranslations  # noqa: PLC0415 - who speaks English needs none

        path = CATALOGUES / self.language / "LC_MESSAGES" / f"{DOMAIN}.mo"
        with path.open("rb") as file:
            return GNUTranslations(file)

    @property
    def is_english(self) -> bool:
        return self.language is Language.ENGLISH


_speakers = [_Speaker(Language.ENGLISH)]


def speak(language: Language) -> None:
    """Have every later sentence be of a language."""
    _speakers[0] = _Speaker(language)


def spoken_language() -> Language:
    """Return the language that was chosen."""
    return _speakers[0].language


def translated(sentence: str) -> str:
    """Return a sentence, with its placeholders, as the catalogue has it."""
    speaker = _speakers[0]
    return sentence if speaker.is_english else speaker.catalogue.gettext(sentence)


def translated_number(one: str, many: str, count: int) -> str:
    """Return the one of two sentences that fits a number, as the catalogue has it."""
    speaker = _speakers[0]
    if speaker.is_english:
        return one if count == 1 else many
    return speaker.catalogue.ngettext(one, many, count)
