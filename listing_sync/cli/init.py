"""Ask for the three things that only the office has, and write the first settings."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from listing_sync.cells.wording import plain
from listing_sync.cli.asking import Given, whole_path
from listing_sync.cli.exits import ExitCode
from listing_sync.cli.face import Face
from listing_sync.cli.init_file import (
    problem_with,
    refused,
    settings_file,
    write_new,
    write_settings,
)
from listing_sync.cli.init_google import (
    CLIENT_OPTION,
    LOGIN_NAME,
    Adc,
    ClientPath,
    GoogleAnswers,
    GoogleOptions,
    Impersonated,
    KeyPath,
    Login,
    Subject,
    ask_google,
)
from listing_sync.language.catalogue import spoken_language
from listing_sync.language.choice import Language
from listing_sync.language.sentences import phrase, phrase_number

if TYPE_CHECKING:
    from listing_sync.cells.first_mapping import FirstMapping
    from listing_sync.commands.first_setup import FirstLook

_URL = "SUPABASE_URL"
_KEY_NAME = "SUPABASE_SERVICE_ROLE_KEY"
_SHEET = "SYNC_SPREADSHEET_ID"
_MAPPING_NAME = "mapping.toml"
_MASKED = "(as given, not shown)"


def register(app: typer.Typer) -> None:
    """Add `init`."""
    app.command("init")(init)


def init(  # noqa: PLR0913 - one option a question
    context: typer.Context,
    *,
    url: Annotated[str | None, typer.Option(help="The project's URL.", metavar="URL")] = None,
    supabase_key_file: Annotated[
        Path | None, typer.Option(help="File that holds the project's secret key.", metavar="PATH")
    ] = None,
    google_key: KeyPath = None,
    adc: Adc = False,
    login: Login = False,
    oauth_client: ClientPath = None,
    impersonate: Impersonated = None,
    subject: Subject = None,
    sheet: Annotated[
        str | None,
        typer.Option(help="The spreadsheet's address or ID, or a file.", metavar="SHEET"),
    ] = None,
    tab: Annotated[str | None, typer.Option(help="The tab.", metavar="TITLE")] = None,
    table: Annotated[
        str, typer.Option(help="The table to write.", metavar="NAME")
    ] = "property_listings",
    key_header: Annotated[
        str | None,
        typer.Option(help="Header of the column that tells listings apart.", metavar="HEADER"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Write the settings file and, for headers of your own, a mapping; shows both first."""
    face: Face = context.obj
    env_file = face.settings_path.absolute()
    mapping_file = env_file.with_name(_MAPPING_NAME)
    _refuse_existing(env_file)
    asks = sys.stdin.isatty() and not yes
    texts: dict[str, str] = {}
    given = Given(asks=asks, check=lambda name, answer: _problem(name, answer, texts))
    texts[_URL] = given.text("--url", phrase("URL of the Supabase project"), url, setting=_URL)
    if supabase_key_file is not None:
        texts[f"{_KEY_NAME}_FILE"] = whole_path(str(supabase_key_file))
    else:
        texts[_KEY_NAME] = given.secret(
            "--supabase-key-file", phrase("Secret key (sb_secret_...)"), setting=_KEY_NAME
        )
    _try_project(texts)
    source = given.text(
        "--sheet",
        phrase("Address of the Google spreadsheet, or path of a .csv or .xlsx file"),
        sheet,
        setting=_SHEET,
    )
    if tab is None and asks:
        tab = typer.prompt(phrase("Tab (Enter: the only one)"), default="", show_default=False)
    if tab:
        texts["SYNC_SHEET_NAME"] = tab
    options = GoogleOptions(google_key, adc, login, oauth_client, impersonate, subject)
    google = _ask_source(source, options, given, texts, env_file.parent)
    found, mapping = _draft(face, {**texts, **google.to_look()}, table=table, key_header=key_header)
    texts |= google.texts
    if mapping is not None:
        _refuse_existing(mapping_file)
        texts["SYNC_MAPPING_FILE"] = str(mapping_file)
    if (language := spoken_language()) is not Language.ENGLISH:
        texts["SYNC_LANGUAGE"] = language  # cron has no locale
    _show(face, env_file, mapping_file, texts, found, mapping)
    _require_consent(asks=asks, yes=yes)
    if google.login is not None:
        write_new(env_file.with_name(LOGIN_NAME), google.login)
    write_settings(env_file, texts)
    if mapping is not None:
        write_new(mapping_file, mapping.text)
    _show_next(face)


