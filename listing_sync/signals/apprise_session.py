"""Let requests, which Apprise's plugins call by themselves, follow the rules of every connection.

They make a session for each call and take none, so that its class is exchanged in their process.
"""

from __future__ import annotations

from typing import Any

import requests
from requests.exceptions import InvalidProxyURL
from urllib3.exceptions import HTTPError

from listing_sync.signals.session import prepare, proxy_of
from listing_sync.unpacking import unpacked

_LARGEST_BYTES = 1024 * 1024
_PIECE_BYTES = 64 * 1024

_Session = requests.Session


class RuledSession(_Session):
    """Follows no redirect, takes nothing from ~/.netrc, reads an answer to 1 MiB."""

    def request(self, method: Any, url: Any, *arguments: Any, **options: Any) -> requests.Response:
        """Send one request; RequestException where a variable names no proxy or certificates."""
        try:
            prepare(self, url, proxy_of(url), verifies=bool(options.pop("verify", True)))
        except ValueError as error:
            raise InvalidProxyURL(str(error)) from None
        options |= {"allow_redirects": False, "stream": True}
        answer = super().request(method, url, *arguments, **options)
        answer._content = _beginning(answer)  # noqa: SLF001 - read as requests would read it
        return answer


def let_requests_follow_our_rules() -> None:
    """Exchange the class of the sessions that are made from now on."""
    requests.Session = requests.sessions.Session = RuledSession  # type: ignore[misc]


def _beginning(answer: requests.Response) -> bytes:
    parts = iter(lambda: answer.raw.read(_PIECE_BYTES, decode_content=False), b"")
    content = bytearray()
    try:
        for piece in unpacked(answer.headers.get("Content-Encoding", ""), parts):
            content += piece
            if len(content) > _LARGEST_BYTES:
                break
    except (ValueError, OSError, HTTPError):
        return b""  # the status has been told
    return bytes(content[:_LARGEST_BYTES])
