"""Look who else may read or change the files that the settings name."""

from __future__ import annotations

import stat
from pathlib import Path

from listing_sync.cells.wording import plain
from listing_sync.language.sentences import phrase
from listing_sync.settings import Settings


def writable_files(settings: Settings, env_file: Path | None) -> str | None:
    """Return which files others may change, though this program does what they say."""
    obeyed = (*_secret_files(settings, env_file), settings.sync_mapping_file)
    named = _with_mode(obeyed, stat.S_IWGRP | stat.S_IWOTH)
    if not named:
        return None
    return phrase("others can change what this obeys: chmod go-w {files}", files=named)


def readable_files(settings: Settings, env_file: Path | None) -> str | None:
    """Return which files with a secret in them others may read."""
    files = _secret_files(settings, env_file)
    if named := _with_mode(files, stat.S_IROTH):
        return phrase("everybody here can read a secret: chmod o-rwx {files}", files=named)
    return None


def files_of_a_group(settings: Settings, env_file: Path | None) -> str | None:
    """Return which files with a secret a group may read, which may be meant."""
    named = _with_mode(_secret_files(settings, env_file), stat.S_IRGRP)
    return phrase("the group can read {files}", files=named) if named else None


def _secret_files(settings: Settings, env_file: Path | None) -> tuple[Path | None, ...]:
    return (
        env_file,
        settings.supabase_service_role_key_file,
        settings.sync_notify_urls_file,
        settings.google_application_credentials,
        settings.sync_serve_tokens_file,
    )


def _with_mode(files: tuple[Path | None, ...], bits: int) -> str:
    """Return the names of the files that have one of the bits."""
    return " ".join(plain(str(path)) for path in files if path and _mode(path) & bits)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0
