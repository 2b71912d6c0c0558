"""Open a file that a setting or this program names, without waiting and never without an end.

A named pipe holds whoever opens it until somebody writes into it, and a device never ends.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from io import BufferedReader

LARGEST_SETTING_BYTES: Final = 1024 * 1024
"""Of a settings, key or mapping file, or one of certificates: a hundred times what one takes."""


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading without waiting; OSError for a pipe, a device or a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return open(handle, "rb")  # noqa: PTH123 - closed by the caller


def read_regular(path: Path, largest_bytes: int = LARGEST_SETTING_BYTES) -> bytes:
    """Return what is in a file; OSError for what is none, or is larger."""
    with open_regular(path) as file:
        content: bytes | None = file.read(largest_bytes + 1)
    if content is None:  # a file of the kernel's, such as /proc/kmsg
        raise OSError(errno.EAGAIN, "it holds nothing yet", str(path))
    if len(content) > largest_bytes:
        size = f"{largest_bytes >> 20} MiB"
        raise OSError(errno.EFBIG, f"larger than any such file ({size})", str(path))
    return content
