"""Read a text as the quantity that it means: 3,480万円, 48.85m2（14.77坪）."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from listing_sync.cells.columns import Column
from listing_sync.cells.spelling import half_width
from listing_sync.cells.units import Kind, Unit, is_foreign_area, unit_of, with_squares
from listing_sync.language.sentences import marked, phrase
from listing_sync.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from listing_sync.cells.column_types import ColumnType  # its rows read numbers

WIDE: Final = Context(prec=2_000, rounding=ROUND_HALF_UP)
"""No sum or product of ours is cut: the longest text and stored number are far shorter."""

_SHAPE = re.compile(
    r"(?:約 ?)?(?P<sign>[-+▲△]?) ?(?P<currency>[¥$€]|JPY)? ?(?P<inner_sign>[-+▲△]?)"
    r"(?P<number>[0-9.][0-9.,千万億]*)(?P<unit>(?:[^0-9.,千万億].*)?)",
    re.IGNORECASE,
)
_COMMON = re.compile(
    r"((?:[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15})(?:\.[0-9]{1,2})?)(?:(万)?円)?", re.ASCII
)
"""The usual texts of numbers, in no more than 15 digits: a shorter way to what _SHAPE finds."""
_MAN = Decimal(10_000)
_SPACE_AT_MYRIAD = re.compile(r" (?=[千万億])|(?<=[万億]) (?=[0-9])")
_SPACE_AS_GROUP = re.compile(r"(?<=[0-9])[ '](?=[0-9]{3}(?![0-9]))")
_PART = re.compile(r"([0-9.,]+)(千?)([万億]?)")
_DOT_DIGITS = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+")
_COMMA_DIGITS = re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?|,[0-9]+")
_DOT_OR_GROUP = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_DOTS_GROUP = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+|(?<=\.[0-9]{3}\.[0-9]{3}))")
_TIMES = {"": 1, "千": 10**3, "万": 10**4, "億": 10**8}

_REMARK = re.compile(r"(.*\S) ?(?:\(([^()]*)\)|\[([^\[\]]*)\]|【([^【】]*)】|〔([^〔〕]*)〕)")
_CLOSING_BRACKETS = (")", "]", "】", "〕")
_NUMBER_IN_REMARK = re.compile(r"([0-9][0-9.,]*) ?([^0-9.,\s・、:;/]*)")
_CHANGES_MEANING = re.compile(
    r"あたり|当たり|当り|単価|\bper\b|/|[~〜–]|(?:以上|以下|以内|未満|超|から|まで|より|台)$",
    re.IGNORECASE,
)
_REMARK_TOLERANCE = Decimal("0.005")  # 坪 by 3.3 instead of 400/121 is 0.2 % off
_NOT_A_NUMBER = marked("not a number", code="not_a_number")
_TWO_UNITS = marked("not a number: two units", code="two_units")
_PERCENTAGE = marked("a percentage", code="percentage")
_CLOSING = "-ー―—–"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Scale:
    """How a column counts: by the unit of its bare numbers, with its decimal mark if it is told."""

    type: ColumnType
    unit: Unit | None
    decimal_mark: str | None
    is_common: bool


class _Spelled(NamedTuple):
    """The parts of a text: what stands before the digits, they, and the unit behind them."""

    before: str
    number: str
    after: str
    is_negative: bool
    remarks: tuple[str, ...]

    has_myriad: bool

    @property
    def names_unit(self) -> bool:
        return bool(self.before or self.after)


def scale_of(column: Column) -> Scale:
    """Return how a column counts."""
    unit = None if column.unit is None else unit_of(column.unit)
    is_common = unit is None and column.decimal_mark is None and Kind.MONEY in column.type.units
    return Scale(column.type, unit, column.decimal_mark, is_common)


def times(number: Decimal, factor: Fraction) -> Decimal:
    """Return the product: exact, but for 坪, which is cut beyond 2,000 digits."""
    numerator, denominator = factor.as_integer_ratio()
    product = number if numerator == 1 else WIDE.multiply(number, Decimal(numerator))
    return product if denominator == 1 else WIDE.divide(product, Decimal(denominator))


def number_from_text(text: str, scale: Scale) -> Decimal | str:
    """Return the exact number that a text means in a column, or why it is none.

    In yen, in ㎡, or bare, whatever unit the text or else the column names.

    Source: docs/contract.md section 5; docs/reading.md.
    """
    if scale.is_common and (common := _COMMON.fullmatch(text)) is not None:
        usual = Decimal(common[1].replace(",", ""))
        return WIDE.multiply(usual, _MAN) if common[2] else usual
    plain = with_squares(half_width(text)) if len(text) <= _LONGEST else ""
    spelled = _spelled(plain, scale)
    if isinstance(spelled, str):
        return spelled
    unit = _unit(spelled, scale)
    if isinstance(unit, str):
        return unit
    number = _number(spelled, scale)
    if isinstance(number, str):
        return number
    if unit is not None:
        number = times(number, unit.factor)
    for remark in spelled.remarks:
        if problem := _remark_problem(remark, number, unit):
            return problem
    return number.copy_negate() if spelled.is_negative else number


def _spelled(plain: str, scale: Scale) -> _Spelled | str:
    main, remarks = plain, []
    while main.endswith(_CLOSING_BRACKETS) and (found := _REMARK.fullmatch(main)):
        main = found[1]
        remarks.append(next(filter(None, found.groups()[1:]), ""))
    if scale.decimal_mark == ",":
        main = _SPACE_AS_GROUP.sub(".", main)
    shape = _SHAPE.fullmatch(_SPACE_AT_MYRIAD.sub("", main) if " " in main else main)
    if shape is None or (shape["sign"] and shape["inner_sign"]):
        return _NOT_A_NUMBER
    before, after = (shape["currency"] or "").lower(), shape["unit"].strip()
    if before == "¥" or after.startswith("円"):
        after = after.rstrip(_CLOSING)
    is_negative = (shape["sign"] or shape["inner_sign"]) in {"-", "▲", "△"}
    number = shape["number"]
    has_myriad = not number.isascii()
    spelled = _Spelled(before, number, after, is_negative, tuple(remarks), has_myriad)
    if remarks and not (spelled.names_unit or spelled.has_myriad):
        return _NOT_A_NUMBER
    return spelled


def _unit(spelled: _Spelled, scale: Scale) -> Unit | str | None:
    """Return the unit by which the digits count, None for one that changes nothing."""
    own, before, after = scale.unit, spelled.before, spelled.after
    if not after:
        if own is None or spelled.has_myriad:
            unit = None
        elif before and own.factor != 1:
            return phrase(
                "not certain: {unit} in a column whose numbers are {own}",
                code="unit_uncertain",
                unit=before.upper(),
                own=own.name,
            )
        else:
            unit = own
        is_wrong = bool(before) and Kind.MONEY not in scale.type.units
        return _wrong_unit(before.upper()) if is_wrong else unit
    unit = unit_of(after)
    if unit is None:
        return _unknown_unit(after)
    if before and not (before in {"¥", "jpy"} and unit.name.endswith("円")):
        return _TWO_UNITS
    if unit.kind is Kind.SHARE:
        return unit if own == unit else _PERCENTAGE
    is_foreign = unit.kind is Kind.AREA and own != unit and unit.factor != 1
    if is_foreign or unit.kind not in scale.type.units:
        return _wrong_unit(after)
    if spelled.has_myriad and unit.kind is Kind.MONEY and unit.factor != 1:
        return _TWO_UNITS
    return unit


def _unknown_unit(after: str) -> str:
    if "坪" in after:
        return _wrong_unit("坪")
    if "%" in after:
        return _PERCENTAGE
    return _wrong_unit(after) if is_foreign_area(after) else _NOT_A_NUMBER


def _wrong_unit(unit: str) -> str:
    return phrase("wrong unit: {unit}", code="wrong_unit", unit=unit)


def _number(spelled: _Spelled, scale: Scale) -> Decimal | str:
    """Return the value of digits and 千, 万, 億; or why it is none.

    Parts go down (1億2,000万), and only the last may have decimals. What follows 万 or 億 without
    one of its own must name its unit: in 1億5000 people may mean either 5000 or 5000万.
    """
    text, mark = spelled.number, scale.decimal_mark
    is_measured = spelled.names_unit or spelled.has_myriad or scale.type.is_measure
    if not spelled.has_myriad:
        return _plain_digits(text, mark, is_measured=is_measured)
    parts = _PART.findall(text)
    if "".join(map("".join, parts)) != text:
        return _NOT_A_NUMBER
    total, above = Decimal(0), Decimal("Infinity")
    for position, (digits, thousand, myriad) in enumerate(parts):
        plain = _plain_digits(digits, mark, is_measured=is_measured)
        if isinstance(plain, str):
            return plain
        factor = _TIMES[thousand] * _TIMES[myriad]
        value = WIDE.multiply(plain, Decimal(factor))
        is_last = position == len(parts) - 1
        if value >= above or (not is_last and plain != plain.to_integral_value()):
            return phrase("not a number: 億, 万 and 千 do not go down", code="myriads_not_down")
        if position > 0 and factor == 1 and not (spelled.names_unit and above == _TIMES["万"]):
            return phrase(
                "not a number: what comes after 億 or 万 is not certain", code="myriad_uncertain"
            )
        total, above = WIDE.add(total, value), Decimal(factor)
    return total


def _plain_digits(digits: str, decimal_mark: str | None, *, is_measured: bool) -> Decimal | str:
    """Return the value of digits with their separators, or why it is not certain.

    Without a word of the mapping on the decimal mark, 1.234 of a measure may be 1234 or 1.234.
    """
    if decimal_mark == ",":
        if not _COMMA_DIGITS.fullmatch(digits):
            return phrase(
                'not a number: dots do not group by threes before decimal = ","',
                code="dots_not_by_threes",
            )
        return Decimal(digits.replace(".", "").replace(",", "."))
    if not _DOT_DIGITS.fullmatch(digits):
        if _DOTS_GROUP.fullmatch(digits):
            return phrase(
                'not a number: the dots of {digits} group thousands (decimal = "," in the mapping)',
                code="decimal_mark",
                digits=digits,
            )
        if "," not in digits:
            return _NOT_A_NUMBER
        return phrase("not a number: commas do not group by threes", code="commas_not_by_threes")
    if decimal_mark is None and is_measured and _DOT_OR_GROUP.fullmatch(digits):
        return phrase(
            "not certain: {digits} may be {grouped} or {digits} (the mapping can state decimal)",
            code="decimal_mark",
            digits=digits,
            grouped=digits.replace(".", ""),
        )
    return Decimal(digits.replace(",", ""))


def _remark_problem(remark: str, number: Decimal, unit: Unit | None) -> str | None:
    """Return why a remark in brackets leaves it uncertain what the text says, None when not."""
    kind = Kind.MONEY if unit is None else unit.kind
    other = unit_of(remark)
    if _CHANGES_MEANING.search(remark) or (other is not None and other != unit):
        return phrase(
            "not certain: the remark ({remark}) may change what it says",
            code="remark_uncertain",
            remark=remark,
        )
    for digits, word in _NUMBER_IN_REMARK.findall(remark):
        measure = unit_of(word)
        bare = _plain_digits(digits.rstrip(".,"), ".", is_measured=False)
        if measure is None or measure.kind is not kind or isinstance(bare, str):
            return phrase(
                "not certain: the remark ({remark}) holds another number",
                code="remark_uncertain",
                remark=remark,
            )
        step = Decimal(1).scaleb(-len(digits.rstrip(".,").partition(".")[2]))
        difference = WIDE.subtract(number, times(bare, measure.factor)).copy_abs()
        if difference > times(step, measure.factor) + WIDE.multiply(number, _REMARK_TOLERANCE):
            return phrase(
                "not certain: the remark ({remark}) says another amount",
                code="remark_uncertain",
                remark=remark,
            )
    return None
