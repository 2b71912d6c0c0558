"""SYNC_STATE_DIR: where it is, a folder per target in it, and how files get there whole."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from listing_sync.cells.foreign_json import read_foreign_json, weigh
from listing_sync.cells.json_exact import decode, encode
from listing_sync.errors import RefusedError, SettingsError
from listing_sync.history.exposure import disk_problem, folder_problem
from listing_sync.language.sentences import joined, phrase
from listing_sync.language.system_words import system_words
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Clock
from listing_sync.regular_file import read_regular

_WITHOUT_HOME = Path("/var/lib/listing-sync")
_OWNER_ONLY = 0o700
LARGEST_STATE_BYTES = 64 * 1024 * 1024
# A document that keeps its own text may have more than one line; no JSON holds these bytes.
_ON_ONE_LINE = bytes.maketrans(b"\n\r", b"\x0b\x0c")
_AS_WRITTEN = bytes.maketrans(b"\x0b\x0c", b"\n\r")


def find_state_dir(setting: Path | None, environment: Mapping[str, str]) -> Path:
    """Return SYNC_STATE_DIR, else the one systemd made, else the user's own; it may not exist."""
    if setting is not None:
        return setting
    if from_systemd := environment.get("STATE_DIRECTORY"):
        return Path(from_systemd.split(":")[0])
    import platformdirs  # noqa: PLC0415 - 18 ms that most set-ups never need

    try:
        home = Path(platformdirs.user_state_dir("listing-sync", appauthor=False))
    except RuntimeError:  # a number without an entry among the users, as in containers
        return _WITHOUT_HOME
    return home if home.is_absolute() else _WITHOUT_HOME


def target_folder(host: str, table: str) -> str:
    """Return a name that a person knows again and that no other target has."""
    digest = hashlib.sha256(f"{host}\n{table}".encode()).hexdigest()[:8]
    return re.sub(r"[^A-Za-z0-9.-]+", "_", f"{host}-{table}").strip(".")[:100] + f"-{digest}"


@dataclass(frozen=True, slots=True)
class StateDir:
    """The state of one target: `path` is its folder in `root`; `warn` tells the person who runs it.

    Reading raises OSError for what is there and cannot be read; what is not there is None.
    """

    root: Path
    path: Path
    clock: Clock
    warn: Callable[[str], None]

    def require_writable(self) -> None:
        """Make the folders, for their owner only; raise SettingsError unless files can be made."""
        try:
            make_folder(self.root)
            make_folder(self.path)
            problems = [
                problem for folder in (self.root, self.path) if (problem := exposure(folder))
            ]
            if problems:
                raise SettingsError(
                    tuple(joined(": ", ("SYNC_STATE_DIR", problem)) for problem in problems)
                )
            for folder in (self.root, self.path):
                with tempfile.TemporaryFile(dir=folder) as probe:
                    probe.write(b"x")
        except OSError as error:
            disk = disk_problem(error.errno, str(self.root))
            problem = phrase(
                "SYNC_STATE_DIR: {root} cannot be written ({why}), and without"
                " its lock two runs could meet: name a directory of the user who runs"
                " this",
                root=self.root,
                why=system_words(error),
            )
            problem = joined(": ", ("SYNC_STATE_DIR", disk)) if disk else problem
            raise SettingsError((problem,)) from error

    def read_json(self, name: str) -> object:
        """Return the document in a file of this target, None when there is none or it is damaged.

        A damaged file is set aside, with a warning.
        """
        path = self.path / name
        try:
            return read_foreign_json(read_regular(path, LARGEST_STATE_BYTES))
        except FileNotFoundError:
            return None
        except ValueError:
            self.set_aside(path)
            return None

    def write_json(self, name: str, document: object, *, outlasts_power: bool = True) -> None:
        """Replace a file of this target by the document, whole or not at all."""
        content = encode_json(document)
        write_atomically(self.path / name, content, outlasts_power=outlasts_power)

    def set_aside(self, path: Path) -> None:
        """Rename a damaged file so that nobody meets it again, and warn."""
        aside = path.with_name(f"{path.name}.damaged-{self.clock.now():%Y%m%dT%H%M%SZ}")
        try:
            path.rename(aside)
        except OSError as error:
            self.warn(
                phrase(
                    "{path} is damaged and cannot be set aside ({why}): ignored",
                    path=path,
                    why=system_words(error),
                )
            )
        else:
            self.warn(phrase("{path} is damaged: set aside as {name}", path=path, name=aside.name))


def encode_json(document: object) -> bytes:
    """Return the document on one line, without its end; lone surrogates survive a round trip."""
    return on_one_line(encode(document).encode("utf-8", "surrogatepass"))


def on_one_line(text: bytes) -> bytes:
    """Return JSON text without the line ends that a document's own text may have."""
    return text.translate(_ON_ONE_LINE) if b"\n" in text or b"\r" in text else text


def decode_json(line: bytes, frames: int) -> Any:
    """Return the document that `encode_json` wrote; `frames` as in `json_exact.decode`.

    Raises:
        ValueError: it wrote no such thing.
    """
    weigh(line, keeps_text=True)
    try:
        return decode(line.translate(_AS_WRITTEN).decode("utf-8", "surrogatepass"), frames)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


@contextmanager
def read_as_ours(path: Path) -> Iterator[None]:
    """Refuse a file that holds what this program does not write."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, EOFError, zlib.error) as error:
        raise RefusedError(
            phrase(
                "{path} is damaged, or was not written by listing-sync: it cannot be"
                " gone back to; move it out of its folder to go on without it",
                path=path,
            )
        ) from error


def write_atomically(path: Path, content: bytes, *, outlasts_power: bool = True) -> None:
    """Put a file in place that its owner alone can read, so that a crash leaves old or new.

    One that need not outlast a loss of power does not wait for the disk.
    """
    make_folder(path.parent)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if outlasts_power:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    if outlasts_power:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner only."""
    missing = [each for each in (folder, *folder.parents) if not each.is_dir()]
    for each in reversed(missing):  # `parents=True` would leave those above to the umask
        each.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        each.chmod(_OWNER_ONLY)


def exposure(folder: Path) -> str | None:
    """Return who else may write in a folder, as a problem; None: nobody."""
    status = folder.stat()
    return folder_problem(str(folder), status.st_uid, status.st_mode, os.geteuid())
