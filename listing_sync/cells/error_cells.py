"""Tell the texts that stand where a formula has no value, by their shape in any language."""

from __future__ import annotations

import re
from typing import Final

from listing_sync.cells.listings import Problem
from listing_sync.cells.spelling import half_width
from listing_sync.language.sentences import phrase

LOADING: Final = "Loading..."
LOADING_TEXTS: Final = frozenset(
    {LOADING, "Wird geladen...", "Chargement...", "Cargando...", "読み込んでいます..."}
)
"""What Google Sheets shows while a formula is calculated."""

ERROR_STARTS: Final = "#＃EFエLWC読"
"""The first characters of all of them, so that few texts are looked at."""

_LONGEST = 40

_ERROR: Final = re.compile(
    r"#+"  # a number in a column that is too narrow for it
    r"|#[^\W\d_a-z][^\Wa-z]*(?:[/.][^\Wa-z]+)?[!?]"  # #REF!, #NAME?, #DIV/0!, #WERT!, #BUSY!
    r"|#[^\W\d_a-z]{1,2}/[^\W\d_a-z]{1,2}!?"  # #N/A, and #N/D, #N/B, #I/T, Н/Д of other languages
    r"|#(?:NV|YOK|DIV/0|REF|NAME|NUM|NULL|VALUE|CALC|SPILL|GETTING_DATA|HIÁNYZIK"
    r"|NENÍ_K_DISPOZICI)"
    r"|(?:Err|Error|Fehler|Erreur|エラー): ?[0-9]{3}",  # LibreOffice
)


def error_cell(text: str) -> Problem | None:
    """Return why a trimmed text is that of a formula without a value, None when it is not.

    Source: support.microsoft.com, "ERROR.TYPE function"; help.libreoffice.org, "Error Codes in
    LibreOffice Calc".
    """
    if text in LOADING_TEXTS:
        return Problem(
            phrase("a formula that was still loading", code="formula_loading"),
            phrase("its value: sync again later"),
        )
    may_be_one = text[0] in "#＃" or ":" in text or "：" in text
    if not may_be_one or len(text) > _LONGEST:
        return None
    if not _ERROR.fullmatch(text if text.isascii() else half_width(text)):
        return None
    if not text.strip("#＃"):
        return Problem(
            phrase(
                "only {signs}: its column is too narrow, or a formula fails",
                code="only_number_signs",
                signs=text[:8],
            ),
            phrase("a value"),
        )
    return failed_formula(text)


def failed_formula(text: str) -> Problem:
    """Return that the formula of a cell gives this error."""
    return Problem(
        phrase("the formula in this cell fails ({text})", code="formula_fails", text=text),
        phrase("a formula that gives a value"),
    )
