"""`make test-versions`: the offline tests with the lowest and the newest of all that we depend on.

On every Python from 3.11 on that this machine has. For a release, not for CI: it installs a world
for each of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
RESOLUTIONS = ("lowest-direct", "highest")


def main() -> None:
    """Run the tests in each world; exit 1 when any fails."""
    results: list[tuple[str, bool]] = []
    for version in PYTHONS:
        python = _python(version)
        if python is None:
            print(f"Python {version} is not on this machine: left out", flush=True)
            continue
        for resolution in RESOLUTIONS:
            world = f"Python {version}, {resolution}"
            print(f"-- {world}", flush=True)
            results.append((world, _passes(python, resolution)))
    for world, passed in results:
        print(f"{world}: {'passed' if passed else 'FAILED'}")
    sys.exit(0 if results and all(passed for _, passed in results) else 1)


def _python(version: str) -> str | None:
    """Return where this Python is: what uv finds, or what pyenv has beside its chosen one."""
    found = _uv("python", "find", "--no-python-downloads", version, check=False)
    if not found.returncode and found.stdout.strip():
        return found.stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return next((str(path) for path in pyenv.glob(f"versions/{version}.*/bin/python")), None)


def _passes(python: str, resolution: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="listing-sync-versions-") as folder:
        _uv("venv", "-q", "--python", python, folder)
        own = str(Path(folder) / "bin" / "python")
        installed = _uv(
            *("pip", "install", "-q", "--python", own, "--resolution", resolution),
            *("-e", f"{ROOT}[dev]"),
            check=False,
        )
        if installed.returncode:
            print(installed.stderr)
            return False
        tests = [own, "-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", "tests/unit"]
        # A library may warn, on a newer Python, of what it has not mended yet.
        tests += ["-W", "default::DeprecationWarning"]
        return subprocess.run(tests, cwd=ROOT, check=False).returncode == 0


def _uv(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run(
        [sys.executable, "-m", "uv", *arguments],
        capture_output=True,
        text=True,
        check=check,
        env=environment,
    )


if __name__ == "__main__":
    main()
