"""Bring the program's own options to the front, wherever in the command they were typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_FLAGS: Final = frozenset({"-v", "--verbose", "-q", "--quiet"})
_WITH_VALUE: Final = frozenset({"--env-file", "--log-format"})


def hoisted(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the program's options first: `sync all -v` is `-v sync all`.

    What stands behind `--` stays where it is. No command has an option of these names.
    """
    options: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            return [*options, *rest, argument, *waiting]
        if argument in _FLAGS or argument.partition("=")[0] in _WITH_VALUE - {argument}:
            options.append(argument)
        elif argument in _WITH_VALUE:
            options += [argument, *(value for value in (next(waiting, None),) if value is not None)]
        else:
            rest.append(argument)
    return [*options, *rest]


def command_of(arguments: Sequence[str]) -> str | None:
    """Return what follows the program's own options, which come first: mostly a command."""
    waiting = iter(arguments)
    for argument in waiting:
        if argument in _WITH_VALUE:
            next(waiting, None)
        elif argument not in _FLAGS and argument.partition("=")[0] not in _WITH_VALUE:
            return argument
    return None
