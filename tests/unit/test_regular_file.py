"""Files that settings and state name: regular ones, of bounded size, opened without waiting."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest

from listing_sync.errors import SettingsError
from listing_sync.given_settings import read_given
from listing_sync.loading import text_of
from listing_sync.regular_file import read_regular
from listing_sync.settings_problems import load_settings


def _pipe(folder: Path) -> Path:
    path = folder / "pipe"
    os.mkfifo(path)
    return path


def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not a regular file"):
        read_regular(_pipe(tmp_path))


def test_a_file_that_would_have_to_be_waited_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Waiting(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return None  # type: ignore[return-value]  # as a file of the kernel's does

    monkeypatch.setattr("listing_sync.regular_file.open_regular", lambda _: Waiting())
    with pytest.raises(OSError, match="nothing yet"):
        read_regular(tmp_path)


def test_a_device_without_end_is_refused() -> None:
    with pytest.raises(OSError, match="not a regular file"):
        read_regular(Path("/dev/zero"))


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 10)
    assert read_regular(path, 10) == b"x" * 10
    with pytest.raises(OSError, match="larger than any"):
        read_regular(path, 9)


@pytest.mark.parametrize("is_large", [True, False])
def test_settings_say_that_a_file_is_none(tmp_path: Path, *, is_large: bool) -> None:
    path = tmp_path / "large" if is_large else _pipe(tmp_path)
    if is_large:
        path.write_bytes(b"#" * (1024 * 1024 + 1))
    words = "larger than any such file" if is_large else "not a regular file"
    with pytest.raises(SettingsError, match=words):
        read_given(path)
    with pytest.raises(SettingsError, match=f"SYNC_MAPPING_FILE: cannot read .*{words}"):
        text_of("SYNC_MAPPING_FILE", str(path), "TOML")
    flags = {"supabase_service_role_key_file": path}
    with pytest.raises(SettingsError, match=f"SUPABASE_SERVICE_ROLE_KEY_FILE: .*{words}"):
        load_settings(read_given(None), flags=flags, needs_sheet=False)
