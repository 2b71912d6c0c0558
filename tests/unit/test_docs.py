"""What the pages tell people to type, set and look for is what the program has."""

from __future__ import annotations

import ast
import re
import shlex
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import typer
import typer.main
from typer.core import TyperGroup

from listing_sync.cells.column_types import ColumnType
from listing_sync.cells.mapping import parse_mapping
from listing_sync.cli.app import program
from listing_sync.settings import Settings
from tests.command_line import UsageError
from tests.source import nodes_of

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
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
    context = _command().make_context("listing-sync", words)
    while isinstance(context.command, TyperGroup):
        # click 8.1 has protected_args, which 8.2 warns of.
        held = "_protected_args" if hasattr(context, "_protected_args") else "protected_args"
        rest = [*getattr(context, held), *context.args]
        if not rest and context.command.invoke_without_command:
            return
        assert rest, f"{line} is only the name of a group"
        name, command, words = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, words, parent=context)


@cache
def _command() -> Any:
    return typer.main.get_command(program())


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


@cache
def texts_of_the_program() -> str:
    """Return all its texts, a line each, with … where a value is put in."""
    texts = []
    for path in sorted((ROOT / "listing_sync").rglob("*.py")):
        for node in nodes_of(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
                texts.append("".join(str(part) for part in parts))
    return "\n".join(text.replace("\n", " ") for text in texts)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_file_that_a_page_names_is_there(page):
    named = re.findall(r"`((?:docs|sql|tests|listing_sync)/[\w./-]+)`", page.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name.rstrip("/")).exists()] == []


def test_each_page_that_the_program_names_is_there():
    named = set(re.findall(r"docs/[\w/-]+\.md", texts_of_the_program()))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_index_leads_to_every_page():
    index = DOCS / "README.md"
    linked = re.findall(r"\]\(([^)#]+)", index.read_text(encoding="utf-8"))
    found = {(DOCS / target).resolve() for target in linked}
    assert {page for page in PAGES if page != index} <= found


@pytest.mark.parametrize("picture", sorted(DOCS.rglob("*.svg")), ids=name_of)
def test_a_picture_is_whole_and_says_what_it_shows(picture):
    root = ET.fromstring(picture.read_text(encoding="utf-8"))
    texts = {child.tag.rpartition("}")[2]: child.text for child in root}
    assert texts["title"]
    assert texts["desc"]
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    shown = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert picture.name in shown


KEY = '[columns.id]\nheader = "id"\ntype = "text"\nrequired = true\n'
TOML = re.findall(r"```toml\n(.*?)```", (DOCS / "mapping.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", TOML, ids=lambda block: block.splitlines()[0])
def test_each_example_of_the_mapping_page_is_a_mapping(block):
    head = 'table = "t"\nkey = "id"\n'
    if block.startswith("table"):
        text = block
    elif block.startswith(("[prune]", "[columns")):
        text = head + KEY + block
    elif block.startswith("header ="):
        text = f'{head}{KEY}[columns.a]\ntype = "text"\n{block}'
    else:
        text = head + block + KEY
    assert parse_mapping(text, name="mapping.md").columns


def test_the_mapping_page_explains_every_type():
    text = (DOCS / "mapping.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (\w+) \|", text, re.MULTILINE)) - {"type"} == {*ColumnType}


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


MESSAGES = re.findall(
    r"^\| `([^`]+)` \|", (ROOT / "docs" / "troubleshooting.md").read_text("utf-8"), re.MULTILINE
)


def pattern_of(message: str) -> str:
    """Return the message as it is looked for: … is anything on the same line."""
    return ".*".join(re.escape(part) for part in message.strip("…").split("…"))


def test_each_message_explained_is_one_that_the_program_says():
    texts = texts_of_the_program()
    said_otherwise = [each for each in MESSAGES if not re.search(pattern_of(each), texts)]
    assert said_otherwise == []


RAISED = {
    "HoldError",
    "Kind",
    "LockTimeoutError",
    "PermanentError",
    "RefusedError",
    "RowError",
    "SettingsError",
    "SourceError",
    "TransientError",
    "UnsafePlanError",
    "permanent",
    "transient",
}
"""What makes an error from its text."""


def errors_of_the_program() -> list[str]:
    """Return the texts of errors that are said where they are raised, … for what is put in.

    Those of the HTTP API (serve) are for programs, and told on its own page.
    """
    texts = set()
    for path in sorted((ROOT / "listing_sync").rglob("*.py")):
        if "serve" in path.relative_to(ROOT).parts:
            continue
        for node in nodes_of(path):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in RAISED:
                parts = [each for each in node.args if not isinstance(each, ast.Tuple)]
                tuples = [each for each in node.args if isinstance(each, ast.Tuple)]
                parts += [part for each in tuples for part in each.elts]
                texts |= {text for part in parts if len(text := text_of(part)) > len("a sentence")}
    return sorted(texts)


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "…" for part in node.values)
    if isinstance(node, ast.Call) and getattr(node.func, "id", None) in {"phrase", "marked"}:
        return re.sub(r"\{[^}]*\}", "…", text_of(node.args[0]))
    return ""


def test_each_error_that_a_person_can_meet_is_explained():
    explained = re.compile("|".join(map(pattern_of, MESSAGES)))
    errors = errors_of_the_program()
    assert len(errors) > 100
    assert [each for each in errors if not explained.search(each.replace("\n", " "))] == []
