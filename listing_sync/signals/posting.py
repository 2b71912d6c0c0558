"""Post once to an address that is itself a secret, and say why it failed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from listing_sync.language.sentences import phrase
from listing_sync.ports import NotTaken

_MAY_PASS = frozenset({408, 425, 429})


def is_final(http_status: int) -> bool:
    """Return whether an answer says that the same will never be taken."""
    return 400 <= http_status < 500 and http_status not in _MAY_PASS  # noqa: PLR2004 - client error


def not_in_time(timeout_s: float) -> str:
    """Return why a message was not taken that nobody answered."""
    return phrase("no answer in {seconds:g} s", seconds=timeout_s)


def post(url: str, body: bytes, content_type: str, *, timeout_s: float) -> NotTaken | None:
    """Return None when the address took the body, else why not, without naming the address.

    Looking up a name knows no deadline.
    """
    return within(timeout_s, lambda: _post(url, body, content_type, timeout_s))


def within(timeout_s: float, send: Callable[[], NotTaken | None]) -> NotTaken | None:
    """Return what `send` returns; a thread that is not waited for bounds what knows no deadline."""
    why: list[NotTaken | None] = []
    thread = threading.Thread(target=lambda: why.append(send()), daemon=True)
    thread.start()
    thread.join(timeout_s)
    return why[0] if why else NotTaken(not_in_time(timeout_s))


def _post(url: str, body: bytes, content_type: str, timeout_s: float) -> NotTaken | None:
    import requests  # noqa: PLC0415 - 200 ms that most runs do without

    from listing_sync.signals.session import (  # noqa: PLC0415
        proxy_of,
        refusal_of_proxy,
        session_for,
    )

    headers = {"Content-Type": content_type, "User-Agent": "listing-sync"}
    proxy = None
    try:
        proxy = proxy_of(url)
        # The answer is not read beyond its status: whoever gives it may send one without an end.
        with (
            session_for(url, proxy) as session,
            session.post(
                url,
                data=body,
                headers=headers,
                timeout=timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            if why := refusal_of_proxy(proxy, response.status_code, ""):
                return NotTaken(why)
            if response.ok and not response.is_redirect:
                return None
            return NotTaken(f"HTTP {response.status_code}", is_final=is_final(response.status_code))
    except requests.Timeout:
        return NotTaken(not_in_time(timeout_s))
    except requests.exceptions.ProxyError as error:
        return NotTaken(refusal_of_proxy(proxy, None, str(error)) or type(error).__name__)
    except Exception as error:  # noqa: BLE001 - a signal that fails must not fail a good run
        return NotTaken(type(error).__name__)  # its text holds the address
