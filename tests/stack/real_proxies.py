"""The proxies of offices, tinyproxy and squid, where this machine has them installed.

Neither asks the internet: names of Google's go on to a proxy that stands for it.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.stack.child import start, stop
from tests.stack.postgres import free_port

_STARTS_WITHIN_S = 20.0
_OF_SQUID = ("/usr/lib/squid/basic_ncsa_auth", "/usr/lib64/squid/basic_ncsa_auth")

_TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 30
MaxClients 50
LogFile "{folder}/log"
LogLevel Connect
Upstream http 127.0.0.1:{internet} ".googleapis.com"
"""
_SQUID = """
http_port 127.0.0.1:{port}
acl google dstdomain .googleapis.com
cache_peer 127.0.0.1 parent {internet} 0 no-query no-digest
never_direct allow google
always_direct deny google
always_direct allow all
cache deny all
access_log stdio:{folder}/log
cache_log {folder}/cache.log
pid_filename {folder}/pid
coredump_dir {folder}
visible_hostname proxy.office.example
shutdown_lifetime 0 seconds
"""


@dataclass(frozen=True, slots=True)
class RealProxy:
    """A proxy that runs; `address` is host and port."""

    address: str
    folder: Path

    @property
    def log(self) -> str:
        """Return what it has written of the requests that it was sent."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def is_installed(name: str) -> bool:
    """Return whether the program is on this machine, with what checks passwords for it."""
    return _program(name) is not None and (name != "squid" or _checker() is not None)


@contextmanager
def running(
    name: str, internet: int, user: str | None = None, password: str = ""
) -> Iterator[RealProxy]:
    """Run one; `internet` is the port of what stands for it, `user` who alone is let in."""
    # Squid reads as a user of its own what root starts, and the folders of tests are closed to it.
    with tempfile.TemporaryDirectory(prefix="listing-sync-proxy-") as text:
        folder = Path(text)
        folder.chmod(0o777)
        port = free_port()
        configuration = {"tinyproxy": _TINYPROXY, "squid": _SQUID}[name].format(
            port=port, internet=internet, folder=folder
        )
        configuration += _ENTRY[name](folder, user, password)
        path = folder / "conf"
        path.write_text(configuration, encoding="utf-8")
        options = {"tinyproxy": ("-d", "-c"), "squid": ("-N", "-f")}[name]
        process = start([str(_program(name)), *options, path], log=folder / "said")
        try:
            _wait_for(port, process, folder / "said")
            yield RealProxy(f"127.0.0.1:{port}", folder)
        finally:
            stop(process, signal.SIGTERM)


def _tinyproxy_entry(_folder: Path, user: str | None, password: str) -> str:
    return f"BasicAuth {user} {password}\n" if user else ""


def _squid_entry(folder: Path, user: str | None, password: str) -> str:
    if user is None:
        return "http_access allow all\n"
    hashed = subprocess.run(
        ["openssl", "passwd", "-apr1", password], check=True, capture_output=True, text=True
    ).stdout.strip()
    (folder / "people").write_text(f"{user}:{hashed}\n", encoding="utf-8")
    return (
        f"auth_param basic program {_checker()} {folder}/people\n"
        "auth_param basic realm office\n"
        "acl known proxy_auth REQUIRED\n"
        "http_access allow known\n"
        "http_access deny all\n"
    )


_ENTRY: dict[str, Callable[[Path, str | None, str], str]] = {
    "tinyproxy": _tinyproxy_entry,
    "squid": _squid_entry,
}


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def _checker() -> str | None:
    return next((path for path in _OF_SQUID if Path(path).is_file()), None)


def _wait_for(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    ends_at = time.monotonic() + _STARTS_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, said.read_text(encoding="utf-8", errors="replace")
            assert time.monotonic() < ends_at, "the proxy does not start"
            time.sleep(0.05)
        else:
            return
