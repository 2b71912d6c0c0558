"""What the file of tokens keeps, and whom it knows."""

from __future__ import annotations

import json

import pytest

from listing_sync.errors import SettingsError
from listing_sync.serve.tokens import Role, TokensFile, matching
from tests.fakes import START

ENDLESS = """{"tokens": [{"name": "a", "role": "run", "token_id": "1", "created_at": "",
    "hashed": "scrypt$1073741824$8$1$AA$AA"}]}"""


@pytest.fixture
def file(tmp_path):
    return TokensFile(tmp_path / "tokens.json")


def test_a_token_is_known_by_its_text_alone(file):
    text = file.add("office", Role.RUN, START)
    found = matching(file.all(), text)
    assert found is not None
    assert (found.name, found.role) == ("office", Role.RUN)
    assert matching(file.all(), text[:-1]) is None
    assert matching(file.all(), "") is None


def test_the_file_is_its_owners_and_holds_no_token(file):
    text = file.add("office", Role.READ, START)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert text.rpartition("_")[2] not in file.path.read_text()
    assert json.loads(file.path.read_text())["tokens"][0]["hashed"].startswith("scrypt$16384$8$1$")


def test_a_name_is_given_once_and_can_be_taken_back(file):
    file.add("office", Role.READ, START)
    with pytest.raises(SettingsError, match="there is a token 'office' already"):
        file.add("office", Role.RUN, START)
    assert file.remove("office")
    assert not file.remove("office")
    assert file.all() == ()


def test_what_another_process_changes_counts_at_once(file):
    assert file.all() == ()
    TokensFile(file.path).add("office", Role.READ, START)
    assert [each.name for each in file.all()] == ["office"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"tokens": [{"name": "a"}]}',
        ENDLESS,
    ],
    ids=["empty", "a list", "a token without its hash", "a hash that takes for ever"],
)
def test_what_is_no_such_file_is_refused_by_name(file, content):
    file.path.write_text(content)
    with pytest.raises(SettingsError, match=r"it is no file of `listing-sync serve token add`"):
        file.all()


def test_a_file_that_others_can_change_lets_nobody_in(file):
    file.add("office", Role.RUN, START)
    file.path.chmod(0o620)
    with pytest.raises(SettingsError, match="others can let themselves in: chmod go-w"):
        TokensFile(file.path).all()
