"""Write a number as the tokens of its format say: 0, #, ?, grouping, percent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cached_property

from listing_sync.cells.format_tokens import Token
from listing_sync.lazy_dataclasses import dataclass

_WIDE = Context(prec=400, rounding=ROUND_HALF_UP)
_GROUP = 3
_DIGIT_KINDS = frozenset({"digit", "point", "comma"})


@dataclass(frozen=True)
class NumberForm:
    """How one section shows a number. `whole` and `fraction` are its tokens around the point."""

    whole: tuple[Token, ...]
    fraction: tuple[Token, ...]
    has_point: bool
    is_grouped: bool
    thousands: int
    percents: int
    exponent: tuple[str, int] | None = None

    @property
    def is_plain(self) -> bool:
        """Return whether its digits are the number's own, in one run, but for rounding."""
        kinds = "".join(
            "d" if token.kind == "digit" else "l" for token in (*self.whole, *self.fraction)
        )
        return (
            not (self.thousands or self.percents or self.exponent)
            and "d" in kinds
            and "l" not in kinds.strip("l")
            and not any(character.isnumeric() for character in "".join(self.around))
        )

    @property
    def around(self) -> tuple[str, str]:
        """Return the literals before and behind the digits of a plain form."""
        before, behind = "", ""
        has_digit = False
        for token in (*self.whole, *self.fraction):
            if token.kind == "digit":
                has_digit = True
            elif has_digit:
                behind += token.text
            else:
                before += token.text
        return before, behind

    @cached_property
    def _quick(self) -> tuple[str, int, str] | None:
        """Return (before, fewest digits, behind) of a plain form of whole numbers, else None."""
        marks = "".join(token.text for token in self.whole if token.kind == "digit")
        if not self.is_plain or self.has_point or "?" in marks:
            return None
        fewest = marks.count("0")
        if marks.lstrip("#") != "0" * fewest or (self.is_grouped and fewest != 1):
            return None
        before, behind = self.around
        return before, fewest, behind

    def text(self, value: float) -> str:
        """Return what is shown of a number that is not negative."""
        if isinstance(value, int) and value and self._quick is not None:
            before, fewest, behind = self._quick
            digits = f"{value:,}" if self.is_grouped else str(value).zfill(fewest)
            return before + digits + behind
        number = Decimal(repr(value)).scaleb(2 * self.percents - _GROUP * self.thousands, _WIDE)
        places = sum(token.kind == "digit" for token in self.fraction)
        tail = ""
        if self.exponent is not None:
            number, tail = self._scientific(number, places, *self.exponent)
        digits = format(number.quantize(Decimal(1).scaleb(-places), context=_WIDE), "f")
        whole, _, fraction = digits.partition(".")
        shown = self._whole_text(whole.lstrip("0"))
        return shown + ("." if self.has_point else "") + self._fraction_text(fraction, tail)

    def _scientific(
        self, number: Decimal, places: int, sign: str, width: int
    ) -> tuple[Decimal, str]:
        power = number.adjusted() if number else 0
        mantissa = number.scaleb(-power, _WIDE)
        if mantissa.quantize(Decimal(1).scaleb(-places), context=_WIDE) >= 10:  # noqa: PLR2004
            power, mantissa = power + 1, mantissa / 10
        shown_sign = "-" if power < 0 else "+" if sign == "+" else ""
        return mantissa, f"E{shown_sign}{abs(power):0{width}}"

    def _whole_text(self, digits: str) -> str:
        parts: list[str] = []
        left = digits
        count = 0
        first = next((at for at, token in enumerate(self.whole) if token.kind == "digit"), None)
        if first is None:  # .00 shows the whole part too; words alone show none
            has_fraction = any(token.kind == "digit" for token in self.fraction)
            return "".join(token.text for token in self.whole) + (digits if has_fraction else "")
        for at in range(len(self.whole) - 1, -1, -1):
            token = self.whole[at]
            if token.kind != "digit":
                parts.append(token.text)
                continue
            taken = left if at == first else left[-1:]
            left = "" if at == first else left[:-1]
            for character in reversed(taken) if taken else _filler(token.text):
                if self.is_grouped and count and count % _GROUP == 0 and character != " ":
                    parts.append(",")
                parts.append(character)
                count += 1
        return "".join(reversed(parts))

    def _fraction_text(self, digits: str, tail: str) -> str:
        parts: list[str] = []
        is_trailing = True
        places = [at for at, token in enumerate(self.fraction) if token.kind == "digit"]
        shown = dict(zip(places, digits, strict=True))
        for at in reversed(places):
            mark = self.fraction[at].text
            if is_trailing and shown[at] == "0" and mark != "0":
                shown[at] = " " if mark == "?" else ""
            else:
                is_trailing = False
        last = places[-1] if places else -1
        for at, token in enumerate(self.fraction):
            parts.append(shown.get(at, token.text))
            if at == last:
                parts.append(tail)
        return "".join(parts) if places else tail + "".join(parts)


