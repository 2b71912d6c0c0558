"""Say which settings are in force, and where each comes from; secrets are never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from listing_sync.cells.wording import plain
from listing_sync.cli.face import Face
from listing_sync.cli.text import table

_DEFAULT = "default"


def register(app: typer.Typer) -> None:
    """Add `settings`."""
    app.command("settings")(settings)


def settings(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show the settings in force and where each comes from; nothing is contacted."""
    from listing_sync.settings import Settings, load_settings
    from listing_sync.settings_file import DEFAULT_ENV_FILE, origins

    face: Face = context.obj
    face.json_output = json
    found = load_settings(face.env_file, needs_sheet=False)
    given = origins(face.env_file)
    rows = [
        (name.upper(), _text(getattr(found, name)), given.get(name.upper(), _DEFAULT))
        for name in Settings.model_fields
    ]
    path = (face.env_file or DEFAULT_ENV_FILE).resolve()
    if json:
        document: dict[str, Any] = {
            "file": str(path) if path.is_file() else None,
            "settings": [
                {"name": name, "value": value, "from": origin} for name, value, origin in rows
            ],
        }
        face.print_json(document)
        return
    face.out.print(_about_file(path), soft_wrap=True)
    face.out.print(
        table(("Setting", "From", "Value"), ((n, plain(o), plain(v or "-")) for n, v, o in rows))
    )


def _about_file(path: Path) -> str:
    if path.is_file():
        return f"Settings file: {plain(str(path))}"
    return f"There is no settings file {plain(str(path))} (--env-file names another)."


def _text(value: object) -> str | None:
    """Return a value as it would be written in the file; of a secret only that it is set."""
    from pydantic import SecretStr

    if isinstance(value, SecretStr):
        return "(set, not shown)" if value.get_secret_value() else None
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else f"{value:g}" if isinstance(value, float) else str(value)
