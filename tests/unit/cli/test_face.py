"""What a person is told to type next works as it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from listing_sync.cli.face import Face
from listing_sync.cli.text import fact_table, table

HINT = "No run yet: `listing-sync sync all` starts one."


def test_a_hint_names_the_settings_file_of_this_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    face = Face(env_file=Path("my office.env"))
    face.out.print(HINT, soft_wrap=True)
    face.complain(HINT)
    face.out.print(table(("Check", "Found"), [("last run", "see `listing-sync status`")]))
    face.out.print(fact_table([("Outcome", "failed: listing-sync migrate up makes it")]))
    face.out.print("The way back:\n  listing-sync migrate rollback", soft_wrap=True)
    printed = capsys.readouterr()
    told = "No run yet: `listing-sync --env-file 'my office.env' sync all` starts one.\n"
    assert printed.out.startswith(told)
    assert printed.err == told
    for command in ("`{} status`", ": {} migrate up makes", "\n  {} migrate rollback"):
        assert command.format("listing-sync --env-file 'my office.env'") in printed.out


@pytest.mark.parametrize(
    "text",
    [
        "`listing-sync --env-file office.env sync all`",
        "error: listing-sync has a bug",
        "pip install 'listing-sync[notify]'",
        "/opt/listing-sync sync",
    ],
)
def test_what_is_no_command_to_type_stays_as_it_is(text: str) -> None:
    assert Face(env_file=Path("my.env")).hinted(text) == text


def test_without_an_option_it_is_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Face().out.print(HINT, soft_wrap=True)
    assert capsys.readouterr().out == f"{HINT}\n"


def test_in_a_log_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    face = Face(env_file=Path("office.env"), log_format="json")
    face._configure_logs()
    face.complain(HINT)
    line = json.loads(capsys.readouterr().err)
    assert "`listing-sync --env-file office.env sync all`" in line["message"]


def test_a_line_of_a_table_is_one_line_of_a_log_and_ends_with_its_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    rows = [("AA1", "土地面積: " + "too long " * 30 + "end"), ("AA2", "short")]
    Face().err.print(table(("Listing", "What is wrong"), rows))
    heading, long, short = capsys.readouterr().err.splitlines()
    assert (heading, short) == ("Listing  What is wrong", "AA2      short")
    assert long == f"AA1      {rows[0][1]}"
