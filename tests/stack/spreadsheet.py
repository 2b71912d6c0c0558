"""A spreadsheet as Google keeps it: tabs of cells, edited by tests, read by A1 ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - serial numbers have no zone
_CORNER = re.compile(r"([A-Za-z]{0,3})(\d*)")
_PLAIN_TITLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LIKE_A_CELL = re.compile(r"[A-Za-z]{1,3}[0-9]+|[Rr][0-9]*[Cc][0-9]*|[Rr]|[Cc]")
_R1C1 = re.compile(r"[Rr](\d+)[Cc](\d+)(?::[Rr](\d+)[Cc](\d+))?")

Scalar = str | int | float | bool | date | datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell that shows something else than its value: Shown("¥3,480", 3480)."""

    formatted: str
    raw: Scalar


@dataclass(frozen=True, slots=True)
class Rich:
    """A cell with more behind it: a formula, a link over the whole of it, chips.

    `value` "" reads as empty and is not: a picture, where neither a formula nor a text is there.
    """

    value: Scalar | Shown | None = ""
    formula: str = ""
    link: str = ""
    chips: tuple[str, ...] = ()

    @property
    def is_picture(self) -> bool:
        """Whether it shows what no value holds."""
        drawn = self.formula.upper().startswith(("=IMAGE(", "=SPARKLINE("))
        return drawn or (self.value == "" and not self.formula)


@dataclass(frozen=True, slots=True)
class Volatile:
    """A cell that is computed anew each time it is read, as =NOW() is at each edit of anybody."""

    compute: Callable[[], Scalar | Shown]


Cell = Scalar | Shown | Rich | Volatile | None
"""None: the empty cell; "": a formula that gives "". """
Plain = Scalar | Shown | None

FORMATTED, UNFORMATTED, FORMULA = "FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA"


class RangeError(Exception):
    """A range that cannot be read; its text is Google's message."""


@dataclass(slots=True)
class Tab:
    """One tab; its grid may be larger than its cells."""

    title: str
    rows: list[list[Cell]]
    sheet_id: int
    hidden: bool
    row_count: int
    column_count: int
    sheet_type: str = "GRID"

    @property
    def is_volatile(self) -> bool:
        """Whether two readings may differ without an edit."""
        return any(isinstance(cell, Volatile) for row in self.rows for cell in row)


@dataclass(slots=True)
class Spreadsheet:
    """Its tabs in the order shown, and with whom it is shared.

    `named` are its named ranges. `keeps_blank_ends`: whether a row's last cells that read as ""
    without being empty are sent; recorded answers have both.
    """

    title: str
    locale: str = "ja_JP"
    time_zone: str = "Asia/Tokyo"
    tabs: list[Tab] = field(default_factory=list)
    shared: bool = True
    named: dict[str, str] = field(default_factory=dict)
    keeps_blank_ends: bool = True

    def tab(self, title: str) -> Tab | None:
        """Return the tab of that title."""
        return next((tab for tab in self.tabs if tab.title == title), None)

    def first_visible(self) -> Tab:
        """Return the tab that a range without a title means."""
        return next(tab for tab in self.tabs if not tab.hidden)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of a tab: 0-based, the ends not included."""

    tab: Tab
    top: int
    bottom: int
    left: int
    right: int

    def a1(self) -> str:
        """Return the range as Google names it in its answer."""
        title = self.tab.title
        if not _PLAIN_TITLE.fullmatch(title) or _LIKE_A_CELL.fullmatch(title):
            title = "'" + title.replace("'", "''") + "'"
        first = f"{letters(self.left)}{self.top + 1}"
        last = f"{letters(self.right - 1)}{self.bottom}"
        return f"{title}!{first}" if first == last else f"{title}!{first}:{last}"


def resolve(spreadsheet: Spreadsheet, text: str) -> Area:
    """Return what a range means; raises RangeError.

    Source: "Sheets API concepts", A1 notation: quoted titles, open ends, whole rows and columns, a
    title alone, a range alone; R1C1 notation; a named range, which wins over a tab of its name.
    """
    text = spreadsheet.named.get(text, text)
    title, cells = _split(text)
    if title is None and cells is not None and (corners := _corners(cells)):
        return _clamp(spreadsheet.first_visible(), corners, text)
    tab = spreadsheet.tab(title if title is not None else text)
    if tab is None or tab.sheet_type == "OBJECT":
        raise RangeError(f"Unable to parse range: {text}")
    if title is None or cells is None:
        return _clamp(tab, (None, None, None, None), text)
    found = _corners(cells)
    if found is None:
        raise RangeError(f"Unable to parse range: {text}")
    return _clamp(tab, found, text)


def read(
    area: Area,
    *,
    rendering: str,
    dates_as_text: bool,
    columns_first: bool,
    keeps_blank_ends: bool = True,
) -> list[Any]:
    """Return an area's values: trailing empty rows and cells left out, inner ones [] and ""."""
    rows = cells_in(area)
    if columns_first:
        rows = [list(column) for column in zip(*rows, strict=True)]
    values = [
        [render(cell, rendering=rendering, dates_as_text=dates_as_text) for cell in _trimmed(row)]
        for row in rows
    ]
    for row in values if not keeps_blank_ends else ():
        while row and row[-1] == "":
            row.pop()
    while values and not values[-1]:
        values.pop()
    return values


