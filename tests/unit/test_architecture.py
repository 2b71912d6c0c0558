"""Who may import whom, how long a module may be, and what importing costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import listing_sync
from tests.source import nodes_of, tree_of

HOUSE = Path(listing_sync.__file__).parent
MODULES = {
    path.relative_to(HOUSE).with_suffix("").as_posix().replace("/", "."): path
    for path in sorted(HOUSE.rglob("*.py"))
}

RULES = ("cells", "changes", "history", "language")
OUTSIDE = ("sheets", "supabase", "machine", "signals")
WORLD = {"errors", *RULES, "ports", "reliability", "logs"}
EVERYWHERE = {"__version__", "lazy_dataclasses"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "lazy_dataclasses": set(),
    "redaction": {"cells"},
    "logs": {"cells", "redaction", "language"},
    "clock": {"errors", "language"},
    "proxies": {"language"},
    "certificates": set(),
    "regular_file": set(),
    "reachability": {"proxies", "language"},
    "unpacking": {"language"},
    "transport": {
        *("errors", "language", "proxies", "certificates", "reachability", "unpacking"),
    },
    "loading": {
        *("errors", "cells", "language", "given_settings", "settings", "settings_problems"),
        *("sheets", "proxies", "certificates", "regular_file"),
    },
    "language": set(),
    "cells": {"errors", "language"},
    "changes": {"errors", "cells", "language"},
    "history": {"errors", "cells", "changes", "language"},
    "setting_checks": {"cells", "regular_file"},
    "given_settings": {"errors", "regular_file"},
    "settings": {*RULES, "proxies", "redaction", "setting_checks", "given_settings"},
    "settings_problems": {"errors", "cells", "given_settings", "settings"},
    "ports": {"errors", *RULES, "settings", "reliability"},
    "reliability": {"errors", "language", "ports"},
    "steps": {"errors", *RULES, "ports", "reliability", "settings", "logs"},
    "commands": {"errors", *RULES, "ports", "reliability", "settings", "logs", "steps"},
    "sheets": {*WORLD, "transport", "proxies", "reachability"},
    "supabase": {*WORLD, "transport", "reachability", "redaction"},
    "machine": {*WORLD, "regular_file"},
    "signals": {*WORLD, "certificates", "proxies", "regular_file", "unpacking"},
    "wiring": {*WORLD, *OUTSIDE, "given_settings", "settings", "clock", "transport", "loading"},
    "page": {"errors", *RULES, "ports", "logs", "commands", "steps"},
    "cli": {
        *("errors", *RULES, "ports", "settings", "commands", "steps", "page", "serve"),
        *("clock", "loading", "logs", "setting_checks", "wiring"),
        *("given_settings", "settings_problems"),
    },
    "serve": {
        *("errors", *RULES, "ports", "logs", "commands", "steps", "page", "regular_file"),
    },
    "__main__": {"cli"},
}
"""Room -> the other rooms that it may import from."""

PURE = (*(f"{room}." for room in RULES), "reliability.")
ACTING = {"os", "io", "time", "random", "secrets", "logging", "socket", "subprocess", "threading"}
"""What a pure module cannot need; guard and meter lock what threads share."""

LONG = {
    "commands.sync": "the run, top to bottom, with its one mutable state",
    "cells.json_exact": "read, written and compared with one idea of a number",
    "history.verdict": "every check of health, judged in one place",
    "cells.mapping": "one reader, a method a key of the mapping file",
    "ports": "the outside world on one page",
    "sheets.google": "one tab, read while its rows may move",
    "sheets.xlsx_package": "every part of a workbook but its cells",
    "supabase.run_records": "two tables, each way",
    "transport": "every bound of an exchange, and its count of bytes",
}
"""Modules over 300 lines, and why."""

NOT_FIXED = {
    "cells.format_numbers.NumberForm": "keeps what it worked out of itself",
    "cells.number_format.Section": "keeps what it worked out of itself",
    "changes.seen.Found": "collects rows, page by page",
}
"""Classes of the rules that are no frozen values with slots, and why."""

HEAVY = (
    "backoff", "google", "googleapiclient", "httpcore", "httpx", "openpyxl",
    "platformdirs", "prometheus_client", "psycopg", "pydantic", "pydantic_settings", "requests",
    "rich", "starlette", "supabase", "uvicorn",
)  # fmt: skip


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every module that a file imports, wherever in it, with the line."""
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            base = node.module or ""
            for name in node.names:
                yield (f"{base}.{name.name}" if base == "listing_sync" else base), node.lineno


def room_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_point_one_way(room: str) -> None:
    wrong = [
        f"{module}:{line} imports {name}"
        for module, path in MODULES.items()
        if room_of(module) == room
        for name, line in imports_of(path)
        if name.startswith("listing_sync.")
        and (other := room_of(name.removeprefix("listing_sync."))) not in {room, *EVERYWHERE}
        and other not in ALLOWED[room]
    ]
    assert not wrong


