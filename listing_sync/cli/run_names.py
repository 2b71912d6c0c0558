"""Take the name of a run as a person writes it."""

from __future__ import annotations

import re

import typer

from listing_sync.cells.wording import plain

WHOLE_ID = 36
_RUN_NAME = re.compile(
    r"latest|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=[0-9a-f]{4})[0-9a-f-]{4,35}"
)


def checked_run_name(text: str, *, param_hint: str) -> str:
    """Return an id, the beginning of one, or `latest`, in small letters.

    Raises:
        typer.BadParameter: it can be none of them.
    """
    name = text.lower()
    if not _RUN_NAME.fullmatch(name):
        raise typer.BadParameter(
            f"{plain(text)!r} names no run: give its id (`listing-sync status` shows them), at"
            " least the first 4 characters of it, or latest",
            param_hint=param_hint,
        )
    return name