def cells_in(area: Area) -> list[list[Cell]]:
    """Return an area's cells, the empty ones too."""
    return [
        _padded(row[area.left : area.right], area.right - area.left)
        for row in area.tab.rows[area.top : area.bottom]
    ]


def plain(cell: Cell) -> Plain:
    """Return what a cell is for who looks at its value alone."""
    if isinstance(cell, Volatile):
        return cell.compute()
    return cell.value if isinstance(cell, Rich) else cell


def render(cell: Cell, *, rendering: str, dates_as_text: bool) -> Any:
    """Return a cell as the API gives it."""
    if rendering == FORMULA and (formula := formula_of(cell)):
        return formula
    cell = plain(cell)
    if cell is None:
        return ""
    raw = cell.raw if isinstance(cell, Shown) else cell
    text = cell.formatted if isinstance(cell, Shown) else _shown(cell)
    if rendering == FORMATTED or (dates_as_text and isinstance(raw, date)):
        return text
    return serial(raw) if isinstance(raw, date) else raw


def formula_of(cell: Cell) -> str:
    """Return the formula of a cell, "" when it has none."""
    if isinstance(cell, Rich):
        return cell.formula
    if isinstance(cell, Volatile):
        return "=NOW()"
    return '=""' if cell == "" else ""


def cell_data(cell: Cell) -> dict[str, Any]:
    """Return a cell as CellData: what was entered, what it comes to, what is shown and linked."""
    value, formula, text = plain(cell), formula_of(cell), shown(cell)
    raw = value.raw if isinstance(value, Shown) else value
    extended = None if raw is None or is_picture(cell) else _extended(raw)
    entered = {"formulaValue": formula} if formula else extended
    rich = cell if isinstance(cell, Rich) else Rich()
    chips = [{"chip": {"richLinkProperties": {"uri": uri}}} for uri in rich.chips]
    content = {
        "userEnteredValue": entered,
        "effectiveValue": extended,
        "formattedValue": text,
        "hyperlink": rich.link,
        "chipRuns": chips,
    }
    return {name: part for name, part in content.items() if part}


def is_picture(cell: Cell) -> bool:
    """Say whether a cell shows what no value holds."""
    return cell == Shown("", "") or (isinstance(cell, Rich) and cell.is_picture)


def _extended(raw: Scalar) -> dict[str, Any]:
    if isinstance(raw, bool):
        return {"boolValue": raw}
    if isinstance(raw, date):
        return {"numberValue": serial(raw)}
    return {"stringValue" if isinstance(raw, str) else "numberValue": raw}


def shown(cell: Cell) -> str:
    """Return what a person sees in a cell."""
    return str(render(cell, rendering=FORMATTED, dates_as_text=False))


def serial(day: date | datetime) -> int | float:
    """Return the serial number of a date or a date-time: days since 1899-12-30."""
    if not isinstance(day, datetime):
        return (day - _EPOCH.date()).days
    passed = day - _EPOCH
    return passed.days + passed.seconds / 86400 if passed.seconds else passed.days


def letters(column: int) -> str:
    """Return the letters of a 0-based column: 0 -> A, 26 -> AA."""
    text = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        text = chr(ord("A") + digit) + text
    return text


def position(a1: str) -> tuple[int, int]:
    """Return the 0-based row and column of one cell: "B1" -> (0, 1)."""
    corner = _corner(a1)
    if corner is None or corner[0] is None or corner[1] is None:
        raise ValueError(f"{a1!r} is not one cell")
    return corner[0], corner[1]


