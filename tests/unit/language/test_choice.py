from __future__ import annotations

import pytest

from listing_sync.language.choice import language_of


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja"}, "ja"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "jam_JM.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "C", "LC_ALL": "ja_JP.eucJP"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "SYNC_LANGUAGE": "en"}, "en"),
        ({"SYNC_LANGUAGE": "ja", "LC_ALL": "C"}, "ja"),
        ({"SYNC_LANGUAGE": "", "LANG": "ja_JP"}, "ja"),
    ],
    ids=str,
)
def test_the_setting_wins_over_the_locale_of_messages(given, language):
    assert language_of(given) == language
