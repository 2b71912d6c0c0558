"""An office that reads only Japanese: what it is told, and what stays English for programs."""

from __future__ import annotations

import json

import pytest

from tests.cli.agency import HEADERS, Agency, house

pytestmark = pytest.mark.stack

JA = {"SYNC_LANGUAGE": "ja"}
ASK = "数値として読み取れません。正しい入力：金額（例：34800000、3,480万円）"


@pytest.fixture(autouse=True)
def _english_again(japanese):
    """Leave the process in the language of the other tests."""


def test_a_run_and_the_story_of_a_listing_are_told_in_japanese(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2, "ask"))
    told = agency.run("sync", "all", **JA).err
    assert ASK in "".join(told.split())
    story = agency.run("status", "--listing", "AA10002", **JA).out.replace("\n", "")
    assert story.startswith("AA10002はサイトに掲載されていません。理由：「Price」")
    assert "項目" in agency.run("health", **JA).out


def test_a_recorded_reason_follows_the_language_of_who_asks_and_its_code_none(
    agency: Agency,
) -> None:
    agency.sheet_is(house(1), house(2, "ask"))
    agency.run("sync", "all", "--json", **JA)
    (told,) = agency.run("status", "latest", "--json", **JA).document["errors"]
    (then,) = agency.run("status", "latest", "--json").document["errors"]
    assert (told.pop("error"), then["error"].partition(";")[0]) == (ASK, "not a number")
    assert told == {name: value for name, value in then.items() if name != "error"}
    assert told["code"] == "not_a_number"


def test_what_was_told_in_one_language_is_no_news_in_the_other(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2, "ask"))
    assert agency.run("sync", "all").err
    assert agency.run("sync", "all", **JA).err == ""


def test_the_log_stays_english(agency: Agency) -> None:
    agency.sheet_is(house(1), house(2, "ask"))
    lines = agency.run("--log-format", "json", "sync", "all", **JA).err.splitlines()
    messages = [json.loads(line)["message"] for line in lines]
    assert any("not a number" in message for message in messages)
    assert not any("読み取れ" in message for message in messages)


def test_warnings_and_a_pause_are_told_in_japanese(agency: Agency) -> None:
    agency.sheet_is(house(1)[:3], headers=HEADERS[:3])
    warned = agency.run("sync", "all", **JA).err.replace("\n", "")
    assert "注意：シートに列'●特記'がありません" in warned
    assert "同期を一時停止しました" in agency.run("pause", **JA).out
    assert "同期を再開しました" in agency.run("resume", **JA).out


def test_a_warning_that_was_told_in_one_language_is_no_news_in_the_other(agency: Agency) -> None:
    agency.sheet_is(house(1)[:3], headers=HEADERS[:3])
    assert "注意" in agency.run("sync", "all", **JA).err
    assert agency.run("sync", "all").err == ""
    assert "the sheet has no column" in agency.run("status", "latest").out


def test_why_a_sheet_cannot_be_read_is_told_in_japanese_and_logged_in_english(
    agency: Agency,
) -> None:
    agency.sheet_is(house(1), headers=("ID", *HEADERS[1:]))
    lines = agency.run("--log-format", "json", "sync", "all", **JA).err
    assert "has no header for the required column" in lines
    assert "見出し" not in lines
    agency.sheet_is(house(1), headers=("Property Number", "Price", "Price", "●特記"))
    told = agency.run("sync", "all", **JA).err
    assert "列priceがシートに2個あります" in told.replace("\n", "")