def make_tab(
    title: str,
    rows: Iterable[Sequence[Cell]],
    *,
    sheet_id: int,
    hidden: bool,
    row_count: int | None,
    column_count: int | None,
    sheet_type: str = "GRID",
) -> Tab:
    """Return a tab; its grid is at least 1000 rows by 26 columns unless said otherwise."""
    cells = [list(row) for row in rows]
    width = max((len(row) for row in cells), default=0)
    return Tab(
        title=title,
        rows=cells,
        sheet_id=sheet_id,
        hidden=hidden,
        row_count=max(1000, len(cells)) if row_count is None else row_count,
        column_count=max(26, width) if column_count is None else column_count,
        sheet_type=sheet_type,
    )


def cell_to_json(cell: Cell) -> Any:
    """Return a cell as JSON; what is no JSON value becomes {"formatted", "raw"} or {"date"}.

    What has more behind it becomes {"value", "formula", "link", "chips"}.
    """
    if isinstance(cell, Volatile):
        raise TypeError("a volatile cell is no JSON")
    if isinstance(cell, Rich):
        more = {"formula": cell.formula, "link": cell.link, "chips": list(cell.chips)}
        return {"value": cell_to_json(cell.value), **{k: v for k, v in more.items() if v}}
    if isinstance(cell, Shown):
        return {"formatted": cell.formatted, "raw": cell_to_json(cell.raw)}
    if isinstance(cell, date):
        return {"date": cell.isoformat()}
    return cell


def cell_from_json(content: Any) -> Cell:
    """Return the cell that `cell_to_json` made `content` of."""
    match content:
        case {"value": value}:
            more = {name: content[name] for name in ("formula", "link") if name in content}
            return Rich(cell_from_json(value), chips=tuple(content.get("chips", ())), **more)  # type: ignore[arg-type]
        case {"formatted": formatted, "raw": raw}:
            return Shown(formatted, cell_from_json(raw))  # type: ignore[arg-type]
        case {"date": text}:
            return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
        case _:
            return content


def _split(text: str) -> tuple[str | None, str | None]:
    """Split a range into title and cells; what was not there is None."""
    if text.startswith("'"):
        quoted = re.fullmatch(r"'((?:[^']|'')*)'(?:!(.*))?", text, re.DOTALL)
        if quoted is None:
            raise RangeError(f"Unable to parse range: {text}")
        return quoted[1].replace("''", "'"), quoted[2]
    title, mark, cells = text.rpartition("!")
    return (title, cells) if mark else (None, text)


_Corners = tuple[int | None, int | None, int | None, int | None]


def _corners(cells: str) -> _Corners | None:
    """Return top, left, last row, last column (0-based, None: open) of the cells of a range."""
    if found := _R1C1.fullmatch(cells):
        top, left, bottom, right = (int(part) - 1 if part else None for part in found.groups())
        return top, left, top if bottom is None else bottom, left if right is None else right
    first, colon, last = cells.partition(":")
    start = _corner(first)
    end = _corner(last) if colon else start
    if start is None or end is None or (not colon and None in start):
        return None
    (top, left), (bottom, right) = start, end
    if top is not None and bottom is not None:
        top, bottom = min(top, bottom), max(top, bottom)
    if left is not None and right is not None:
        left, right = min(left, right), max(left, right)
    return top, left, bottom, right


def _corner(text: str) -> tuple[int | None, int | None] | None:
    match = _CORNER.fullmatch(text)
    if match is None or not text or match[2] == "0":
        return None
    column = None
    for letter in match[1].upper():
        column = (column + 1 if column is not None else 0) * 26 + ord(letter) - ord("A")
    return (int(match[2]) - 1 if match[2] else None), column


def _clamp(tab: Tab, corners: _Corners, text: str) -> Area:
    top, left, last_row, last_column = corners
    top, left = top or 0, left or 0
    if top >= tab.row_count or left >= tab.column_count:
        raise RangeError(
            f"Range ({text}) exceeds grid limits. "
            f"Max rows: {tab.row_count}, max columns: {tab.column_count}"
        )
    bottom = tab.row_count if last_row is None else min(last_row + 1, tab.row_count)
    right = tab.column_count if last_column is None else min(last_column + 1, tab.column_count)
    return Area(tab, top, bottom, left, right)


def _padded(cells: list[Cell], width: int) -> list[Cell]:
    return cells + [None] * (width - len(cells))


def _trimmed(cells: list[Cell]) -> list[Cell]:
    end = len(cells)
    while end and cells[end - 1] is None:
        end -= 1
    return cells[:end]


def _shown(value: Scalar) -> str:
    """Return what a Japanese sheet shows for a value without a format of its own."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return f"{value:%Y/%m/%d} {value.hour}:{value:%M:%S}"
    if isinstance(value, date):
        return f"{value:%Y/%m/%d}"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)
