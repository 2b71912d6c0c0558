"""Builds of the program to measure: the one in this checkout, and any commit beside it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BUILDS = ROOT / ".bench"


@dataclass(frozen=True, slots=True)
class Program:
    """One build: the interpreter that has what it needs, and the folder that it is started in."""

    name: str
    python: str
    folder: Path


HERE = Program("here", sys.executable, ROOT)


def build(commit: str) -> Program:
    """Return the build of a commit, with a virtual environment of its own in .bench/; made once.

    Raises:
        RuntimeError: git does not know the commit (a shallow clone lacks the older ones).
    """
    found = subprocess.run(
        ["git", "rev-parse", "--verify", f"{commit}^{{commit}}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise RuntimeError(f"git has no commit {commit}: {found.stderr.strip()}")
    name = found.stdout.strip()[:12]
    folder = _BUILDS / name
    python = folder / ".venv" / "bin" / "python"
    ready = folder / ".ready"
    if not ready.exists():
        print(f"Building {name} in {folder.relative_to(ROOT)} ...", file=sys.stderr)
        archive = subprocess.run(
            ["git", "archive", name], cwd=ROOT, stdout=subprocess.PIPE, check=True
        ).stdout
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        _run(folder, sys.executable, "-m", "venv", ".venv")
        pip = (str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check")
        if (folder / "tests" / "requirements.txt").exists():
            _run(folder, *pip, "--require-hashes", "-r", "tests/requirements.txt")
            _run(folder, *pip, "--no-deps", "--no-build-isolation", "-e", ".")
        else:  # a build of before there were hashes
            _run(folder, *pip, "-c", "tests/constraints.txt", "-e", ".")
        _run(folder, str(python), "-m", "compileall", "-q", "listing_sync")
        ready.touch()
    return Program(name, str(python), folder)


def _run(folder: Path, *command: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    subprocess.run(command, cwd=folder, env=environment, check=True)