def _problem(name: str, answer: str, texts: Mapping[str, str]) -> str | None:
    """Return what is wrong with an answer, beside those that are right."""
    if name == CLIENT_OPTION or (name == _SHEET and _is_file(answer)):
        return (
            None
            if Path(whole_path(answer)).is_file()
            else phrase("there is no file {path}", path=answer)
        )
    problem = problem_with(name, {**texts, name: answer})
    if problem or name != _KEY_NAME:
        return problem
    return refused(texts[_URL], answer)


def _is_file(source: str) -> bool:
    return source.lower().endswith((".csv", ".xlsx"))


def _try_project(texts: Mapping[str, str]) -> None:
    """Refuse an address or key that Supabase's own client does not take."""
    from listing_sync.setting_checks import key_in

    path = texts.get(f"{_KEY_NAME}_FILE")
    try:
        key = texts[_KEY_NAME] if path is None else key_in(Path(path))
    except ValueError:
        return  # said with what else is missing
    if texts[_URL] and key and (refusal := refused(texts[_URL], key)):
        raise typer.BadParameter(refusal)


def _ask_source(
    source: str, options: GoogleOptions, given: Given, texts: dict[str, str], folder: Path
) -> GoogleAnswers:
    """Put the source into the texts; return how to sign in to Google, if that is what it is."""
    if _is_file(source):
        texts["SYNC_SHEET_FILE"] = whole_path(source)
        given.refuse_missing()
        return GoogleAnswers()
    texts[_SHEET] = source
    if options.login:
        _refuse_existing(folder / LOGIN_NAME)
    return ask_google(options, given, folder)


def _require_consent(*, asks: bool, yes: bool) -> None:
    if asks and not typer.confirm(phrase("Write this?"), default=True):
        raise typer.Exit(ExitCode.USAGE)
    if not asks and not yes:
        raise typer.BadParameter("without a terminal nothing is written but with --yes")


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise typer.BadParameter(
            f"there is a file {path} already: move it away, or name another with --env-file"
        )


def _draft(
    face: Face, texts: Mapping[str, str], *, table: str, key_header: str | None
) -> tuple[FirstLook, FirstMapping | None]:
    """Look at the sheet under these settings, as every later command will."""
    with (
        settings_file(texts) as path,
        replace(face, env_file=path).open(moves_breakers=False) as world,
    ):
        from listing_sync.commands.first_setup import draft, look

        found = look(world)
        bundled = resources.files("listing_sync") / "mapping.toml"
        text = bundled.read_text(encoding="utf-8")
        return found, draft(found, text, table=table, key_header=key_header)


def _show(
    face: Face,
    env_file: Path,
    mapping_file: Path,
    texts: Mapping[str, str],
    found: FirstLook,
    mapping: FirstMapping | None,
) -> None:
    out = face.out
    out.print(
        phrase("The sheet: {title}, tab {tab}", title=plain(found.title), tab=plain(found.tab)),
        soft_wrap=True,
    )
    if mapping is not None:
        out.print(f"\n{plain(str(mapping_file))}:", soft_wrap=True)
        for line in mapping.text.splitlines():
            out.print(f"  {plain(line)}", soft_wrap=True)
    out.print(f"\n{plain(str(env_file))}:", soft_wrap=True)
    for name, text in texts.items():
        shown = _MASKED if name == _KEY_NAME else plain(text)
        out.print(f"  {name}={shown}", soft_wrap=True)
    if mapping is None:
        out.print()
        out.print(phrase("The bundled mapping has every header of the sheet."))
        return
    out.print()
    out.print(
        phrase_number(
            "Listings are told apart by {header}. {count} column as bundled, {drafted} drafted from"
            " headers and cells: look at their types.",
            "Listings are told apart by {header}. {count} columns as bundled, {drafted} drafted"
            " from headers and cells: look at their types.",
            len(found.known),
            header=plain(repr(mapping.key_header)),
            drafted=mapping.drafted,
        ),
        soft_wrap=True,
    )


def _show_next(face: Face) -> None:
    option = f" --env-file {face.env_file}" if face.env_file else ""
    paste = phrase("paste what it prints into Supabase's SQL editor, and run it")
    face.out.print()
    face.out.print(phrase("Written. Next:"))
    face.out.print(
        f"  listing-sync{option} migrate plan --sql   ({paste})\n"
        f"  listing-sync{option} sync all --dry-run\n  listing-sync{option} sync all",
        soft_wrap=True,
    )
