"""Post once to an address that is itself a secret, and say why it failed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from requests import PreparedRequest

_NOT_IN_TIME = "no answer in {:g} s"


def post(url: str, body: bytes, content_type: str, *, timeout_s: float) -> str | None:
    """Return None when the address took the body, else why not, without naming the address.

    requests bounds each socket operation only; a thread that is not waited for bounds the whole.
    """
    why: list[str | None] = []
    thread = threading.Thread(
        target=lambda: why.append(_post(url, body, content_type, timeout_s)), daemon=True
    )
    thread.start()
    thread.join(timeout_s)
    return why[0] if why else _NOT_IN_TIME.format(timeout_s)


def _post(url: str, body: bytes, content_type: str, timeout_s: float) -> str | None:
    import requests  # noqa: PLC0415 - 200 ms that most runs do without

    try:
        # The answer is not read beyond its status: whoever gives it may send one without an end.
        with requests.post(
            url,
            data=body,
            headers={"Content-Type": content_type, "User-Agent": "listing-sync"},
            timeout=timeout_s,
            allow_redirects=False,
            stream=True,
            auth=_as_it_is,
        ) as response:
            is_taken = response.ok and not response.is_redirect
            return None if is_taken else f"HTTP {response.status_code}"
    except requests.Timeout:
        return _NOT_IN_TIME.format(timeout_s)
    except Exception as error:  # noqa: BLE001 - a signal that fails must not fail a good run
        return type(error).__name__  # its text holds the address


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    """Add no credentials; without an `auth`, requests takes those of ~/.netrc."""
    return request
