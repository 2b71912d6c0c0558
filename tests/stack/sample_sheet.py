"""The sample spreadsheet of demo and tests: some 200 listings as a Japanese agency keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.spreadsheet import Cell, Shown, letters

TAB = "物件一覧"
LISTINGS = 200

_UNMAPPED = (
    *("最寄駅", "徒歩\n(分)", "バス便", "所在階", "総戸数", "バルコニー\n面積", "向き", "用途地域"),
    *("建ぺい率", "容積率", "接道（m）", "学区(小)", "学区（中）", "ペット", "エレベーター"),
    *("管理会社", "管理形態", "修繕履歴", "鍵の場所", "内見\n方法", "売主", "媒介区分"),
    *("レインズ\n登録番号", "備考(社内)"),
)
HEADERS = (
    *("Property Number", "種別", "状況", "所在地", "住居表示\n(ATBB登録住所)"),
    *("土地\n面積", "建物面積", "専有面積", "売出価格", "売買価格", "Price", "間取り", "構造"),
    *("新築年月", "契約日", "決済日", "担当名\n(営業)", "仲介業者", "●駐車場", "駐車場代"),
    *("管理費", "積立金", "● 現況", "引渡し", "●特記", "画像", "Ｇｏｏｇｌｅ Map", ""),
    *_UNMAPPED,
)

_PLACES = (
    ("東京都世田谷区北沢", "下北沢", 35.6615, 139.6680),
    ("東京都杉並区高円寺南", "高円寺", 35.7053, 139.6497),
    ("東京都武蔵野市吉祥寺本町", "吉祥寺", 35.7031, 139.5796),
    ("神奈川県横浜市港北区日吉本町", "日吉", 35.5536, 139.6468),
    ("神奈川県川崎市中原区小杉町", "武蔵小杉", 35.5766, 139.6595),
    ("千葉県市川市八幡", "本八幡", 35.7211, 139.9272),
    ("埼玉県さいたま市浦和区高砂", "浦和", 35.8586, 139.6570),
)
_NOTES = (
    "南向き・角部屋\n2023年リフォーム済",
    "駅徒歩5分。スーパー・小学校至近。",
    "再建築不可\n現況渡し",
    "ペット可（小型犬1匹まで）",
    "オーナーチェンジ物件\n想定利回り5.2％",
    None,
)
_PEOPLE = ("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺")

# What is wrong in the sample, by the number of the listing (from 0): header -> cell.
_FAULTS: Mapping[int, dict[str, Cell]] = {
    16: {"Price": "応相談"},
    41: {"契約日": "01/02/2024"},
    58: {"Property Number": None},
    77: {"土地\n面積": "32.5坪"},
    103: {"Price": "#REF!"},
    120: {"Property Number": "A-10121"},
    140: {"Property Number": "AA10140"},  # also the number of the listing before
    166: {"画像": "撮影中"},
}
_BLANK_ROW_AFTER = 90


def number(index: int) -> str:
    """Return the property number of the sample's listing `index` (from 0)."""
    return f"AA{10001 + index}"


def rows() -> list[list[Cell]]:
    """Return the sample: headers, 200 listings and a blank row; the same each time."""
    chance = Random(20240131)
    table: list[list[Cell]] = [list(HEADERS)]
    for index in range(LISTINGS):
        listing = _listing(index, chance) | _FAULTS.get(index, {})
        table.append([listing.get(header) for header in HEADERS])
        if index == _BLANK_ROW_AFTER:
            table.append([])
    return table


def cell_of(table: Sequence[Sequence[Cell]], property_number: str, header: str) -> str:
    """Return where a listing's cell is, e.g. "F17"; the number stands in the first column."""
    sheet_row = [row[0] if row else None for row in table].index(property_number) + 1
    return f"{letters(HEADERS.index(header))}{sheet_row}"


def put_sample(google: LoopbackGoogle, spreadsheet_id: str) -> None:
    """Put the sample into a spreadsheet, with a hidden tab beside it as real ones have."""
    google.put_tab(spreadsheet_id, TAB, rows())
    choices: list[list[Cell]] = [["種別"], ["マンション"], ["戸建"], ["土地"]]
    google.put_tab(spreadsheet_id, "選択肢", choices, sheet_id=1804289383, hidden=True)


