"""Take what options give, and ask on a terminal for the rest."""

from __future__ import annotations

import typer


class Given:
    """What was given by options, else asked for; what is lacking is told at once."""

    def __init__(self, *, asks: bool) -> None:
        self._asks = asks
        self._missing: list[str] = []

    def text(self, option: str, question: str, value: str | None) -> str:
        """Return the value, or the answer to the question."""
        if value:
            return value
        return self._ask(option, question, hidden=False)

    def secret(self, option: str, question: str) -> str:
        """Return the answer, which is not shown while it is typed."""
        return self._ask(option, question, hidden=True)

    def _ask(self, option: str, question: str, *, hidden: bool) -> str:
        if self._asks:
            return str(typer.prompt(question, hide_input=hidden)).strip()
        self._missing.append(option)
        return ""

    def refuse_missing(self) -> None:
        """Raise unless everything is given."""
        if self._missing:
            raise typer.BadParameter(f"without a terminal it wants {', '.join(self._missing)}")
