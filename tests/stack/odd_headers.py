"""A sheet of 126 headers as Japanese offices write them, with cells of every kind."""

from __future__ import annotations

from datetime import date, timedelta

from tests.stack.spreadsheet import Cell, Shown

_TEXT = r"""
物件番号|種別|状況|所在地|住居表示⏎（ATBB登録住所）|土地面積（㎡）|建物面積|専有面積|
売出価格|価格（万円）|売買価格|間取り|構造|築年月|契約日|決済日|担当名⏎（営業）|仲介業者|
駐車場代|管理費|修繕積立金|●現況|引渡し|●特記|画像|最寄駅|徒歩⏎(分)|Ｇｏｏｇｌｅ Map|
用途地域|建ぺい率|容積率|都市計画|地目|権利|借地料|接道|私道負担|セットバック|設備|備考|
備考2|社内メモ|鍵の場所|ＩＤ|created_at|2024年査定|%|No.|電話番号|郵便番号|公開|登録日|
更新日|写真１|写真２|写真３|小学校区|中学校区|売主|買主|手付金|残代金|手数料(税込)|
手数料（税抜）|●駐車場|バルコニー面積|方位|階数／総階数|総戸数|管理会社|管理形態|
ペット可|リフォーム履歴|瑕疵保険|住宅性能評価|フラット35|固定資産税|都市計画税|広告費|
反響数|内見数|メール|URL|order|select|ユーザー|備"考"3|C:\パス|a'b|[重要]|# メモ|= 合計|
🏠 おすすめ|<long>|謎の列|謎の列その２|㎡単価|坪単価（万円）|利回り（%）|年間賃料|
満室想定賃料|現行賃料（円／月）|表面利回り|実質利回り|築年数|エレベーター|オートロック|
宅配ボックス|インターネット|南向き|角部屋|最上階|リノベ|オープンハウス日|価格改定日|
旧価格|値下げ額|媒介|媒介満了日|レインズ登録番号|サイト掲載|掲載順|備考4|備考５|内装費|
査定額（万円）
"""
HEADERS = tuple(
    "とても長い見出し" * 12 if header == "<long>" else header.replace("⏎", "\n")
    for header in _TEXT.replace("\n", "").split("|")
)
_AMOUNTS = frozenset({"駐車場代", "管理費", "修繕積立金", "借地料", "手付金", "広告費", "旧価格"})
_COUNTS = frozenset({"徒歩\n(分)", "総戸数", "反響数", "内見数", "掲載順", "No."})
_TRUTHS = frozenset({"公開", "オートロック", "南向き", "角部屋", "最上階"})


def rows(listings: int) -> list[list[Cell]]:
    """Return the headers and so many listings; some columns are blank or dashes throughout."""
    return [list(HEADERS), *([_cell(each, index) for each in HEADERS] for index in range(listings))]


def _cell(header: str, index: int) -> Cell:
    match header:
        case "物件番号":
            return f"AA{10001 + index}"
        case "謎の列":
            return None
        case "方位":
            return "-"
        case "築年月":
            return "2003年4月"
        case "電話番号":
            return f"03-1234-{index:04}"
    return _of_kind(header, index)


def _of_kind(header: str, index: int) -> Cell:
    if "万円" in header:
        return 2980 + index
    if "面積" in header:
        return Shown(f"{50 + index}.25㎡", 50.25 + index)
    if header in _AMOUNTS or header.endswith(("価格", "賃料")):
        return Shown(f"¥{1_000_000 + index:,}", 1_000_000 + index)
    if header.endswith("日"):
        return date(2024, 1, 1) + timedelta(days=index)
    if header in _TRUTHS:
        return "○" if index % 2 else "×"
    if header in _COUNTS:
        return index
    if header.startswith("写真") or header in {"画像", "URL", "Ｇｏｏｇｌｅ Map"}:
        return f"https://images.example.com/{index}.jpg"
    if header.endswith(("率", "利回り", "%")):
        return Shown("60%", 0.6)
    return f"{header.strip('= ')[:4]}の値{index}"
