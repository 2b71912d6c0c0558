"""Build the one idea of which servers are trusted, from the variables that name certificates.

Libraries read them each in their own way (httpx the first two, requests the others); here all
count, for every service alike. Where none is set, those of Mozilla count, which come with certifi.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_LARGEST_BYTES = 16 * 1024 * 1024
"""Fifty times what all of Mozilla's certificates take."""


def tls_context() -> ssl.SSLContext:
    """Return what every connection is made with.

    Raises:
        ValueError: a variable names no certificates.
    """
    places = _places()
    if not places:
        import certifi  # noqa: PLC0415 - only where nothing is named

        return ssl.create_default_context(cafile=certifi.where())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for problem in _problems_of(context, places):
        raise problem
    return context


def certificate_problems() -> tuple[str, ...]:
    """Return what is wrong with the variables, each by its name and its file."""
    places = _places()
    if not places:
        return ()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return tuple(map(str, _problems_of(context, places)))


def _problems_of(
    context: ssl.SSLContext, places: Sequence[tuple[str, str]]
) -> Iterator[ValueError]:
    """Load every place; yield what is wrong with each.

    A file that several variables name is loaded once: all of Mozilla's take 10 ms.
    """
    loaded: set[str] = set()
    for name, place in places:
        if place in loaded and name != "SSL_CERT_DIR":
            continue
        try:
            _load(context, name, place)
        except ValueError as error:
            yield error
        else:
            loaded |= {place} if Path(place).is_file() else set()


def _places() -> list[tuple[str, str]]:
    """Return each variable that is set with each of its places; a folder's may be several."""
    found = []
    for name in _VARIABLES:
        text = os.environ.get(name, "")
        parts = text.split(os.pathsep) if name == "SSL_CERT_DIR" else [text]
        found += [(name, part) for part in parts if part]
    return found


def _load(context: ssl.SSLContext, name: str, place: str) -> None:
    path = Path(place)
    if path.is_dir() and name != "SSL_CERT_FILE":
        context.load_verify_locations(capath=place)
        return
    if name == "SSL_CERT_DIR" or (path.exists() and not path.is_file()):
        expected = "folder" if name == "SSL_CERT_DIR" else "file"
        raise ValueError(f"{name}: {place} is no {expected}")
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ValueError(f"{name}: {place} is larger than {_LARGEST_BYTES >> 20} MiB")
        context.load_verify_locations(cafile=place)
    except ssl.SSLError:  # an OSError as well
        raise ValueError(f"{name}: {place} holds no certificate in PEM") from None
    except OSError as error:
        raise ValueError(f"{name}: cannot read {place}: {error.strerror}") from None
