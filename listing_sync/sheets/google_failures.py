"""Make the two errors of Google's: of the moment, and for good."""

from __future__ import annotations

from listing_sync.errors import Category, PermanentError, Service, TransientError

MESSAGE_LENGTH = 300
"""Characters of what a library or an identity provider says that are shown."""


def transient(message: str) -> TransientError:
    """Return a failure of the moment."""
    return TransientError(message, service=Service.GOOGLE, category=Category.NETWORK)


def permanent(message: str, http_status: int | None = None, code: str = "") -> PermanentError:
    """Return a failure that another try will not mend."""
    return PermanentError(
        message,
        service=Service.GOOGLE,
        category=Category.UNKNOWN,
        http_status=http_status,
        code=code or None,
    )
