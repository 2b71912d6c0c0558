"""Post once to an address that is itself a secret, and say why it failed."""

from __future__ import annotations

import threading

from listing_sync.ports import NotTaken

_NOT_IN_TIME = "no answer in {:g} s"


_MAY_PASS = frozenset({408, 425, 429})


def is_final(http_status: int) -> bool:
    """Return whether an answer says that the same will never be taken."""
    return 400 <= http_status < 500 and http_status not in _MAY_PASS  # noqa: PLR2004 - client error


def post(url: str, body: bytes, content_type: str, *, timeout_s: float) -> NotTaken | None:
    """Return None when the address took the body, else why not, without naming the address.

    Looking up a name knows no deadline; a thread that is not waited for bounds the whole.
    """
    why: list[NotTaken | None] = []
    thread = threading.Thread(
        target=lambda: why.append(_post(url, body, content_type, timeout_s)), daemon=True
    )
    thread.start()
    thread.join(timeout_s)
    return why[0] if why else NotTaken(_NOT_IN_TIME.format(timeout_s))


def _post(url: str, body: bytes, content_type: str, timeout_s: float) -> NotTaken | None:
    import httpx  # noqa: PLC0415 - most runs have nothing to post

    from listing_sync.reachability import ProxyRefusedError  # noqa: PLC0415
    from listing_sync.transport import build_client  # noqa: PLC0415

    headers = {"Content-Type": content_type, "User-Agent": "listing-sync"}
    try:
        # The answer is not read beyond its status: whoever gives it may send one without an end.
        with (
            build_client(timeout_s=timeout_s, connections=1, on_bytes=lambda _: None) as http,
            http.stream("POST", url, content=body, headers=headers) as response,
        ):
            status = response.status_code
            return (
                None
                if response.is_success
                else NotTaken(f"HTTP {status}", is_final=is_final(status))
            )
    except httpx.TimeoutException:
        return NotTaken(_NOT_IN_TIME.format(timeout_s))
    except ProxyRefusedError as error:
        return NotTaken(str(error))
    except Exception as error:  # noqa: BLE001 - a signal that fails must not fail a good run
        return NotTaken(type(error).__name__)  # its text holds the address
