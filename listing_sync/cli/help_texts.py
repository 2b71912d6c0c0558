"""Give each command's help its line in the list, its examples and its exit codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import typer

from listing_sync.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Help:
    """What help says of a command besides its options; `short` fits the list of commands whole."""

    short: str
    examples: tuple[str, ...]
    codes: Mapping[str, str]

    def epilog(self) -> str:
        """Return the text below the options, whose lines click leaves as they are."""
        lines = ["\b", "Examples:", *(f"  {example}" for example in self.examples)]
        lines += ["", "\b", "Exit codes:"]
        in_order = sorted(self.codes.items(), key=lambda item: int(item[0].partition(",")[0]))
        lines += [f"  {code:<9} {meaning}" for code, meaning in in_order]
        return "\n".join(lines)


_COMMON: Final = {
    "2": "wrong usage",
    "70": "a bug in listing-sync",
    "78": "a setting, the mapping or a key file is invalid",
}
_SYNC: Final = {
    "0": "every listing is in the table (dry run: the plan is made)",
    "1": "some listings were, or would be, rejected, failed or not found",
    "3": "failed: sheet or Supabase unreachable, or refused by a limit",
    "75": "another run is going on and did not finish in time",
    "130, 143": "stopped by Ctrl-C or SIGTERM, after recording the run",
    **_COMMON,
}
_DONE: Final = {"0": "done", "3": "failed: sheet or Supabase unreachable, or refused", **_COMMON}
_TOKENS: Final = {"0": "done", **_COMMON}


def _and(meaning_of_1: str) -> dict[str, str]:
    return {"0": "done", "1": meaning_of_1, **_DONE}


HELP: Final[Mapping[str, Help]] = {
    "init": Help(
        "Write the first settings file and mapping.",
        (
            "listing-sync init",
            "listing-sync init --url https://xyz.supabase.co --supabase-key-file key \\",
            "    --google-key google.json --sheet https://docs.google.com/... --yes",
        ),
        _DONE,
    ),
    "sync": Help("Make the table say what the sheet says.", ("listing-sync sync all",), _SYNC),
    "sync all": Help(
        "Sync every listing of the sheet.",
        (
            "listing-sync sync all --dry-run",
            "listing-sync sync all",
            "listing-sync sync all --prune --prune-limit 5",
        ),
        _SYNC,
    ),
    "sync numbers": Help(
        "Sync the listings named.",
        (
            "listing-sync sync numbers AA12345 AA12346",
            "listing-sync sync numbers --from-file numbers.txt --dry-run",
        ),
        _SYNC,
    ),
    "status": Help(
        "Show runs, rejections, or one listing's story.",
        (
            "listing-sync status",
            "listing-sync status latest",
            "listing-sync status --listing AA12345",
            "listing-sync status --rejected",
        ),
        _and("no such run or listing; with --rejected: something is rejected"),
    ),
    "health": Help(
        "Check settings, sheet, table and recent runs.",
        ("listing-sync health", "listing-sync health --json"),
        {
            "0": "healthy",
            "1": "degraded",
            "2": "unhealthy",
            "3": "unknown: nothing could be asked",
            "70": _COMMON["70"],
            "78": _COMMON["78"],
        },
    ),
    "settings": Help(
        "Show the settings in force, and their origin.",
        ("listing-sync settings", "listing-sync --env-file office.env settings --json"),
        {"0": "done", **_COMMON},
    ),
    "pause": Help(
        "Put `sync all` on hold on every machine.",
        ("listing-sync pause --reason 'the sheet is being reordered'",),
        _and("on hold here, but other machines could not be told"),
    ),
    "resume": Help(
        "Let syncing go on.",
        ("listing-sync resume", "listing-sync resume --everywhere"),
        _and("another machine still holds it"),
    ),
    "serve": Help(
        "Answer over HTTP, and show the page.",
        (
            "listing-sync serve",
            "listing-sync serve --host 0.0.0.0 --port 8787 --behind-tls",
        ),
        {"0": "stopped by Ctrl-C or SIGTERM", **_COMMON},
    ),
    "serve token": Help(
        "Who is let in by serve.",
        ("listing-sync serve token add office --role run", "listing-sync serve token list"),
        _TOKENS,
    ),
    "serve token add": Help(
        "Make a token and print it.",
        ("listing-sync serve token add office --role run",),
        _TOKENS,
    ),
    "serve token list": Help(
        "Name who is let in.", ("listing-sync serve token list",), {"0": "done", **_COMMON}
    ),
    "serve token remove": Help(
        "Let somebody in no more.",
        ("listing-sync serve token remove office",),
        {"0": "done", "1": "there is no such token", **_COMMON},
    ),
    "test-signals": Help(
        "Send a message to each webhook and monitor.",
        ("listing-sync test-signals",),
        {"0": "each was taken", "1": "one was not, or none is set", **_COMMON},
    ),
    "migrate": Help(
        "Move over from another sync, and back.",
        ("listing-sync migrate plan", "listing-sync migrate up"),
        _and("differences, or some listings were left as they are"),
    ),
    "migrate plan": Help(
        "Show pending SQL and what a first sync changes.",
        ("listing-sync migrate plan", "listing-sync migrate plan --sql > columns.sql"),
        _and("some listings would be rejected"),
    ),
    "migrate up": Help(
        "Apply the files of sql/.",
        ("listing-sync migrate up --dry-run", "listing-sync migrate up"),
        _DONE,
    ),
    "migrate verify": Help(
        "Compare table and sheet value by value.",
        ("listing-sync migrate verify", "listing-sync migrate verify --percent 10"),
        _and("they differ, or rows are rejected"),
    ),
    "migrate cutover": Help(
        "Snapshot, sync a share, verify it.",
        ("listing-sync migrate cutover --percent 10",),
        _SYNC,
    ),
    "migrate rollback": Help(
        "Back to a snapshot, or undo one run.",
        (
            "listing-sync migrate rollback --dry-run",
            "listing-sync migrate rollback --run latest",
        ),
        _and("some listings were changed since, and left as they are"),
    ),
}


def add_help(app: typer.Typer) -> None:
    """Put the texts into the commands, which are all there by now."""
    for name, item in _items(app):
        if name in HELP:
            item.short_help = HELP[name].short
            item.epilog = HELP[name].epilog()


def _items(app: typer.Typer, group: str = "") -> Iterator[tuple[str, typer.models.CommandInfo]]:
    for command in app.registered_commands:
        yield f"{group} {command.name}".strip(), command
    for sub in app.registered_groups:
        yield f"{group} {sub.name}".strip(), sub  # type: ignore[misc]  # a TyperInfo has these fields too
        if sub.typer_instance is not None:
            yield from _items(sub.typer_instance, f"{group} {sub.name}".strip())
