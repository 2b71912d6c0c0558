"""Read what environment and settings file say, as it is written there.

Source: docs/contract.md section 3.
"""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

from listing_sync.errors import SettingsError
from listing_sync.regular_file import read_regular

DEFAULT_ENV_FILE = Path(".env")


def given_texts(env_file: Path | None) -> dict[str, str]:
    """Return what environment and file set, by name in capitals, as it is written there.

    Raises:
        SettingsError: the file named cannot be read, or a line of the file is no setting.
    """
    return _texts_in_file(env_file) | _texts_in_environment()


def origins(env_file: Path | None) -> dict[str, str]:
    """Return where each setting that is given comes from, by name in capitals: file or environment.

    Raises:
        SettingsError: as `given_texts`.
    """
    path = env_file or DEFAULT_ENV_FILE
    return dict.fromkeys(_texts_in_file(env_file), str(path)) | dict.fromkeys(
        _texts_in_environment(), "environment"
    )


def _texts_in_environment() -> dict[str, str]:
    return {name.upper(): text for name, text in os.environ.items() if text}


def _texts_in_file(env_file: Path | None) -> dict[str, str]:
    path = env_file or DEFAULT_ENV_FILE
    try:
        if path.exists():
            return texts_of(path)
    except OSError as error:
        raise SettingsError((f"{path}: {error.strerror}",)) from None
    if env_file is not None:
        raise SettingsError((f"--env-file: cannot read {env_file}: no such file",))
    return {}


def texts_of(path: Path) -> dict[str, str]:
    """Return what a settings file sets, by name in capitals; in single quotes a $ is a $.

    Source: POSIX, "Shell Command Language", 2.2.2 (single quotes); python-dotenv for the rest.

    Raises:
        SettingsError: it cannot be read, or a line of it is no setting.
    """
    from dotenv.parser import parse_stream  # noqa: PLC0415 - only when there is a file
    from dotenv.variables import parse_variables  # noqa: PLC0415

    try:
        found = list(parse_stream(StringIO(read_regular(path).decode("utf-8-sig"))))
    except UnicodeDecodeError:
        raise SettingsError((f"{path}: not UTF-8 text",)) from None
    except OSError as error:
        raise SettingsError((f"{path}: {error.strerror}",)) from None
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
