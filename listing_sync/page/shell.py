"""Put a document around what a page shows: self-contained, with a policy that allows no more."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from listing_sync.language.catalogue import spoken_language
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.page.html_parts import text


@dataclass(frozen=True, slots=True)
class Shell:
    """What a document has beside its body; `scripts` are files of this room.

    `asks` lets it post its forms to, and ask, the server that it comes from.
    """

    title: str
    icon: str
    scripts: Sequence[str] = ()
    head: str = ""
    asks: bool = False

    def policy(self) -> str:
        """Return what a browser may do with the document."""
        own = "'self'" if self.asks else "'none'"
        scripts = " ".join(f"'{_digest(part(name))}'" for name in self.scripts) or "'none'"
        return (
            f"default-src 'none'; style-src '{_digest(part('page.css'))}'; script-src {scripts};"
            f" img-src data:; base-uri 'none'; form-action {own}; connect-src {own}"
        )

    def around(self, body: str) -> str:
        """Return the document."""
        scripts = "".join(f"<script>{part(name)}</script>\n" for name in self.scripts)
        return f"""<!doctype html>
<html lang="{spoken_language()}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{self.policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
{self.head}<title>{text(self.title)}</title>
<link rel="icon" href="{self.icon}">
<style>{part("page.css")}</style>
</head>
<body>
{body}
{scripts}</body>
</html>
"""


@cache
def part(name: str) -> str:
    """Return a file of this room."""
    return files("listing_sync.page").joinpath(name).read_text(encoding="utf-8")


@cache
def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
