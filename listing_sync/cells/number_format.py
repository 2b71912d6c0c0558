"""Write a number as a person sees it in a cell of a given number format.

Written for reading, so that it renders what it is sure of: a format, or a value in it, of which it
is not gives None, and the cell is rejected. What the file does not say, the language of the person
who looks, is taken as Japanese where it decides on the order of a date.

Source: ECMA-376 part 1, 18.8.30 (numFmt) and 18.8.31 (numFmts).
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import groupby
from math import isfinite
from typing import Final

from listing_sync.cells.format_dates import DateForm, date_form
from listing_sync.cells.format_numbers import NumberForm, number_form
from listing_sync.cells.format_tokens import Token, tokens_of
from listing_sync.lazy_dataclasses import dataclass

GENERAL: Final = "General"
_BUILT_IN: Final = {
    0: GENERAL,
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"¥"#,##0;"¥"-#,##0',
    6: '"¥"#,##0;"¥"-#,##0',
    7: '"¥"#,##0.00;"¥"-#,##0.00',
    8: '"¥"#,##0.00;"¥"-#,##0.00',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "yyyy/m/d",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy/m/d h:mm",
    **dict.fromkeys((27, 36, 50, 57), "[$-411]ge.m.d"),
    **dict.fromkeys((28, 29, 51, 54, 58), '[$-411]ggge"年"m"月"d"日"'),
    30: "m/d/yy",
    31: 'yyyy"年"m"月"d"日"',
    32: 'h"時"mm"分"',
    33: 'h"時"mm"分"ss"秒"',
    **dict.fromkeys((34, 52, 55), 'yyyy"年"m"月"'),
    **dict.fromkeys((35, 53, 56), 'm"月"d"日"'),
    37: "#,##0;-#,##0",
    38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00",
    41: "#,##0;-#,##0;-;@",
    42: '"¥"#,##0;"¥"-#,##0;"¥"-;@',
    43: "#,##0.00;-#,##0.00;-;@",
    44: '"¥"#,##0.00;"¥"-#,##0.00;"¥"-;@',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
}
"""The formats that no file spells out, as Excel in Japanese shows them."""

_SIGNIFICANT = 10
_MOST_SECTIONS = 4


def built_in_format(number: int) -> str | None:
    """Return the code of a format that is known by its number alone, None when there is none."""
    return _BUILT_IN.get(number)


def general_text(value: float) -> str | None:
    """Return a number as a cell without a format shows it, in plain notation."""
    if isinstance(value, int):
        return str(value)
    if not isfinite(value):
        return None
    if value.is_integer():
        return str(int(value))
    return format(Decimal(f"{value:.{_SIGNIFICANT}g}"), "f")


@dataclass(frozen=True)
class Section:
    """One of the parts of a format between semicolons; `form` None where it is not understood."""

    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None = None

    @cached_property
    def is_date(self) -> bool:
        """Return whether it shows a date or a time."""
        return any(token.kind in {"date", "elapsed"} for token in self.tokens)

    @cached_property
    def is_text(self) -> bool:
        """Return whether it is for texts."""
        return any(token.kind == "text" for token in self.tokens)

    @cached_property
    def date(self) -> DateForm | None:
        """Return how it shows a date."""
        return date_form(self.tokens)

    @cached_property
    def number(self) -> NumberForm | None:
        """Return how it shows a number."""
        return number_form(self.tokens)

    def text(self, value: float) -> str | None:
        """Return what it shows for a number; the sign is left out."""
        if self.is_date:
            return None if self.date is None else self.date.text(value)
        if self.number is not None:
            return self.number.text(abs(value))
        return self._around(general_text(abs(value)), {"general", "text"})

    def text_of_text(self, text: str) -> str | None:
        """Return what it shows for a text."""
        return self._around(text, {"text"})

    def _around(self, inner: str | None, kinds: set[str]) -> str | None:
        parts = [
            inner if token.kind in kinds else token.text if token.kind == "literal" else None
            for token in self.tokens
            if token.kind != "locale"
        ]
        return None if None in parts else "".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """One format; `sections` are those for numbers, `for_text` that for texts."""

    sections: tuple[Section, ...]
    for_text: Section | None
    is_general: bool

    @property
    def is_date(self) -> bool:
        """Return whether a number in this format is a moment."""
        return bool(self.sections) and self.sections[0].is_date

    @property
    def shows_day(self) -> bool:
        """Return whether it shows a day of the calendar, not only a time or a duration."""
        tokens = self.sections[0].tokens if self.sections else ()
        marks = {token.text[0] for token in tokens if token.kind == "date"}
        return bool(marks & set("ydgea")) or marks == {"m"}

    @property
    def plain(self) -> NumberForm | None:
        """Return how numbers above 0 are shown if as they are, but for rounding; else None."""
        section = self.sections[0] if self.sections else None
        if section is None or section.is_date or section.condition is not None:
            return None
        form = section.number
        return form if form is not None and form.is_plain else None

    def text_of_text(self, text: str) -> str | None:
        """Return what a person sees of a text; None when that is not certain."""
        return text if self.for_text is None else self.for_text.text_of_text(text)

    def text(self, value: float) -> str | None:
        """Return what a person sees of a number; None when that is not certain.

        A moment is a serial number as Google counts it: days since 1899-12-30.
        """
        if self.is_general:
            return general_text(value)
        if not isfinite(value):
            return None
        chosen = self._chosen(value)
        if chosen is None:
            return None
        section, is_signed = chosen
        text = section.text(value)
        if text is None or (value < 0 and section.is_date):
            return None
        text = text.strip()
        shows_number = any(character in "123456789" for character in text)
        return f"-{text}" if value < 0 and is_signed and shows_number else text

    def _chosen(self, value: float) -> tuple[Section, bool] | None:
        """Return the section for a number, and whether a minus sign is put before it."""
        sections = self.sections
        if not sections:
            return (Section((Token("general", ""),)), True) if self.for_text else None
        if any(section.condition for section in sections):
            for section in sections:
                if section.condition is None or _holds(section.condition, value):
                    own = section.condition
                    return section, not (own and own[0] in {"<", "<="} and own[1] <= 0)
            return None
        if value < 0 and len(sections) > 1:
            return sections[1], False
        if value == 0 and len(sections) > 2:  # noqa: PLR2004 - positive; negative; zero
            return sections[2], False
        return sections[0], True


@lru_cache(4_096)
def number_format(code: str) -> NumberFormat | None:
    """Return what a format code says; None when it is none that Excel would take."""
    tokens = tokens_of(code)
    if tokens is None:
        return None
    sections = _sections(tokens)
    if len(sections) > _MOST_SECTIONS:
        return None
    for_text = None
    if len(sections) == _MOST_SECTIONS or sections[-1].is_text:
        for_text = sections.pop()
    is_general = [token.kind for token in tokens] in ([], ["general"])
    return NumberFormat(tuple(sections), for_text, is_general)


def adds_to_text(code: str) -> bool:
    """Return whether a text in this format is shown as anything but itself."""
    found = number_format(code) if "@" in code or code.count(";") > 2 else None  # noqa: PLR2004
    return found is not None and found.text_of_text("x") != "x"


def _sections(tokens: tuple[Token, ...]) -> list[Section]:
    groups: list[list[Token]] = [[]]
    for is_end, run in groupby(tokens, key=lambda token: token.kind == "end"):
        if is_end:
            groups += [[] for _ in run]
        else:
            groups[-1] += run
    return [_section(group) for group in groups]


def _section(tokens: list[Token]) -> Section:
    conditions = [token.text for token in tokens if token.kind == "condition"]
    rest = tuple(token for token in tokens if token.kind != "condition")
    if not conditions:
        return Section(rest)
    found = re.fullmatch(r"(<>|<=|>=|<|>|=)(-?[0-9.]+)", conditions[0])
    if found is None or len(conditions) > 1:
        return Section((*rest, Token("unknown", "")))
    return Section(rest, (found[1], float(found[2])))


def _holds(condition: tuple[str, float], value: float) -> bool:
    sign, limit = condition
    return {
        "<": value < limit,
        "<=": value <= limit,
        ">": value > limit,
        ">=": value >= limit,
        "=": value == limit,
        "<>": value != limit,
    }[sign]
