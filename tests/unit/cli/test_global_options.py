"""The program's options are taken wherever they stand."""

from __future__ import annotations

import pytest

from listing_sync.cli.global_options import command_of, hoisted


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("sync all -v", "-v sync all"),
        ("-q sync all --json", "-q sync all --json"),
        ("status --env-file a.env --limit 3", "--env-file a.env status --limit 3"),
        ("health --env-file=a.env", "--env-file=a.env health"),
        ("sync --log-format json all", "--log-format json sync all"),
        ("sync numbers -- -v", "sync numbers -- -v"),
        ("sync all --env-file", "--env-file sync all"),
        ("", ""),
    ],
)
def test_an_option_of_the_program_counts_wherever_it_stands(typed: str, understood: str) -> None:
    assert hoisted(typed.split()) == understood.split()


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("-v sync all", "sync"),
        ("--env-file status -q health --json", "health"),
        ("--env-file=a.env health", "health"),
        ("--help sync", "--help"),
        ("--env-file", None),
        ("-v", None),
        ("", None),
    ],
)
def test_the_command_is_what_follows_the_programs_own_options(
    arguments: str, command: str | None
) -> None:
    assert command_of(arguments.split()) == command
