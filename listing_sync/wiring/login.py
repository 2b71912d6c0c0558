"""Sign a person in with the OAuth client of a file."""

from __future__ import annotations

from pathlib import Path

from listing_sync.loading import text_of


def log_in_with(client: Path) -> str:
    """Return the credentials file of the person who agrees in the browser.

    Raises:
        SettingsError: the file is no OAuth client of a desktop app.
        ListingSyncError: nobody agreed, or Google refused.
    """
    from listing_sync.sheets.google_login import log_in

    name = "--oauth-client"
    text = text_of(name, str(client), "the JSON of an OAuth client")
    return log_in(text, name=f"{name} {client}")