def test_every_module_lives_in_a_room() -> None:
    assert {room_of(module) for module in MODULES} == {*ALLOWED, "__init__"}


def test_what_is_pure_imports_nothing_that_acts() -> None:
    wrong = [
        f"{module}:{line} imports {name}"
        for module, path in MODULES.items()
        if module.startswith(PURE) and module not in {"reliability.guard", "reliability.meter"}
        for name, line in imports_of(path)
        if room_of(name) in ACTING
    ]
    assert not wrong


def test_values_of_the_rules_are_frozen_and_have_slots() -> None:
    wrong = {
        f"{module}.{node.name}"
        for module, path in MODULES.items()
        if room_of(module) in RULES
        for node in nodes_of(path)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        for made in map(ast.unparse, node.decorator_list)
        if made.startswith("dataclass") and made != "dataclass(frozen=True, slots=True)"
    }
    assert wrong == set(NOT_FIXED)


def test_codes_of_the_database_are_known_in_one_room() -> None:
    known = re.compile(r"[0-9]{2}[0-9A-Z]{3}|PGRST[0-9]*")
    wrong = [
        f"{module}:{node.lineno} {node.value}"
        for module, path in MODULES.items()
        if room_of(module) != "supabase"
        for node in nodes_of(path)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and known.fullmatch(node.value)
    ]
    assert not wrong


def test_one_place_chooses_between_words_and_a_document() -> None:
    # cli.app says what ended a command; nobody else asks which form is wanted.
    printing = {
        module
        for module, path in MODULES.items()
        if module.startswith("cli.") and "print_json(" in path.read_text(encoding="utf-8")
    }
    assert printing == {"cli.face", "cli.shown", "cli.app"}


def test_the_init_of_a_room_holds_its_docstring_alone() -> None:
    for module, path in MODULES.items():
        if module.endswith(".__init__"):
            docstring, *rest = tree_of(path).body
            assert isinstance(docstring, ast.Expr), module
            assert all(isinstance(node, ast.ImportFrom) for node in rest), module
            assert {name for name, _ in imports_of(path)} <= {"__future__"}, module


def test_a_module_of_more_than_300_lines_has_its_reason() -> None:
    long = {
        module
        for module, path in MODULES.items()
        if len(path.read_text(encoding="utf-8").splitlines()) > 300
    }
    assert long <= set(LONG)


def run_bare(program: str) -> str:
    """Return what a program of its own prints, run in an empty environment."""
    return subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True, env={}
    ).stdout


def test_the_command_line_starts_without_a_heavy_library() -> None:
    program = f"""
import sys
import typer
of_typer = set(sys.modules)  # before 0.16 it brings rich itself
import listing_sync.cli.app
print([name for name in {HEAVY!r} if name in sys.modules and name not in of_typer])
"""
    assert run_bare(program) == "[]\n"


@pytest.mark.slow
def test_importing_every_module_does_nothing() -> None:
    names = [
        f"listing_sync.{module}".removesuffix(".__init__")
        for module in MODULES
        if module != "__main__"
    ]
    program = f"""
import importlib, logging, os, signal, socket, sys, threading

def acts(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        print(event, args)
    if event == "open" and args[1] and set("wax+") & set(args[1]) and "__pycache__" not in args[0]:
        print(event, args)

sys.dont_write_bytecode = True
before = dict(os.environ), [signal.getsignal(n) for n in (2, 15)]
sys.addaudithook(acts)
for name in {names!r}:
    importlib.import_module(name)
assert before == (dict(os.environ), [signal.getsignal(n) for n in (2, 15)])
assert logging.getLogger().handlers == logging.getLogger("listing_sync").handlers == []
assert threading.active_count() == 1
"""
    assert run_bare(program) == ""


def test_the_page_for_developers_names_every_room() -> None:
    page = (HOUSE.parent / "docs" / "developing.md").read_text(encoding="utf-8")
    rooms = {room_of(module) for module, path in MODULES.items() if path.parent != HOUSE}
    assert [
        room for room in sorted(rooms) if f"`{room}" not in page and f"{room}/" not in page
    ] == []


def test_every_module_says_what_it_does_in_a_sentence_that_reads_once() -> None:
    mould = re.compile(r"\b(in|out)[,:;.]? .*\bout\b|^(A|An|The|What|One|Several|Who)\b")
    wrong = []
    for module, path in MODULES.items():
        docstring = ast.get_docstring(tree_of(path)) or ""
        first = docstring.split("\n", maxsplit=1)[0]
        if not module.endswith("__init__") and (mould.search(first) or not first.endswith(".")):
            wrong.append(f"{module}: {first}")
    assert not wrong
