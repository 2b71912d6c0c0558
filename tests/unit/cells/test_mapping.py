"""Mapping files: what a good one says, and every way to get one wrong."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.columns import Column
from listing_sync.cells.mapping import SheetMapping, normalise_header, parse_mapping
from listing_sync.errors import SettingsError

HEAD = """
table = "property_listings"
key = "property_number"
[columns.property_number]
header = ["Property Number", "物件番号"]
type = "text"
required = true
pattern = '^[A-Z]{2}\\d+$'
"""

BUNDLED = {
    "property_number": "text",
    "property_type": "text",
    "status": "text",
    "address": "text",
    "display_address": "text",
    "land_area": "area",
    "building_area": "area",
    "exclusive_area": "area",
    "listing_price": "money",
    "sales_price": "money",
    "price": "money",
    "floor_plan": "text",
    "structure": "text",
    "construction_year_month": "text",
    "contract_date": "date",
    "settlement_date": "date",
    "sales_assignee": "text",
    "broker": "text",
    "parking": "text",
    "parking_fee": "money",
    "management_fee": "money",
    "reserve_fund": "money",
    "current_status": "text",
    "delivery": "text",
    "special_notes": "text",
    "image_url": "url",
    "google_map_url": "url",
}


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        parse_mapping(text, name="mapping.toml")
    return raised.value.problems


def column(options: str, column_type: str = "text") -> Column:
    mapping = parse_mapping(
        f'{HEAD}\n[columns.price]\nheader = "Price"\ntype = "{column_type}"\n{options}', name="m"
    )
    return mapping.columns[1]


# -- good mappings --------------------------------------------------------------------------------


def test_the_bundled_mapping_has_the_columns_of_the_contract() -> None:
    text = files("listing_sync").joinpath("mapping.toml").read_text("utf-8")
    mapping = parse_mapping(text, name="mapping.toml")
    assert {known.name: known.type.value for known in mapping.columns} == BUNDLED
    assert [known.name for known in mapping.columns if known.required] == ["property_number"]
    assert (mapping.table, mapping.key) == ("property_listings", "property_number")
    assert mapping.mark_column is None
    scales = {known.type: known.scale for known in mapping.columns}
    assert (scales[ColumnType.MONEY], scales[ColumnType.AREA]) == (0, 2)
    for known in mapping.columns:
        english = known.name.replace("_", "")
        assert normalise_header(known.headers[0]) == english
        assert len(known.headers) == 2


def test_columns_keep_the_order_of_the_file_and_the_key_is_one_of_them() -> None:
    mapping = parse_mapping(
        f"""{HEAD}
        [columns.zebra]
        header = "Z"
        type = "integer"
        [columns.apple]
        header = "A"
        type = "json"
        [prune]
        mark_column = "withdrawn_at"
        """,
        name="m",
    )
    assert isinstance(mapping, SheetMapping)
    assert [known.name for known in mapping.columns] == ["property_number", "zebra", "apple"]
    assert mapping.mark_column == "withdrawn_at"


def test_every_option_arrives_in_its_type() -> None:
    price = column('min = 0\nmax = 1.5\nscale = 2\nblank = ["－", "ー"]', "money")
    assert (price.minimum, price.maximum, price.scale) == (Decimal(0), Decimal("1.5"), 2)
    assert price.blank == {"-", "ー"}
    text = column(
        'max_length = 5\nchoices = ["a", "Ｂ"]\non_blank = "keep"\nclear_marker = "（x）"'
    )
    assert (text.max_length, text.choices) == (5, ("a", "Ｂ"))
    assert (text.keep_on_blank, text.clear_marker) == (True, "(x)")


def test_units_marks_and_orders_arrive_and_are_one_spelling() -> None:
    assert column('unit = "坪"\nscale = 2', "area").unit == "坪"
    assert column('unit = "SQFT"', "area").unit == "sq ft"
    assert column('unit = "％"', "decimal").unit == "%"
    assert column('decimal = ","', "money").decimal_mark == ","
    assert column('order = "mdy"', "date").order == "mdy"
    assert column("fill_down = true").fill_down


def test_what_is_said_for_the_whole_file_holds_where_a_column_says_nothing() -> None:
    text = f"""order = "dmy"
    decimal = ","
    header_rows = 2
    ignore = "^(合計|平均)"
    encoding = "Shift_JIS"
    {HEAD}
    [columns.day]
    header = "Day"
    type = "date"
    [columns.price]
    header = "Price"
    type = "money"
    [columns.rate]
    header = "Rate"
    type = "decimal"
    decimal = "."
    """
    mapping = parse_mapping(text, name="m.toml")
    number, day, price, rate = mapping.columns
    assert (number.order, number.decimal_mark) == (None, None)
    assert (day.order, day.decimal_mark) == ("dmy", None)
    assert (price.decimal_mark, rate.decimal_mark) == (",", ".")
    assert (mapping.header_rows, mapping.encoding, mapping.name) == (2, "shift_jis", "m.toml")
    assert mapping.ignore is not None
    assert mapping.ignore.search("合計 3件")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("order = 'myd'", 'order: must be "ymd" or "mdy" or "dmy", not \'myd\''),
        ("decimal = ';'", 'decimal: must be "." or ",", not \';\''),
        ("header_rows = 0", "header_rows: must be a whole number from 1 to 10, not 0"),
        ("ignore = '('", "ignore: not a regular expression"),
        ("encoding = 'cp-none'", "encoding: must be an encoding of text such as"),
        ("encoding = 'rot13'", "encoding: must be an encoding of text such as"),
        ("encoding = 5", "encoding: must be an encoding of text such as"),
    ],
)
def test_a_wrong_option_of_the_file_is_named_once(line: str, problem: str) -> None:
    (only,) = problems(f"{line}\n{HEAD}[columns.b]\nheader='B'\ntype='date'\n")
    assert only.startswith(f"mapping.toml: {problem}")


@pytest.mark.parametrize("limit", ["2024-01-31", "'2024-01-31'"])
def test_limits_of_dates_may_be_toml_dates_or_texts(limit: str) -> None:
    assert column(f"min = {limit}", "date").minimum == "2024-01-31"


@pytest.mark.parametrize("limit", ["2024-01-31T09:00:00", "'2024-01-31 09:00'"])
def test_limits_of_date_times_are_iso_texts(limit: str) -> None:
    assert column(f"max = {limit}", "datetime").maximum == "2024-01-31T09:00:00"


@pytest.mark.parametrize(
    "header",
    [
        "Property Number",
        "property\nnumber",
        "ＰＲＯＰＥＲＴＹ　Ｎｕｍｂｅｒ",
        "\ufeffPropertyNumber\u200b",
    ],
)
def test_headers_are_compared_without_case_width_and_white_space(header: str) -> None:
    assert normalise_header(header) == "propertynumber"


def test_marks_and_brackets_in_headers_are_kept_apart_from_their_width() -> None:
    assert normalise_header("住居表示（ATBB\n登録住所）") == "住居表示(atbb登録住所)"
    assert normalise_header("●現況") != normalise_header("現況")


# -- bad mappings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "column_type", "problem"),
    [
        ("patern = 'x'", "text", "patern: unknown key; did you mean pattern?"),
        ("wholly_other = 1", "text", "wholly_other: unknown key; allowed: header, type, required"),
        ("pattern = '('", "text", "pattern: not a regular expression"),
        ("pattern = 1", "text", "pattern: must be a regular expression"),
        ("pattern = 'x'", "money", "pattern: does not fit type money; fits text, url"),
        ("example = 3", "text", "example: must be a text, not 3"),
        (
            "pattern = '^[A-Z]+$'\nexample = \"12\"",
            "text",
            "example: '12' does not fit pattern; give a text that does",
        ),
        ("max_length = 3", "date", "max_length: does not fit type date"),
        ("max_length = 0", "text", "max_length: must be a whole number of at least 1, not 0"),
        ("max_length = true", "text", "max_length: must be a whole number of at least 1"),
        ("choices = []", "text", "choices: must name at least one text"),
        ("choices = ['a', 'ａ']", "text", "choices: names one text twice"),
        ("choices = ['a', 1]", "text", "choices: must be a list of texts"),
        ("choices = ['1']", "integer", "choices: does not fit type integer"),
        ("min = 1\nmax = 0", "integer", "min: 1 is above max 0"),
        ("min = 'x'", "money", "min: must be a number, not 'x'"),
        ("min = true", "money", "min: must be a number"),
        ("min = nan", "money", "min: must be a number"),
        ("min = 1", "text", "min: does not fit type text"),
        ("min = 1", "date", "min: must be a date such as 2024-01-31, not 1"),
        ("max = '2024-02-30'", "date", "max: must be a date"),
        ("min = 2024-02-01\nmax = 2024-01-01", "date", "min: 2024-02-01 is above max 2024-01-01"),
        ("scale = 31", "money", "scale: must be a whole number from 0 to 30, not 31"),
        ("scale = -1", "area", "scale: must be a whole number from 0 to 30"),
        ("scale = 1", "integer", "scale: does not fit type integer"),
        ("blank = '-'", "money", "blank: must be a list of texts, not '-'"),
        ("on_blank = 'null'", "money", 'on_blank: must be "clear" or "keep", not \'null\''),
        ("clear_marker = 'x'", "text", 'clear_marker: works only with on_blank = "keep"'),
        ("on_blank = 'keep'\nclear_marker = ''", "text", "clear_marker: must be a text"),
        ("required = true\non_blank = 'keep'", "text", 'on_blank: "keep" does not fit required'),
        ("required = 'yes'", "text", "required: must be true or false, not 'yes'"),
        ("unit = '帖'", "area", "unit: must be one of 円, 千円, 万円"),
        ("unit = '万'", "money", "unit: must be one of 円, 千円, 万円"),
        ("unit = 1", "money", "unit: must be one of 円, 千円, 万円"),
        ("unit = '坪'", "money", "unit: 坪 does not fit type money"),
        ("unit = '%'", "integer", "unit: % does not fit type integer"),
        ("unit = '坪'", "integer", "unit: 坪 does not fit type integer"),
        ("unit = '坪'", "area", "unit: 坪 needs a scale, e.g. scale = 2"),
        (
            "unit = '万円'",
            "text",
            "unit: does not fit type text; fits integer, decimal, money, area",
        ),
        ("decimal = 'x'", "money", 'decimal: must be "." or ","'),
        ("decimal = ','", "date", "decimal: does not fit type date"),
        ("order = ['mdy']", "date", 'order: must be "ymd" or "mdy" or "dmy"'),
        ("order = 'mdy'", "money", "order: does not fit type money; fits date, datetime"),
        ("fill_down = 1", "text", "fill_down: must be true or false"),
        ("", "number", "type: 'number' is not a type; one of text, integer"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(
    options: str, column_type: str, problem: str
) -> None:
    text = f'{HEAD}\n[columns.price]\nheader = "Price"\ntype = "{column_type}"\n{options}'
    (only,) = problems(text)
    assert only.startswith(f"mapping.toml: columns.price.{problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"tabel = 'x'\n{HEAD}", "tabel: unknown key; did you mean table?"),
        (HEAD.replace("property_listings", "a b"), "table: 'a b' is not a name"),
        (HEAD.replace('table = "property_listings"', ""), "table: missing"),
        (HEAD.replace('key = "property_number"', ""), "key: missing"),
        (
            HEAD.replace('key = "property_number"', 'key = "property_no"'),
            "key: property_no is not among the columns (near: property_number)",
        ),
        (
            HEAD.replace("required = true", "required = false"),
            "columns.property_number.required: must be true",
        ),
        (
            HEAD.replace("[columns.property_number]", "[columns.property_number]\non_blank='keep'"),
            'columns.property_number.on_blank: "keep" does not fit required',
        ),
        (
            HEAD.replace("required = true", "fill_down = true"),
            "columns.property_number.fill_down: must be false",
        ),
        (HEAD + "[columns.b]\ntype='text'", "columns.b.header: missing"),
        (HEAD + "[columns.b]\nheader=[]\ntype='text'", "columns.b.header: must name at least one"),
        (HEAD + "[columns.b]\nheader=[1]\ntype='text'", "columns.b.header: must be a list"),
        (
            HEAD + "[columns.b]\nheader=' \u3000'\ntype='text'",
            "columns.b.header: ' \\u3000' is blank",
        ),
        (HEAD + "[columns.b]\nheader='B'", "columns.b.type: missing; one of text"),
        (HEAD + "[columns.'b c']\nheader='B'\ntype='text'", "columns.b c: 'b c' is not a name"),
        (
            HEAD + "[columns.b]\nheader='ＰropertyNumber'\ntype='text'",
            "columns.b.header: propertynumber is a header of columns.property_number too",
        ),
        (f"columns.b = 1\n{HEAD}", "columns.b: must be a table"),
        (HEAD + "[prune]", "prune.mark_column: missing"),
        (HEAD + "[prune]\nmark = 'x'\nmark_column = 'y'", "prune.mark: unknown key"),
        (
            HEAD + "[prune]\nmark_column = 'property_number'",
            "prune.mark_column: property_number is a mapped column",
        ),
        (f"prune = 1\n{HEAD}", "prune: must be the table [prune], not 1"),
    ],
    ids=lambda value: None if "\n" in value else value,
)
def test_a_wrong_mapping_is_named_with_what_is_allowed(text: str, problem: str) -> None:
    (only,) = problems(text)
    assert only.startswith(f"mapping.toml: {problem}")


def test_the_key_is_a_text_or_a_whole_number() -> None:
    text = HEAD.replace("pattern", "# ")
    assert problems(text.replace('"text"', '"decimal"')) == (
        'mapping.toml: columns.property_number.type: must be "text" or "integer": it is the key',
    )
    mapping = parse_mapping(text.replace('"text"', '"integer"'), name="mapping.toml")
    assert mapping.is_shown(mapping.columns[0])


def test_the_key_is_required_without_saying_so() -> None:
    mapping = parse_mapping(HEAD.replace("required", "# "), name="mapping.toml")
    assert mapping.columns[0].required


def test_an_empty_mapping_names_everything_that_is_missing() -> None:
    assert [problem.split(":")[1].strip() for problem in problems("")] == [
        "table",
        "key",
        "columns",
    ]


def test_a_syntax_error_names_its_line() -> None:
    (only,) = problems(HEAD + "[columns.price\n")
    assert only.startswith("mapping.toml: not valid TOML: ")
    assert "line 9" in only


def test_a_syntax_error_at_the_end_names_the_last_line() -> None:
    (only,) = problems('table = "t"\nkey =')
    assert "at line 2, the last" in only


def test_all_problems_are_listed_at_once() -> None:
    text = HEAD + "[columns.b]\ntype='texts'\n[columns.c]\nheader='C'\ntype='money'\nscale='x'\n"
    assert len(problems(text)) == 3


OPTIONS = (
    *("header", "required", "pattern", "min", "max", "max_length", "choices", "scale", "blank"),
    *("on_blank", "clear_marker", "unit", "decimal", "order", "fill_down"),
)
JSON_LIKE = st.recursive(
    st.text("ab'") | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(
    st.sampled_from(ColumnType),
    st.dictionaries(
        st.sampled_from([*OPTIONS, "other"]),
        JSON_LIKE,
    ),
)
def test_whatever_an_option_holds_the_answer_is_a_mapping_or_problems(
    column_type: ColumnType, options: dict[str, object]
) -> None:
    lines = "\n".join(f"{option} = {json.dumps(value)}" for option, value in options.items())
    found: tuple[str, ...] = ()
    try:
        mapping = parse_mapping(f"{HEAD}[columns.b]\ntype='{column_type}'\n{lines}", name="m")
    except SettingsError as error:
        found = error.problems
    else:
        assert mapping.columns[1].headers
    assert all(problem.startswith("m: columns.b.") for problem in found)


def test_the_bundled_mapping_explains_every_option() -> None:
    text = files("listing_sync").joinpath("mapping.toml").read_text("utf-8")
    explained = set(re.findall(r"\b\w+\b", text.partition("\ntable = ")[0]))
    assert {*OPTIONS, "type", "header_rows", "ignore", "encoding", "prune"} <= explained
