"""Keep what is remembered of a source in a file that tells whether it is whole.

Line by line: what it is and of which version, a checksum of the rest, and the rest.
"""

from __future__ import annotations

from hashlib import blake2b, sha256
from pathlib import Path

from listing_sync.machine.state_dir import LARGEST_STATE_BYTES, write_atomically
from listing_sync.regular_file import read_regular


def name_of(prefix: str, source: str) -> str:
    """Return the name of the file of a source, which may itself be no name of a file."""
    return f"{prefix}-{blake2b(source.encode(), digest_size=6).hexdigest()}"


def read_checked(path: Path, form: bytes) -> bytes:
    """Return the rest.

    Raises:
        OSError: there is no file, or it cannot be read.
        ValueError: it is damaged, or of another form.
    """
    found, checksum, rest = read_regular(path, LARGEST_STATE_BYTES).split(b"\n", 2)
    if found != form or _checksum(rest) != checksum:
        raise ValueError(f"damaged, or not {form.decode()}")
    return rest


def write_checked(path: Path, form: bytes, rest: bytes) -> None:
    """Replace the file; raises OSError when it cannot be kept."""
    write_atomically(path, b"\n".join((form, _checksum(rest), rest)))


def _checksum(rest: bytes) -> bytes:
    return sha256(rest).hexdigest().encode()
