"""The loopback Google answers the real client as Google does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import google_auth_httplib2
import httplib2
import httpx
import pytest
from google.auth.exceptions import RefreshError
from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.stack.google_refusals import TOKEN_REFUSALS
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.google_token import READ_ONLY_SCOPE
from tests.stack.loopback import Answer, Request
from tests.stack.spreadsheet import Cell, Rich, Shown, Volatile, cell_from_json, cell_to_json

SHEET = "sheet-1"
ROWS: list[list[Cell]] = [
    ["Number", "Price", "Day", "Done"],
    ["AA1", Shown("¥3,480", 3480), date(2024, 1, 31), True],
    [],
    ["AA2", 34.5, datetime(2024, 1, 31, 12), False, None],  # noqa: DTZ001 - a sheet's time has no zone
    ["AA3", "#REF!", None, ""],
    [None],
]


@pytest.fixture
def google() -> Iterator[LoopbackGoogle]:
    with LoopbackGoogle() as server:
        server.put_tab(SHEET, "It's", ROWS)
        server.put_tab(SHEET, "hidden", [], sheet_id=7, hidden=True)
        yield server


class _Credentials(Credentials):
    """Without the lookup of a "regional access boundary", which would leave this machine."""

    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False


def client(url: str, key: dict[str, str], scope: str = READ_ONLY_SCOPE) -> Any:
    credentials = _Credentials.from_service_account_info(key, scopes=[scope])
    http = google_auth_httplib2.AuthorizedHttp(credentials, http=httplib2.Http(timeout=5))
    options = {"api_endpoint": url}
    return build("sheets", "v4", http=http, client_options=options).spreadsheets()


@pytest.fixture
def api(google: LoopbackGoogle) -> Iterator[Any]:
    spreadsheets = client(google.url, google.key())
    yield spreadsheets
    spreadsheets.close()


def get(api: Any, cells: str, **options: str) -> Any:
    return api.values().get(spreadsheetId=SHEET, range=cells, **options).execute()


def test_formatted_values_are_ragged_text(api: Any) -> None:
    assert get(api, "'It''s'") == {
        "range": "'It''s'!A1:Z1000",
        "majorDimension": "ROWS",
        "values": [
            ["Number", "Price", "Day", "Done"],
            ["AA1", "¥3,480", "2024/01/31", "TRUE"],
            [],
            ["AA2", "34.5", "2024/01/31 12:00:00", "FALSE"],
            ["AA3", "#REF!", "", ""],
        ],
    }


def test_unformatted_values_keep_their_types(api: Any) -> None:
    answer = get(api, "'It''s'!B2:D5", valueRenderOption="UNFORMATTED_VALUE")
    assert answer["values"] == [[3480, 45322, True], [], [34.5, 45322.5, False], ["#REF!", "", ""]]


def test_dates_are_text_when_asked_for(api: Any) -> None:
    answer = get(
        api,
        "'It''s'!B2:C2",
        valueRenderOption="UNFORMATTED_VALUE",
        dateTimeRenderOption="FORMATTED_STRING",
    )
    assert answer["values"] == [[3480, "2024/01/31"]]


@pytest.mark.parametrize(
    ("cells", "resolved"),
    [
        pytest.param("A2:B", "'It''s'!A2:B1000", id="open end"),
        pytest.param("A:C", "'It''s'!A1:C1000", id="whole columns"),
        pytest.param("5:5", "'It''s'!A5:Z5", id="whole row"),
        pytest.param("'It''s'!A999:ZZ2000", "'It''s'!A999:Z1000", id="end clamped to the grid"),
        pytest.param("It's!B2", "'It''s'!B2", id="one cell"),
        pytest.param("hidden", "hidden!A1:Z1000", id="unquoted title"),
    ],
)
def test_a_range_is_resolved(api: Any, cells: str, resolved: str) -> None:
    assert get(api, cells)["range"] == resolved


def test_an_empty_range_has_no_values(api: Any) -> None:
    assert "values" not in get(api, "hidden")


def test_several_ranges_come_in_one_answer_by_columns(api: Any) -> None:
    request = api.values().batchGet(
        spreadsheetId=SHEET, ranges=["'It''s'!A2:A5", "'It''s'!B5:B"], majorDimension="COLUMNS"
    )
    columns = [each["values"] for each in request.execute()["valueRanges"]]
    assert columns == [[["AA1", "", "AA2", "AA3"]], [["#REF!"]]]


def test_the_field_mask_of_the_tabs_is_honoured(api: Any) -> None:
    properties = "sheetId,title,hidden,gridProperties/rowCount"
    mask = f"properties(title,timeZone),sheets(properties({properties}))"
    assert api.get(spreadsheetId=SHEET, fields=mask).execute() == {
        "properties": {"title": "Loopback", "timeZone": "Asia/Tokyo"},
        "sheets": [
            {"properties": {"sheetId": 0, "title": "It's", "gridProperties": {"rowCount": 1000}}},
            {
                "properties": {
                    "sheetId": 7,
                    "title": "hidden",
                    "hidden": True,
                    "gridProperties": {"rowCount": 1000},
                }
            },
        ],
    }


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        pytest.param("'nope'!A1", "Unable to parse range: 'nope'!A1", id="unknown tab"),
        pytest.param(
            "'It''s'!A1001:B1002",
            "Range ('It''s'!A1001:B1002) exceeds grid limits. Max rows: 1000, max columns: 26",
            id="start outside the grid",
        ),
    ],
)
def test_a_range_that_cannot_be_read_is_400(api: Any, cells: str, message: str) -> None:
    with pytest.raises(HttpError) as caught:
        get(api, cells)
    assert json.loads(caught.value.content) == {
        "error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}
    }


def test_an_unshared_sheet_is_403_and_an_unknown_one_404(google: LoopbackGoogle, api: Any) -> None:
    google.unshare(SHEET)
    with pytest.raises(HttpError) as caught:
        get(api, "A1")
    assert (caught.value.status_code, caught.value.reason) == (
        403,
        "The caller does not have permission",
    )
    with pytest.raises(HttpError) as caught:
        api.get(spreadsheetId="other").execute()
    assert caught.value.status_code == 404


def test_the_client_renews_a_token_that_is_refused(google: LoopbackGoogle, api: Any) -> None:
    get(api, "A1")
    google.expire_tokens()
    assert get(api, "A1")["values"] == [["Number"]]
    assert [request.path for request in google.requests].count("/token") == 2


def test_only_reading_may_be_asked_for(google: LoopbackGoogle) -> None:
    api = client(google.url, google.key(), scope="https://www.googleapis.com/auth/spreadsheets")
    with pytest.raises(RefreshError, match="invalid_scope"):
        get(api, "A1")
    api.close()


def test_a_wrong_clock_is_an_invalid_grant(google: LoopbackGoogle, api: Any) -> None:
    google.sign_in.clock_skew_s = 7200
    with pytest.raises(RefreshError, match="reasonable timeframe"):
        get(api, "A1")


def test_edits_are_seen_by_the_next_request(google: LoopbackGoogle, api: Any) -> None:
    google.set_cell(SHEET, "It's", "B2", 1)
    google.insert_row(SHEET, "It's", 2, ["AA0"])
    google.delete_row(SHEET, "It's", 4)
    google.sort(SHEET, "It's", "A", reverse=True)
    assert get(api, "'It''s'!A1:B5")["values"] == [
        ["Number", "Price"],
        ["AA3", "#REF!"],
        ["AA2", "34.5"],
        ["AA1", "1"],
        ["AA0"],
    ]


def test_a_hook_may_answer_or_edit_between_two_requests(google: LoopbackGoogle, api: Any) -> None:
    def answer_ranges(request: Request) -> Answer | None:
        return (
            Answer(200, (("Content-Type", "text/html"),), b"[]") if "A1" in request.path else None
        )

    google.before_request(answer_ranges)
    google.after_request(lambda _: google.set_cell(SHEET, "It's", "A2", "AA9"))
    assert get(api, "A1") == []
    google.after_request(None)
    assert get(api, "A2")["values"] == [["AA9"]]


def test_it_serves_a_file_from_a_process_of_its_own(tmp_path: Path) -> None:
    file, key_file = tmp_path / "sheet.json", tmp_path / "key.json"
    rows = [[cell_to_json(cell) for cell in row] for row in ROWS]
    file.write_text(json.dumps({"spreadsheetId": SHEET, "tabs": [{"title": "T", "rows": rows}]}))
    command = [sys.executable, "-m", "tests.stack.google_sheets"]
    command += ["--spreadsheet", str(file), "--key-file", str(key_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip() if process.stdout else ""
        edit = {"spreadsheetId": SHEET, "tab": "T", "cell": "A2", "value": "AA7"}
        assert httpx.post(f"{url}/_edit", json=edit).status_code == 204
        api = client(url, json.loads(key_file.read_text()))
        assert get(api, "A2:D2")["values"] == [["AA7", "¥3,480", "2024/01/31", "TRUE"]]
        api.close()
        process.terminate()
    assert process.returncode == 0


# -- what recorded and documented answers of Google add ----------------------------------------


def test_a_title_like_a_cell_is_quoted_in_the_answer(google: LoopbackGoogle, api: Any) -> None:
    google.put_tab(SHEET, "D3", [["x"]], sheet_id=8)
    assert get(api, "'D3'!A1:B1")["range"] == "'D3'!A1:B1"


def test_a_field_that_is_not_there_is_400_with_its_path(api: Any) -> None:
    with pytest.raises(HttpError) as caught:
        api.get(spreadsheetId=SHEET, fields="properties(title),sheets.propertys").execute()
    error = json.loads(caught.value.content)["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["details"][0]["fieldViolations"][0]["field"] == "sheets.propertys"


def test_formulas_are_given_when_asked_for(google: LoopbackGoogle, api: Any) -> None:
    cells: list[Cell] = [Rich(formula='=IMAGE("https://x.example/a.png")'), "", 5, None]
    google.put_tab(SHEET, "F", [cells], sheet_id=8)
    assert get(api, "F!A1:D1", valueRenderOption="FORMULA")["values"] == [
        ['=IMAGE("https://x.example/a.png")', '=""', 5]
    ]
    assert get(api, "F!A1:D1")["values"] == [["", "", "5"]]


def test_ranges_have_names_and_r1c1(google: LoopbackGoogle, api: Any) -> None:
    google.name_range(SHEET, "prices", "'It''s'!B2:B2")
    assert get(api, "prices")["values"] == [["¥3,480"]]
    assert get(api, "'It''s'!R2C1:R2C2")["range"] == "'It''s'!A2:B2"


def test_bodies_are_pretty_unless_asked_otherwise(google: LoopbackGoogle, api: Any) -> None:
    sizes = []
    google.after_request(None)
    for pretty in (True, False):
        request = api.values().get(spreadsheetId=SHEET, range="'It''s'", prettyPrint=pretty)
        _, content = request.http.request(request.uri, headers=request.headers)
        sizes.append(len(content))
        assert (b'{\n  "range"' in content) is pretty
    assert sizes[0] > 1.3 * sizes[1]


def test_the_quota_of_an_account_is_filled_again_each_minute(
    google: LoopbackGoogle, api: Any
) -> None:
    google.reads_a_minute, google.clock = 2, lambda: 30.0
    get(api, "A1")
    get(api, "A1")
    with pytest.raises(HttpError) as caught:
        api.values().get(spreadsheetId=SHEET, range="A1").execute(num_retries=0)
    error = json.loads(caught.value.content)["error"]
    assert caught.value.status_code == 429
    assert error["details"][0]["metadata"]["quota_limit_value"] == "2"
    google.clock = lambda: 60.0
    get(api, "A1")


def test_charts_and_connected_data_are_told_from_tabs(google: LoopbackGoogle, api: Any) -> None:
    google.put_tab(SHEET, "Chart", [], sheet_id=8, sheet_type="OBJECT")
    tabs = api.get(spreadsheetId=SHEET, fields="sheets.properties").execute()["sheets"]
    assert tabs[-1]["properties"] == {
        "sheetId": 8,
        "title": "Chart",
        "index": 2,
        "sheetType": "OBJECT",
    }
    with pytest.raises(HttpError, match="Unable to parse range"):
        get(api, "Chart!A1")


def test_volatile_cells_are_computed_each_time(google: LoopbackGoogle, api: Any) -> None:
    ticks = iter(range(9))
    google.put_tab(SHEET, "V", [[Volatile(lambda: next(ticks))]], sheet_id=8)
    assert [get(api, "V!A1")["values"] for _ in range(2)] == [[["0"]], [["1"]]]


@pytest.mark.parametrize(("keeps", "row"), [(True, ["x", "", ""]), (False, ["x"])])
def test_a_row_ends_with_cells_that_read_as_nothing_or_before_them(
    google: LoopbackGoogle, api: Any, *, keeps: bool, row: list[str]
) -> None:
    google.put_tab(SHEET, "B", [["x", Rich(), "", None]], sheet_id=8)
    if not keeps:
        google.trim_blank_ends(SHEET)
    assert get(api, "B!A1:D1")["values"] == [row]


def test_cell_data_has_formula_link_and_chips(google: LoopbackGoogle, api: Any) -> None:
    row: list[Cell] = [
        Rich("写真", link="https://x.example/1"),
        Rich("a.jpg", chips=("https://drive.example/a",)),
        Shown("", ""),
        "",
        Shown("¥5", 5),
    ]
    google.put_tab(SHEET, "L", [[], row], sheet_id=8)
    fields = "sheets(data(startRow,startColumn,rowData))"
    content = api.get(spreadsheetId=SHEET, ranges=["L!A2:E2"], fields=fields).execute()
    text = {"stringValue": "写真"}
    chip_text = {"stringValue": "a.jpg"}
    chip = {"richLinkProperties": {"uri": "https://drive.example/a"}}
    assert content["sheets"] == [
        {
            "data": [
                {
                    "startRow": 1,
                    "rowData": [
                        {
                            "values": [
                                {
                                    "userEnteredValue": text,
                                    "effectiveValue": text,
                                    "formattedValue": "写真",
                                    "hyperlink": "https://x.example/1",
                                },
                                {
                                    "userEnteredValue": chip_text,
                                    "effectiveValue": chip_text,
                                    "formattedValue": "a.jpg",
                                    "chipRuns": [{"chip": chip}],
                                },
                                {},
                                {
                                    "userEnteredValue": {"formulaValue": '=""'},
                                    "effectiveValue": {"stringValue": ""},
                                },
                                {
                                    "userEnteredValue": {"numberValue": 5},
                                    "effectiveValue": {"numberValue": 5},
                                    "formattedValue": "¥5",
                                },
                            ]
                        }
                    ],
                }
            ]
        }
    ]


@pytest.mark.parametrize("name", TOKEN_REFUSALS)
def test_the_token_endpoint_refuses_in_googles_words(
    google: LoopbackGoogle, api: Any, name: str
) -> None:
    google.sign_in.token_refusal = TOKEN_REFUSALS[name]
    with pytest.raises(RefreshError) as caught:
        get(api, "A1")
    assert caught.value.args[1] == TOKEN_REFUSALS[name]


@pytest.mark.parametrize(
    "cell",
    [
        Rich("", formula="=IMAGE(A1)", link="https://x.example", chips=("https://y.example",)),
        Rich(Shown("¥5", 5)),
        Shown("● Memo", "Memo"),
        date(2024, 1, 31),
        None,
    ],
    ids=str,
)
def test_a_cell_comes_back_from_json(cell: Cell) -> None:
    assert cell_from_json(json.loads(json.dumps(cell_to_json(cell)))) == cell
