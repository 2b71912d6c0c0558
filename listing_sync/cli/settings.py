"""Say which settings are in force, and where each comes from; secrets are never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from listing_sync.cells.wording import plain
from listing_sync.cli.exits import ExitCode
from listing_sync.cli.face import Face
from listing_sync.cli.shown import Shown, emit
from listing_sync.cli.text import table
from listing_sync.errors import SettingsError
from listing_sync.given_settings import GivenSettings
from listing_sync.language.sentences import phrase

_DEFAULT = "default"
_MISSING = "(missing)"
_HIDDEN = "(set, not shown)"
_WRONG = "(wrong)"


def register(app: typer.Typer) -> None:
    """Add `settings`."""
    app.command("settings")(settings)


def settings(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show the settings in force and where each comes from; nothing is contacted."""
    from listing_sync.wiring.machine import state_root

    face: Face = context.obj
    face.json_output = json
    face.know_secrets()
    shown, problems = _in_force(face.given)
    shown["SYNC_STATE_DIR"] = shown["SYNC_STATE_DIR"] or str(state_root(None))
    rows = [(name, text, face.given.origins.get(name, _DEFAULT)) for name, text in shown.items()]
    path = face.settings_path.resolve()

    def document() -> dict[str, object]:
        listed = [{"name": name, "value": value, "from": origin} for name, value, origin in rows]
        found: dict[str, object] = {
            "file": str(path) if path.is_file() else None,
            "settings": listed,
        }
        if problems:
            found |= {"status": "failed", "exitCode": ExitCode.SETTINGS, "problems": problems}
        return found

    def words() -> None:
        face.out.print(_about_file(path), soft_wrap=True)
        lines = ((name, plain(origin), plain(text or "-")) for name, text, origin in rows)
        face.out.print(table((phrase("Setting"), phrase("From"), phrase("Value")), lines))

    emit(face, Shown(document, words))
    if problems:
        face.json_output = False  # what is wrong is in the document
        raise SettingsError(problems)


def _in_force(given: GivenSettings) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """Return every setting's text by name, and what is wrong with them.

    Where something is wrong nothing is in force: then the texts are those that are given.
    """
    from listing_sync.settings import Settings, is_secret
    from listing_sync.settings_problems import load_settings

    fields = {name.upper(): (name, field) for name, field in Settings.model_fields.items()}
    try:
        found = load_settings(given, needs_sheet=False)
    except SettingsError as error:
        problems = error.problems
    else:
        return {n: _text(getattr(found, each)) for n, (each, _) in fields.items()}, ()
    wrong = {problem.partition(":")[0] for problem in problems}
    shown: dict[str, str | None] = {}
    for name, (_, field) in fields.items():
        if name in wrong:
            shown[name] = _WRONG if name in given.texts else _MISSING
        elif name in given.texts:
            shown[name] = _HIDDEN if is_secret(field) else given.texts[name]
        else:
            shown[name] = None if field.is_required() else _text(field.default)
    return shown, problems


def _about_file(path: Path) -> str:
    if path.is_file():
        return phrase("Settings file: {path}", path=plain(str(path)))
    return phrase(
        "There is no settings file {path} (--env-file names another).", path=plain(str(path))
    )


def _text(value: object) -> str | None:
    """Return a value as it would be written in the file; of a secret only that it is set."""
    from pydantic import SecretStr

    if isinstance(value, SecretStr):
        return _HIDDEN if value.get_secret_value() else None
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else f"{value:g}" if isinstance(value, float) else str(value)
