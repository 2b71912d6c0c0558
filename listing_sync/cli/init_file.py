"""Write a settings file of answers, and say what is wrong with one of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import typer

from listing_sync.errors import SettingsError


def problem_with(name: str, answers: Mapping[str, str]) -> str | None:
    """Return what every later command would say of this answer; None: nothing."""
    from listing_sync.given_settings import read_given
    from listing_sync.loading import load

    with settings_file(answers) as path:
        try:
            load(read_given(path), {}, needs_sheet=True)
        except SettingsError as error:
            return next((each for each in error.problems if each.startswith(f"{name}: ")), None)
    return None


def refused(url: str, key: str) -> str | None:
    """Return why Supabase's own client does not take the address or key, if it does not."""
    from listing_sync.wiring.target import refused_by_supabase

    refusal = refused_by_supabase(url, key)
    return f"Supabase's client does not take --url or the key: {refusal}" if refusal else None


@contextmanager
def settings_file(texts: Mapping[str, str]) -> Iterator[Path]:
    """Yield a settings file that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="listing-sync-init-") as folder:
        path = Path(folder) / "settings"
        write_settings(path, texts)
        yield path


def write_settings(path: Path, texts: Mapping[str, str]) -> None:
    """Write a settings file that only its owner may read."""
    write_new(path, "".join(f"{name}={_quoted(text)}\n" for name, text in texts.items()))


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet and that only its owner may read."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"cannot write {path}: {error.strerror}") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _quoted(text: str) -> str:
    """Return a value as python-dotenv reads it back, plain where it can be."""
    if text and all(char.isalnum() or char in "_-./:@%+=?&#," for char in text) and "#" not in text:
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
