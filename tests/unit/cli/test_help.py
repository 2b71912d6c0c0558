"""Help of every command fits a terminal of 80 columns, and the man page is made from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from listing_sync.cli.app import program, run
from listing_sync.cli.help_texts import HELP
from tests.man_page import PAGE, man_page
from tests.unit.test_docs import parse


def commands(group: Any, above: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        whole = f"{above} {name}".strip()
        yield whole
        if hasattr(command, "commands"):
            yield from commands(command, whole)


ALL = tuple(commands(typer.main.get_command(program())))


@pytest.mark.parametrize("name", ["", *ALL])
def test_help_is_whole_at_80_columns(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["listing-sync", *name.split(), "--help"])
    with pytest.raises(SystemExit) as exit_:
        run()
    assert exit_.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.endswith("...") and "Usage:" not in line]
    assert ("Examples:" in "\n".join(lines)) is (name != "")
    assert ("Exit codes:" in "\n".join(lines)) is (name != "")


def test_every_command_has_its_help_and_no_other() -> None:
    assert set(ALL) == HELP.keys()


@pytest.mark.parametrize("name", HELP)
def test_each_example_is_one_that_the_program_takes(name: str) -> None:
    text = "\n".join(HELP[name].examples).replace("\\\n", " ")
    for example in text.splitlines():
        parse(example.partition(" > ")[0])


def test_the_man_page_is_of_this_command_line() -> None:
    assert PAGE.read_text(encoding="utf-8") == man_page(), "run `make man`"


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not here")
def test_groff_reads_the_man_page_without_a_warning() -> None:
    read = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", str(PAGE)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert (read.returncode, read.stderr) == (0, "")
