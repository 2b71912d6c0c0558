"""Foreign texts in alerts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listing_sync.history.mentions import foreign, spoken
from listing_sync.history.messages import markup_free


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("@channel", "＠channel"),
        ("x @everyone @here", "x ＠everyone ＠here"),
        ("<!here>", "&lt;！here&gt;"),
        ("<@U012AB>", "&lt;＠U012AB&gt;"),
        ("<#C1|x>", "&lt;＃C1｜x&gt;"),
        ("*bold* _it_ ~no~ `code`", "＊bold＊ ＿it＿ ～no～ ｀code｀"),
        ("property_number", "property_number"),
        ("[click](https://evil.example)", "[click] (https：//evil.example)"),
        ("www.evil.example", "www．evil.example"),
        ("a\u202eb\nc\x1b[31m", "a\\u202eb c\\x1b[31m"),
        ("R&D <1>", "R&amp;D &lt;1&gt;"),
        ("office@firm.example", "office@firm.example"),
        ("x" * 50, "x" * 39 + "…"),
    ],
)
def test_what_others_wrote_is_no_mark_up_anywhere(text: str, told: str) -> None:
    assert foreign(text, 40) == told


def test_a_sentence_of_ours_keeps_its_addresses_but_mentions_nobody() -> None:
    said = spoken("share it with a@b.iam.example: https://console.example/x <!here> @channel")
    assert said == (
        "share it with a@b.iam.example: https://console.example/x &lt;！here&gt; ＠channel"
    )


@given(text=st.text(alphabet="@<!>#*_`ahere[]() ", max_size=30))
def test_nobody_is_mentioned_whatever_the_text(text: str) -> None:
    for told in (foreign(text, 25), spoken(text)):
        plain = markup_free(told)
        assert "<!" not in plain
        assert "<@" not in plain
        assert "](" not in plain
        assert not any(word.startswith("@h") for word in plain.split())
