"""README's commands and exit codes, and the settings of docs/settings.md, are the program's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import typer.main
from typer.core import TyperGroup

from listing_sync.cli.app import program
from listing_sync.cli.exits import ExitCode
from listing_sync.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
MOST_LINES = 120


def rows(heading: str) -> Iterator[list[str]]:
    """Yield the cells of the table below a heading, row by row."""
    yield from rows_of(README.split(f"\n## {heading}\n")[1].split("\n## ")[0])


def rows_of(text: str) -> Iterator[list[str]]:
    """Yield the cells of every table of a text, row by row."""
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def commands_of(group: TyperGroup, name: str = "") -> Iterator[str]:
    for command, node in group.commands.items():
        whole = f"{name} {command}".strip()
        if isinstance(node, TyperGroup):
            if node.invoke_without_command:
                yield whole
            yield from commands_of(node, whole)
        else:
            yield whole


def test_every_command_is_told_and_no_other() -> None:
    group = typer.main.get_command(program())
    assert isinstance(group, TyperGroup)
    there = set(commands_of(group))
    told = {text for cells in rows("Commands") for text in re.findall(r"`([^`]+)`", cells[0])}
    assert {command for command in there if any(t.startswith(command) for t in told)} == there
    assert all(any(text.startswith(command) for command in there) for text in told)


def test_every_setting_is_told_with_its_default_and_no_other() -> None:
    told = {name: default for name, default, _ in rows_of(SETTINGS) if name.isupper()}
    assert told.keys() == {name.upper() for name in Settings.model_fields}
    for name, default in told.items():
        value = Settings.model_fields[name.lower()].default
        if re.fullmatch(r"\d+|false", default):
            assert float(default.replace("false", "0")) == value
        elif default == "":
            assert value is None or value.get_secret_value() == ""


def test_every_exit_code_is_told_and_no_other() -> None:
    told = {int(code) for cells in rows("Exit codes") for code in re.findall(r"\d+", cells[0])}
    assert told == {*map(int, ExitCode), 128 + 2, 128 + 15}


def test_the_readme_is_read_in_one_go() -> None:
    assert len(README.splitlines()) <= MOST_LINES
