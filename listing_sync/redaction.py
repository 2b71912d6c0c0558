"""Take secrets out of every text that leaves the program: the one place that knows how.

Known are the values of the settings with their parts, in each form in which a text may hold them,
and the shapes of what services give: tokens that no setting names.

Source: Google, "OAuth 2.0 token formats" (ya29., 1//, GOCSPX-); RFC 7468 (PEM); RFC 7519 (JWT);
Supabase docs, "Understanding API keys" (sb_secret_, sbp_).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

from listing_sync.cells.wording import plain

REDACTED = "[secret]"

_SHORTEST_PART = 4
_SHORTEST_SEGMENT = 8
_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\bya29\.[\w.-]+"
    r"|(?<![\w/])1//[\w-]{10,}"
    r"|\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"
    r"|\bsb_secret_\w+"
    r"|\bsbp_\w{16,}"
    r"|\bGOCSPX-[\w-]+"
    r"|\bAIza[\w-]{30,}"
    r"|(?<=://)(?!user:password@)[^\s/@:]*:[^\s/@]+(?=@)"  # but for what a message asks for
    r"|(?<=hooks\.slack\.com/)[\w/-]+"
    r"|(?<=[Bb]earer )[\w.~+/=-]{8,}",
    re.DOTALL | re.ASCII,
)


class Redaction:
    """Replaces every secret in a text by [secret]."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # As it is, as text and JSON escape it, and as an address does.
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        return _SHAPES.sub(REDACTED, text)


def parts_of_url(url: str) -> tuple[str, ...]:
    """Return the parts of an address that are secret by themselves: password, path, token."""
    try:
        split = urlsplit(url)
        password, path, query = split.password or "", split.path, split.query
    except ValueError:
        return ()
    segments = [part for part in path.split("/") if len(part) >= _SHORTEST_SEGMENT]
    whole = path.strip("/") if segments else ""
    values = [pair.partition("=")[2] for pair in query.split("&")]
    found = (password, unquote(password), whole, *segments, *values)
    return tuple(dict.fromkeys(part for part in found if len(part) >= _SHORTEST_PART))


def _forms(secret: str) -> Iterable[str]:
    return secret, plain(secret), json.dumps(secret)[1:-1], quote(secret, safe="")
