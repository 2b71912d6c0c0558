"""What the pages tell people to type, set and look for is what the program has."""

from __future__ import annotations

import ast
import re
import shlex
from contextlib import suppress
from pathlib import Path

import pytest
import typer
import typer.main
from typer.core import TyperGroup

from listing_sync.cli.app import app
from listing_sync.settings import Settings
from tests.command_line import UsageError

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OF_GOOGLE = {"GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"}
"""What Google's own libraries go by, and we do not."""
PROGRAM = re.compile(r"(?:^|/)listing-sync$")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands_in(page: Path) -> list[str]:
    """Return the lines of its console blocks that run the program."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    as_itself = [re.sub(r"^sudo -u [\w-]+ ", "", line) for line in lines]
    return [line for line in as_itself if PROGRAM.search(line.split(" ")[0])]


COMMANDS = [
    pytest.param(line, id=f"{name_of(page)}: {line}")
    for page in PAGES
    for line in commands_in(page)
]


def parse(line: str) -> None:
    """Read a command line as the program does, without running it."""
    words = shlex.split(line)[1:]
    context = typer.main.get_command(app).make_context("listing-sync", words)
    while isinstance(context.command, TyperGroup):
        # click 8.1 has protected_args, which 8.2 warns of.
        protected = getattr(context, "_protected_args", None)
        rest = [*(context.protected_args if protected is None else protected), *context.args]
        assert rest, f"{line} is only the name of a group"
        name, command, words = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, words, parent=context)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_on_a_page_is_one_of_the_program(line):
    with suppress(typer.Exit):  # --version
        parse(line)


@pytest.mark.parametrize(
    "line",
    ["listing-sync migrate nosuch", "listing-sync sync all --nosuch", "listing-sync migrate"],
)
def test_a_command_that_is_none_is_noticed(line):
    with pytest.raises((UsageError, typer.Exit)):  # older ones show the help and exit
        parse(line)


def test_pages_show_every_command_of_moving_over():
    shown = "\n".join(commands_in(ROOT / "docs" / "moving-over.md"))
    for command in ("plan", "up", "verify", "cutover", "rollback"):
        assert f"listing-sync migrate {command}" in shown


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_setting_on_a_page_is_one_of_the_program(page):
    known = {name.upper() for name in Settings.model_fields}
    words = set(re.findall(r"\b(?:SYNC|SUPABASE|GOOGLE)_[A-Z_]+[A-Z]\b", page.read_text("utf-8")))
    assert words <= known | OF_GOOGLE


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_link_to_a_page_leads_to_a_heading_or_file(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        if anchor:
            assert anchor in anchors_of(other), target


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def texts_of_the_program() -> str:
    """Return all its texts, a line each, with … where a value is put in."""
    texts = []
    for path in sorted((ROOT / "listing_sync").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
                texts.append("".join(str(part) for part in parts))
    return "\n".join(text.replace("\n", " ") for text in texts)


TEXTS = texts_of_the_program()
MESSAGES = re.findall(
    r"^\| `([^`]+)` \|", (ROOT / "docs" / "troubleshooting.md").read_text("utf-8"), re.MULTILINE
)


@pytest.mark.parametrize("message", MESSAGES)
def test_each_message_explained_is_one_that_the_program_says(message):
    pattern = ".*".join(re.escape(part) for part in message.split("…"))
    assert re.search(pattern, TEXTS), "the program says it otherwise"
