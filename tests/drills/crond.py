"""Start the program as cron does: a process, a few variables, no terminal, what it prints a mail.

The daemon has loaded the program's modules, so that a run costs a fork and not a start of Python:
each run is still a process of its own with its own environment, files, signals and exit code.
"""

from __future__ import annotations

import ctypes
import json
import os
import pkgutil
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

_ROOT = Path(__file__).parents[2]
_LIBRARIES = ("lib/*", "lib", "local/lib")
_LAZY = (
    "apprise",
    "googleapiclient.discovery",
    "google.auth.transport.requests",
    "google.oauth2.service_account",
    "requests",
    "rich.console",
    "rich.table",
)
_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000
_READ_ONLY, _REMOUNT, _PRIVATE, _BIND, _ALL = 0x1, 0x20, 0x40000, 0x1000, 0x4000


@dataclass(frozen=True, slots=True)
class Mail:
    """What cron would send, and how the process ended; no text, no mail."""

    code: int
    text: str

    @property
    def first_line(self) -> str:
        """What its reader sees first."""
        return self.text.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Plight:
    """What is wrong with the machine as a process sees it.

    `disk` of its folder of state is `full` or `read-only`, `late_s` is how far its clock is behind
    the real time. With `real_clock` its clock is wrong for all that asks for the time, by
    libfaketime where it is installed; without, that is the time of the services too.
    """

    disk: str | None = None
    late_s: float = 0.0
    real_clock: bool = False


SOUND = Plight()


def can_mount() -> bool:
    """Return whether a process may have mounts of its own here."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    return subprocess.run([unshare, "-rm", "true"], check=False).returncode == 0


class Crond:
    """Runs commands one after the other."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="listing-sync-cron-"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.drills.crond"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=10)
        shutil.rmtree(self._folder)

    def run(
        self,
        arguments: tuple[str, ...],
        settings: Mapping[str, str],
        folder: Path,
        plight: Plight = SOUND,
    ) -> Mail:
        """Run one command to its end."""
        library = faketime() if plight.real_clock else None
        if library is not None:
            return _run_under(library, plight.late_s, arguments, settings, folder)
        output = self._folder / "mail"
        job = self._job(arguments, settings, folder, plight, output)
        return Mail(self._ask(job), output.read_text(encoding="utf-8"))

    def start(
        self,
        arguments: tuple[str, ...],
        settings: Mapping[str, str],
        folder: Path,
        plight: Plight = SOUND,
    ) -> int:
        """Start one command; return the number of its process, which `kill` ends."""
        job = self._job(arguments, settings, folder, plight, self._folder / "lost")
        return self._ask(job | {"goes_on": True})

    def kill(self, process: int) -> None:
        """End a process that was started as a lack of memory or power does."""
        self._ask({"kill": process})

    def _ask(self, job: Mapping[str, object]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    @staticmethod
    def _job(
        arguments: tuple[str, ...],
        settings: Mapping[str, str],
        folder: Path,
        plight: Plight,
        output: Path,
    ) -> dict[str, object]:
        return {
            "arguments": ["listing-sync", *arguments],
            "environment": _environment(settings, folder),
            "folder": str(folder),
            "output": str(output),
            "state": settings.get("SYNC_STATE_DIR"),
            "disk": plight.disk,
            "late_s": plight.late_s,
            "is_clock_off": plight.real_clock,
        }


def faketime() -> Path | None:
    """Return the library that moves the clock of a process, None where it is not installed."""
    if named := os.environ.get("LIBFAKETIME"):
        return Path(named)
    found = (Path("/").glob(f"usr/{place}/faketime/libfaketime.so.1") for place in _LIBRARIES)
    return next(chain.from_iterable(found), None)


def _run_under(
    library: Path,
    late_s: float,
    arguments: tuple[str, ...],
    settings: Mapping[str, str],
    folder: Path,
) -> Mail:
    done = subprocess.run(
        [sys.executable, "-m", "listing_sync", *arguments],
        cwd=folder,
        env={
            **_environment(settings, folder),
            "PYTHONPATH": str(_ROOT),
            "LD_PRELOAD": str(library),
            "FAKETIME": f"{-late_s:+.0f}s",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    return Mail(done.returncode, done.stdout)


def _environment(settings: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return what cron gives to a process, and what the crontab sets."""
    bare = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": str(folder), "LOGNAME": "office"}
    return bare | dict(settings)


# -- the daemon -----------------------------------------------------------------------------------


def _serve() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for module in (*_LAZY, *_modules_of("listing_sync")):
        import_module(module)
    for line in sys.stdin:
        job = json.loads(line)
        if child := job.get("kill"):
            os.kill(child, signal.SIGKILL)
        else:
            child = os.fork()
            if child == 0:
                _become(job)
        print(child if job.get("goes_on") else _end_of(child), flush=True)


def _end_of(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _modules_of(package: str) -> list[str]:
    paths = import_module(package).__path__
    found = (each.name for each in pkgutil.walk_packages(paths, f"{package}."))
    return [name for name in found if not name.endswith("__main__")]


def _become(job: Mapping[str, Any]) -> NoReturn:
    """Be one run of the program, to the end of this process."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        mail = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for number, handle in enumerate((nothing, mail, mail)):
            os.dup2(handle, number)
        os.environ.clear()
        os.environ.update(job["environment"])
        os.chdir(job["folder"])
        if job["disk"]:
            _spoil_disk(job["disk"], Path(job["state"]))
        if job["late_s"]:
            _set_clock(-timedelta(seconds=job["late_s"]), is_off=job["is_clock_off"])
        sys.argv = job["arguments"]
        from listing_sync.__main__ import main

        main()
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 2
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _set_clock(by: timedelta, *, is_off: bool) -> None:
    """Let it be another time; where the clock is not off, it is so for the services as well."""
    from listing_sync.clock import SystemClock

    setattr(SystemClock, "now", lambda _: datetime.now(UTC) + by)  # noqa: B010 - no type says so
    if is_off:
        transport = import_module("listing_sync.transport")
        setattr(transport, "_now", lambda: datetime.now(UTC) + by)  # noqa: B010 - the same


def _spoil_disk(how: str, state: Path) -> None:
    """Let this process alone see its folder of state on a disk that is full, or read-only."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function: str, *arguments: Any) -> None:
        if getattr(libc, function)(*arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), function)

    user = os.getuid()
    call("unshare", _NEW_MOUNTS | (_NEW_USERS if user else 0))
    if user:
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    call("mount", b"none", b"/", None, _ALL | _PRIVATE, None)
    state.mkdir(mode=0o700, exist_ok=True)
    path = str(state).encode()
    if how == "read-only":
        call("mount", path, path, None, _BIND, None)
        call("mount", path, path, None, _BIND | _REMOUNT | _READ_ONLY, None)
        return
    kept = Path(tempfile.mkdtemp())
    shutil.copytree(state, kept, dirs_exist_ok=True)
    call("mount", b"tmpfs", path, b"tmpfs", 0, b"size=256k,mode=0700")
    shutil.copytree(kept, state, dirs_exist_ok=True)
    shutil.rmtree(kept)
    try:
        with (state / "photos.zip").open("wb") as rest:
            while True:
                rest.write(bytes(4096))
                rest.flush()
    except OSError:  # no space left
        pass


if __name__ == "__main__":
    _serve()
