"""Take what options give, and ask on a terminal for the rest until it is right."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import typer

from listing_sync.errors import RefusedError, StoppedError
from listing_sync.language.sentences import phrase

Check = Callable[[str, str], str | None]
"""What is wrong with the answer (second) that would be the value of a setting (first), if any."""


class Given:
    """What was given by options, else asked for; what is lacking is told at once.

    A wrong answer is asked for again; what an option gives is judged later, with everything else.
    """

    def __init__(self, *, asks: bool, check: Check) -> None:
        self._asks = asks
        self._check = check
        self._missing: list[str] = []

    def text(self, option: str, question: str, value: str | None, *, setting: str) -> str:
        """Return the value, or the answer to the question."""
        return value or self._ask(option, question, setting)

    def path(self, option: str, question: str, value: Path | None, *, setting: str) -> str:
        """Return the whole path of a file that is given or answered."""
        if value is not None:
            return whole_path(str(value))
        return self._ask(option, question, setting, shape=whole_path)

    def secret(self, option: str, question: str, *, setting: str) -> str:
        """Return the answer, which is not shown while it is typed."""
        return self._ask(option, question, setting, hidden=True)

    def _ask(
        self,
        option: str,
        question: str,
        setting: str,
        *,
        shape: Callable[[str], str] = str.strip,
        hidden: bool = False,
    ) -> str:
        if not self._asks:
            self._missing.append(option)
            return ""
        while True:
            answer = shape(str(typer.prompt(question, hide_input=hidden)))
            problem = self._check(setting, answer)
            if problem is None:
                return answer
            typer.echo(problem, err=True)

    def refuse_missing(self) -> None:
        """Raise unless everything is given."""
        if self._missing:
            raise typer.BadParameter(f"without a terminal it wants {', '.join(self._missing)}")


def whole_path(text: str) -> str:
    """Return a path as any folder understands it; empty stays empty."""
    text = text.strip()
    return os.path.abspath(os.path.expanduser(text)) if text else ""  # noqa: PTH100, PTH111 - Path keeps ..


def need_yes_or_terminal(*, yes: bool) -> None:
    """Raise where nobody could be asked and --yes is not given."""
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("--yes is needed where there is no terminal to ask on")


def consent(question: str, *, yes: bool) -> None:
    """Ask on the terminal unless told not to; a no, or Ctrl-C, ends the command."""
    if yes:
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        raise StoppedError(phrase("stopped: nothing was changed"), signal=signal.SIGINT) from None
    finally:
        signal.signal(signal.SIGINT, before)
    if not agreed:
        raise RefusedError(phrase("nothing was changed"))
