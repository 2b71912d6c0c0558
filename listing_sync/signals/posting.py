"""Post once to an address that is itself a secret, and say why it failed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from listing_sync.ports import NotTaken

if TYPE_CHECKING:
    from requests import PreparedRequest

_NOT_IN_TIME = "no answer in {:g} s"


_MAY_PASS = frozenset({408, 425, 429})


def is_final(http_status: int) -> bool:
    """Return whether an answer says that the same will never be taken."""
    return 400 <= http_status < 500 and http_status not in _MAY_PASS  # noqa: PLR2004 - client error


def post(url: str, body: bytes, content_type: str, *, timeout_s: float) -> NotTaken | None:
    """Return None when the address took the body, else why not, without naming the address.

    requests bounds each socket operation only; a thread that is not waited for bounds the whole.
    """
    why: list[NotTaken | None] = []
    thread = threading.Thread(
        target=lambda: why.append(_post(url, body, content_type, timeout_s)), daemon=True
    )
    thread.start()
    thread.join(timeout_s)
    return why[0] if why else NotTaken(_NOT_IN_TIME.format(timeout_s))


def _post(url: str, body: bytes, content_type: str, timeout_s: float) -> NotTaken | None:
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
            if response.ok and not response.is_redirect:
                return None
            status = response.status_code
            return NotTaken(f"HTTP {status}", is_final=is_final(status))
    except requests.Timeout:
        return NotTaken(_NOT_IN_TIME.format(timeout_s))
    except Exception as error:  # noqa: BLE001 - a signal that fails must not fail a good run
        return NotTaken(type(error).__name__)  # its text holds the address


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    """Add no credentials; without an `auth`, requests takes those of ~/.netrc."""
    return request
