"""`make man`: write docs/man/listing-sync.1 from the command line itself.

Source: man-pages(7), which sections there are; groff_man(7), the macros.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from listing_sync import __version__
from listing_sync.cli.app import program
from listing_sync.cli.help_texts import HELP

PAGE = Path(__file__).parents[1] / "docs" / "man" / "listing-sync.1"

_EXIT_STATUS = {
    "0": "Done: every listing is in the table; a dry run has its plan; health: healthy.",
    "1": "Done in part: listings were rejected, failed or not found; health: degraded.",
    "2": "Wrong usage; health: unhealthy.",
    "3": "The run failed or was refused; health: unknown.",
    "70": "A bug in listing-sync.",
    "75": "Another run is going on and did not finish in time.",
    "78": "A setting, the mapping or a key file is invalid; nothing was contacted.",
    "130, 143": "Stopped by SIGINT or SIGTERM, after recording the run.",
}
_FILES = {
    ".env": "The settings, in the working directory, unless --env-file names another.",
    "$STATE_DIRECTORY or the user's state directory": (
        "Lock, breakers, journal, undo and snapshots (SYNC_STATE_DIR); must persist."
    ),
}


def man_page() -> str:
    """Return the page."""
    group: Any = typer.main.get_command(program())
    lines = [
        '.\\" Made by `make man` from the command line; do not edit.',
        f'.TH LISTING\\-SYNC 1 "" "listing\\-sync {__version__}" "User Commands"',
        ".SH NAME",
        "listing\\-sync \\- make a Supabase table say what a Google Sheet says",
        ".SH SYNOPSIS",
        ".B listing\\-sync",
        "[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...",
        ".SH DESCRIPTION",
        _roff(group.help),
        "Every row of the sheet is checked; a listing with a wrong cell is rejected with cell and",
        "reason and keeps its former row in the table. Only differences are written.",
        ".SH OPTIONS",
        "Taken before and after the command.",
        *_options(group),
        ".SH COMMANDS",
        *(line for name, command in _commands(group) for line in _command(name, command)),
        ".SH EXIT STATUS",
        *_list(_EXIT_STATUS),
        ".SH ENVIRONMENT",
        "Every setting is an environment variable or a line of the settings file;",
        ".B listing\\-sync settings",
        "shows them all with their values. SUPABASE_URL, SUPABASE_SERVICE_ROLE_KEY and",
        "SYNC_SPREADSHEET_ID or SYNC_SHEET_FILE are required. NO_COLOR is honoured.",
        ".SH FILES",
        *_list(_FILES),
        ".SH SEE ALSO",
        ".BR crontab (5),",
        ".BR systemd.timer (5)",
    ]
    return "\n".join(lines) + "\n"


def _commands(group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        whole = f"{above} {name}".strip()
        if getattr(command, "invoke_without_command", False):
            yield whole, command
        if hasattr(command, "commands"):
            yield from _commands(command, whole)
        else:
            yield whole, command


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [
        f"[\\fI{_roff(param.metavar)}\\fR]"
        for param in command.params
        if param.param_type_name == "argument"
    ]
    yield f".SS {_roff(name)} {' '.join(arguments)}".rstrip()
    yield _roff(command.help)
    yield from _options(command)
    yield ".PP"
    yield "Examples:"
    yield ".EX"
    yield from (f"  {_roff(example)}" for example in HELP[name].examples)
    yield ".EE"


def _options(command: Any) -> Iterator[str]:
    for param in command.params:
        if (
            param.param_type_name != "option"
            or "--help" in param.opts
            or "completion" in param.name
        ):
            continue
        names = ", ".join(f"\\fB{_roff(name)}\\fR" for name in reversed(param.opts))
        value = "" if param.is_flag else f" \\fI{_roff(param.metavar)}\\fR"
        yield ".TP"
        yield f"{names}{value}"
        yield _roff(param.help)


def _list(items: dict[str, str]) -> Iterator[str]:
    for term, text in items.items():
        yield ".TP"
        yield _roff(term)
        yield _roff(text)


def _roff(text: str | None) -> str:
    """Return a text in which nothing is a request or an escape."""
    plain = " ".join((text or "").split()).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    PAGE.write_text(man_page(), encoding="utf-8")
