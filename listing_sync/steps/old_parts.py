"""Name the part below this program that is older than a reader of strange files should be."""

from __future__ import annotations

from listing_sync.language.sentences import phrase

_EXPAT = (2, 6, 0)


def old_parts(expat: tuple[int, int, int] | None = None) -> str:
    """Return that the settings are valid, and which parser of .xlsx files is too old, if it is.

    Source: libexpat's change log, 2.6.0 (quadratic time for large tokens, CVE-2023-52425).
    """
    from xml.parsers.expat import version_info  # noqa: PLC0415 - of one check alone

    found = expat or version_info
    version = ".".join(map(str, found))
    if found >= _EXPAT:
        return phrase("valid")
    return phrase("valid; expat {version} is older than 2.6: update it", version=version)
