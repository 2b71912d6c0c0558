"""Messages that fit their receiver, and what waits, in order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.history.messages import Message, markup_free, message_of, parcels

AT = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)


def alert(title: str, hours: float = 0) -> Message:
    return Message(AT + timedelta(hours=hours), title, ("what",))


def list_of(count: int, hours: float = 0) -> Message:
    return Message(
        AT + timedelta(hours=hours),
        f"{count} listings newly rejected",
        ("sheet → table",),
        items=tuple(f"• AA{number:05} Listings!F{number}: not a number" for number in range(count)),
        more="listing-sync status --rejected",
        is_alert=False,
    )


def test_a_list_that_is_too_long_says_how_many_are_left_out_and_where_they_are() -> None:
    text = list_of(60).text(1900)
    assert len(text) < 1900
    assert text.startswith("*listing-sync: 60 listings newly rejected*\nsheet → table\n• AA00000")
    shown = text.count("•")
    assert text.endswith(f"\nand {60 - shown} more: `listing-sync status --rejected`")


def test_a_list_that_fits_is_whole() -> None:
    assert "more" not in list_of(3).text(1900)


@given(
    st.text(max_size=50),
    st.lists(st.text(max_size=80), max_size=5),
    st.lists(st.text(max_size=80), max_size=30),
    st.integers(1, 2000),
)
def test_no_message_is_longer_than_its_receiver_takes(
    title: str, lines: list[str], items: list[str], limit: int
) -> None:
    message = Message(AT, title, tuple(lines), tuple(items), "listing-sync status")
    assert len(message.text(limit)) <= limit
    assert message_of(json.loads(json.dumps(message.to_document())), AT) == message


def test_an_alert_never_waits_behind_a_list() -> None:
    sent = parcels([list_of(1), alert("old", 1)], [list_of(2, 3), alert("new", 3)], UTC)
    titles = [parcel.message.title for parcel in sent]
    assert titles == [
        *("old", "new", "1 listings newly rejected", "2 listings newly rejected"),
    ]


def test_what_waited_alone_bears_its_date() -> None:
    (parcel,) = parcels([alert("runs fail")], [], UTC)
    assert parcel.message.lines == (
        "This is of 2026-01-31 09:00 UTC: it could not be delivered before.",
        "what",
    )


def test_several_that_waited_are_one_message_that_names_each_oldest_first() -> None:
    waiting = [alert("runs work again", 2), alert("no route"), alert("key revoked", 1)]
    (parcel,) = parcels(waiting, [], UTC)
    assert set(parcel.of) == set(waiting)
    assert parcel.message.title == "runs work again (and 2 earlier messages)"
    assert parcel.message.items == (
        "• 2026-01-31 09:00 UTC: no route",
        "• 2026-01-31 10:00 UTC: key revoked",
        "• 2026-01-31 11:00 UTC: runs work again",
    )


def test_a_text_that_an_earlier_version_kept_is_still_sent() -> None:
    message = message_of("*listing-sync: 2 runs in a row failed*\nsheet → table", AT)
    assert message.text(1900) == "*listing-sync: 2 runs in a row failed*\nsheet → table"


@pytest.mark.parametrize(
    ("marked_up", "plain"),
    [
        ("`status` of <https://x.example/#range=F2|Listings!F2>", None),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("see <https://x.example>", "see https://x.example"),
    ],
)
def test_plain_text_keeps_links_and_loses_marks(marked_up: str, plain: str | None) -> None:
    wanted = plain or "status of Listings!F2 (https://x.example/#range=F2)"
    assert markup_free(marked_up) == wanted
