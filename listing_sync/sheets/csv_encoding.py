"""Decode a CSV file: UTF-8, UTF-16 with its mark, CP932, or as stated."""

from __future__ import annotations

import codecs
import re

from listing_sync.errors import SourceError
from listing_sync.language.sentences import joined, phrase

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF8_NAMES = frozenset({"utf-8", "utf8", "utf-8-sig"})
_FOREIGN_RUN = re.compile(r"[^\x00-\x7f]+")
_SAVE = 'save it as "CSV UTF-8", or state its encoding in the mapping (encoding = "cp1252")'
_OUTWEIGHS = 10
_JIS_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\$\(D|\([IJ])")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_LAST_BELOW_EUC = 0xA0


def decoded(content: bytes, name: str, encoding: str | None) -> str:
    """Return the text of a file: by its byte order mark, as stated, as UTF-8, or as CP932.

    CP932 gives some text for nearly any bytes, so that it is taken where this reads as Japanese.

    Raises:
        SourceError: none of them fits; names the line.
    """
    if content.startswith(_UTF16):
        return _strictly(content, "utf-16", name)
    if content.startswith(codecs.BOM_UTF8) or encoding in _UTF8_NAMES:
        return _strictly(content, "utf-8-sig", name)
    if encoding is not None:
        return _strictly(content, encoding, name)
    return _told_by_itself(content, name)


def _told_by_itself(content: bytes, name: str) -> str:
    """Return the text of a file of which nothing but its bytes says how it is written."""
    if problem := _other_code_page(content):
        raise SourceError(joined(": ", (name, problem)))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        damage = error
    if _may_be_euc(content):
        raise SourceError(
            phrase(
                "{name}: its code page is not certain: it may be EUC-JP, or CP932"
                " (Shift JIS) with no but half-width kana; {advice}",
                name=name,
                advice=_SAVE.replace("cp1252", "euc_jp"),
            )
        )
    # Japanese UTF-8 with one broken byte would pass as nonsense in CP932, whose own texts break
    # off as UTF-8 at once.
    if not any(character >= "\u0800" for character in content[: damage.start].decode()):
        try:
            text = content.decode("cp932")
        except UnicodeDecodeError as error:
            damage = error
        else:
            if reads_as_japanese(text):
                return text
            raise SourceError(
                phrase(
                    "{name}: a character in line {line} is not UTF-8, and the file does"
                    " not read as Japanese in CP932 (Shift JIS); {advice}",
                    name=name,
                    line=_line(content, damage.start),
                    advice=_SAVE,
                )
            )
    raise SourceError(
        phrase(
            "{name}: a character in line {line} is neither UTF-8 nor CP932 (Shift JIS); {advice}",
            name=name,
            line=_line(content, damage.start),
            advice=_SAVE,
        )
    )


def _other_code_page(content: bytes) -> str | None:
    """Return what is wrong where UTF-8 would give some text, and not that of the file.

    ISO-2022-JP is ASCII with escapes; UTF-16 without its mark has a NUL in each ASCII character.
    """
    if _JIS_ESCAPE.search(content):
        return phrase(
            "it is in ISO-2022-JP (JIS); {advice}",
            advice=_SAVE.replace("cp1252", "iso2022_jp_ext"),
        )
    if content.count(0) * 4 > len(content):
        return phrase(
            "it is in UTF-16 without its mark; {advice}",
            advice=_SAVE.replace("cp1252", "utf-16-le"),
        )
    return None


def _may_be_euc(content: bytes) -> bool:
    """Return whether bytes that are no UTF-8 may be EUC-JP: all signs of two bytes, none below A1.

    CP932 makes half-width kana of it, two for each character.
    """
    runs = _HIGH_RUN.finditer(content)
    return all(len(run[0]) % 2 == 0 and min(run[0]) > _LAST_BELOW_EUC for run in runs)


def reads_as_japanese(text: str) -> bool:
    """Return whether what CP932 made of a file is Japanese, not é and ü of another code page.

    Those give one odd sign between letters of a word: Montr饌l. Japanese gives kana and the usual
    kanji, in runs or in fields of their own.
    """
    good = odd = 0
    for run in _FOREIGN_RUN.finditer(text):
        signs = run[0]
        before = text[run.start() - 1 : run.start()]
        after = text[run.end() : run.end() + 1]
        letters = before.isalpha() + after.isalpha()
        usual = sum(map(_is_usual, signs))
        if any("\ue000" <= sign <= "\uf8ff" for sign in signs):
            odd += len(signs)
        elif len(signs) == 1 and letters and (not usual or letters > 1):
            odd += 1
        elif len(signs) > 1 or not letters:
            good += usual
    return good > 0 and odd * _OUTWEIGHS <= good


def _is_usual(sign: str) -> bool:
    """Return whether a sign is kana or one of the kanji of level 1, or half-width kana."""
    code = sign.encode("cp932", "replace")
    return code[0] < 0xA0 or (len(code) == 1 and code[0] > 0xA0)  # noqa: PLR2004 - lead bytes


def _strictly(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        at = error.start if isinstance(error, UnicodeDecodeError) else len(content)
        wanted = encoding.removesuffix("-sig").upper()
        raise SourceError(
            phrase(
                "{name}: a character in line {line} is not {wanted}; {advice}",
                name=name,
                line=_line(content, at),
                wanted=wanted,
                advice=_SAVE,
            )
        ) from error


def _line(content: bytes, at: int) -> int:
    return content.count(b"\n", 0, at) + 1