def _filler(mark: str) -> str:
    return {"0": "0", "?": " ", "#": ""}[mark]


def number_form(tokens: Sequence[Token]) -> NumberForm | None:
    """Return how a section shows numbers; None where it is not understood."""
    pieces = [token for token in tokens if token.kind != "locale"]
    allowed = _DIGIT_KINDS | {"literal", "percent", "exponent"}
    if any(token.kind not in allowed for token in pieces):
        return None
    points = [at for at, token in enumerate(pieces) if token.kind == "point"]
    digits = [at for at, token in enumerate(pieces) if token.kind == "digit"]
    if len(points) > 1 or (points and not digits):
        return None
    exponent, rest = _exponent(pieces)
    if rest is None:
        return None
    point = points[0] if points else len(rest)
    commas = _commas(rest, point)
    if commas is None:
        return None
    is_grouped, thousands = commas
    shown = [token for token in rest[:point] if token.kind != "comma"]
    behind = [token for token in rest[point + 1 :] if token.kind != "comma"]
    if exponent is not None and sum(token.kind == "digit" for token in shown) != 1:
        return None
    if not points:  # literals behind the digits stay behind an exponent
        last = max((at for at, token in enumerate(shown) if token.kind == "digit"), default=-1)
        if last >= 0:
            shown, behind = shown[: last + 1], shown[last + 1 :]
    return NumberForm(
        whole=tuple(shown),
        fraction=tuple(behind),
        has_point=bool(points),
        is_grouped=is_grouped,
        thousands=thousands,
        percents=sum(token.kind == "percent" for token in rest),
        exponent=exponent,
    )


def _exponent(
    tokens: list[Token],
) -> tuple[tuple[str, int] | None, list[Token] | None]:
    """Take E+00 out of the tokens."""
    found = [at for at, token in enumerate(tokens) if token.kind == "exponent"]
    if not found:
        return None, tokens
    start = found[0]
    end = start + 1
    while end < len(tokens) and tokens[end].kind == "digit":
        end += 1
    if len(found) > 1 or end == start + 1 or any(t.kind == "digit" for t in tokens[end:]):
        return None, None
    return (tokens[start].text[1], end - start - 1), tokens[:start] + tokens[end:]


def _commas(tokens: Sequence[Token], point: int) -> tuple[bool, int] | None:
    """Return whether commas group, and by how many thousands others divide."""
    digits = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    whole = [at for at in digits if at < point]
    is_grouped, thousands = False, 0
    for at, token in enumerate(tokens):
        if token.kind != "comma":
            continue
        if not digits or at < digits[0]:
            return None
        if whole and at < whole[-1]:
            is_grouped = True
        elif at < point or at > digits[-1]:
            thousands += 1
        else:
            return None
    return is_grouped, thousands