def _listing(index: int, chance: Random) -> dict[str, Cell]:
    kind = ("マンション", "戸建", "土地")[index % 3]
    place, station, north, east = chance.choice(_PLACES)
    address = f"{place}{chance.randint(1, 5)}丁目{chance.randint(1, 30)}-{chance.randint(1, 20)}"
    asked = chance.randint(180, 980) * 100_000
    sold = index % 4 == 0
    signed = date(2023, 4, 1) + timedelta(days=chance.randint(0, 600))
    listing: dict[str, Cell] = {
        "Property Number": number(index),
        "種別": kind,
        "状況": "成約済" if sold else "販売中",
        "所在地": address,
        "住居表示\n(ATBB登録住所)": address.replace("丁目", "-"),
        "売出価格": _yen(asked, index),
        "売買価格": Shown(f"¥{asked - 500_000:,}", asked - 500_000) if sold else "-",
        "Price": Shown(f"¥{asked:,}", asked),
        "契約日": _day(signed, index) if sold else None,
        "決済日": signed + timedelta(days=45) if sold else None,
        "担当名\n(営業)": chance.choice(_PEOPLE),
        "仲介業者": f"株式会社{station}不動産",
        "●駐車場": chance.choice(("有（空き1台）", "無", "近隣 ￥15,000/月")),
        "駐車場代": chance.choice(("15,000円", "２０，０００円", "ー", 18000)),
        "● 現況": chance.choice(("空室", "居住中", "賃貸中", "更地")),
        "引渡し": chance.choice(("即時", "相談", "2025年3月下旬")),
        "●特記": chance.choice(_NOTES),
        "画像": f"https://images.example.com/{number(index)}/01.jpg",
        "Ｇｏｏｇｌｅ Map": f"https://maps.google.com/?q={north:.4f},{east:.4f}",
        "最寄駅": station,
        "徒歩\n(分)": chance.randint(1, 20),
        "向き": chance.choice(("南", "南東", "東", "西")),
        "ペット": chance.random() < 0.3,
        "鍵の場所": chance.choice(("現地キーBOX", "当社保管")),
    }
    if kind != "マンション":
        listing["土地\n面積"] = _square_metres(chance.randint(6000, 25000) / 100, index)
    if kind != "土地":
        built = date(chance.randint(1985, 2022), chance.randint(1, 12), 1)
        listing["間取り"] = chance.choice(("1LDK", "2DK", "3LDK", "4LDK＋S"))
        listing["構造"] = "RC造7階建" if kind == "マンション" else "木造2階建"
        listing["新築年月"] = Shown(f"{built.year}年{built.month}月", built)
    if kind == "戸建":
        listing["建物面積"] = _square_metres(chance.randint(7000, 14000) / 100, index)
    if kind == "マンション":
        listing["専有面積"] = _square_metres(chance.randint(2500, 9000) / 100, index)
        fee = chance.randint(80, 220) * 100
        listing["管理費"] = Shown(f"{fee:,}円", fee)
        listing["積立金"] = f"{chance.randint(60, 200) * 100:,}円"
    return listing


def _yen(amount: int, index: int) -> Cell:
    """Return a price as one of several people typed it."""
    ten_thousands = f"{amount // 10_000:,}"
    wide = ten_thousands.translate(str.maketrans("0123456789,", "０１２３４５６７８９，"))
    forms: tuple[Cell, ...] = (
        amount,
        Shown(f"¥{amount:,}", amount),
        f"{ten_thousands}万円",
        f"{wide}万円",
        f"約{ten_thousands}万円",
    )
    return forms[index % len(forms)]


def _day(day: date, index: int) -> Cell:
    forms: tuple[Cell, ...] = (
        day,
        f"令和{day.year - 2018}年{day.month}月{day.day}日",
        f"{day.year}/{day.month}/{day.day}",
        f"R{day.year - 2018}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
    )
    return forms[index // 4 % len(forms)]


def _square_metres(area: float, index: int) -> Cell:
    forms: tuple[Cell, ...] = (Shown(f"{area:.2f}㎡", area), area, f"{area:.2f}m²")
    return forms[index // 3 % len(forms)]
