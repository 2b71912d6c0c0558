"""Read what environment and settings file say, as it is written there.

Source: docs/contract.md section 3.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from listing_sync.errors import SettingsError
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.regular_file import read_regular

_DEFAULT_FILE = Path(".env")


@dataclass(frozen=True, slots=True)
class GivenSettings:
    """What environment and settings file set, by name in capitals.

    `path` is the file that is read where there is one; `is_named` says that a person named it;
    `texts` are as they are written, `origins` are the file or the environment.
    """

    path: Path
    is_named: bool
    texts: Mapping[str, str]
    origins: Mapping[str, str]


def settings_path(env_file: Path | None) -> Path:
    """Return the settings file: the one that --env-file names, or .env."""
    return env_file or _DEFAULT_FILE


def read_given(env_file: Path | None) -> GivenSettings:
    """Return what is set, read now; the environment wins over the file, an empty text is none.

    Raises:
        SettingsError: the file named cannot be read, or a line of the file is no setting.
    """
    path = settings_path(env_file)
    in_file = _texts_in_file(path, is_named=env_file is not None)
    in_environment = {name.upper(): text for name, text in os.environ.items() if text}
    return GivenSettings(
        path=path,
        is_named=env_file is not None,
        texts=in_file | in_environment,
        origins=dict.fromkeys(in_file, str(path)) | dict.fromkeys(in_environment, "environment"),
    )


def _texts_in_file(path: Path, *, is_named: bool) -> dict[str, str]:
    try:
        if path.exists():
            return _texts_of(path)
    except OSError as error:
        raise SettingsError((f"{path}: {error.strerror}",)) from None
    if is_named:
        raise SettingsError((f"--env-file: cannot read {path}: no such file",))
    return {}


def _texts_of(path: Path) -> dict[str, str]:
    """Return what a settings file sets, by name in capitals; in single quotes a $ is a $.

    Source: POSIX, "Shell Command Language", 2.2.2 (single quotes); python-dotenv for the rest.
    """
    from dotenv.parser import parse_stream  # noqa: PLC0415 - only when there is a file
    from dotenv.variables import parse_variables  # noqa: PLC0415

    try:
        found = list(parse_stream(StringIO(read_regular(path).decode("utf-8-sig"))))
    except UnicodeDecodeError:
        raise SettingsError((f"{path}: not UTF-8 text",)) from None
    wrong = [each.original.line for each in found if each.error]
    if wrong:
        raise SettingsError(tuple(f"{path}: line {n}: not NAME=value" for n in wrong))
    texts: dict[str, str] = {}
    for each in found:
        if each.key is None or each.value is None:
            continue
        is_literal = each.original.string.partition("=")[2].lstrip().startswith("'")
        known = {**os.environ, **texts}
        texts[each.key] = (
            each.value
            if is_literal
            else "".join(part.resolve(known) for part in parse_variables(each.value))
        )
    return {name.upper(): text for name, text in texts.items() if text}
