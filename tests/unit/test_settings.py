"""Settings: every name, default and range of the contract, and every way to get them wrong."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from listing_sync.errors import SettingsError
from listing_sync.given_settings import read_given
from listing_sync.settings import GoogleAuth, Settings, key_expires_at
from listing_sync.settings_problems import load_settings

CONTRACT = Path(__file__).parents[2] / "docs" / "contract.md"
KEY = "sb_secret_abcdefghijklmnop_12345678"
REQUIRED = {
    "SUPABASE_URL": "https://xyz.supabase.co",
    "SUPABASE_SERVICE_ROLE_KEY": KEY,
    "SYNC_SPREADSHEET_ID": "1AbC",
    "GOOGLE_APPLICATION_CREDENTIALS": "key.json",
}


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without a setting, in a folder without a file."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Env:
    environment = Env(monkeypatch)
    environment.set(**REQUIRED)
    return environment


class Env:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(name, value)

    def unset(self, *names: str) -> None:
        for name in names:
            self._monkeypatch.delenv(name)


def loaded(env_file: Path | None = None, **options: Any) -> Settings:
    return load_settings(read_given(env_file), **options)


def problems(**flags: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        loaded(flags=flags)
    return caught.value.problems


def jwt(**claims: object) -> str:
    parts = ({"alg": "HS256"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join([*encoded, b"c2lnbmF0dXJl"]).decode()


# -- the contract's table ---------------------------------------------------------------------


@dataclass(frozen=True)
class Documented:
    name: str
    default: str
    low: float | None
    high: float | None


def documented() -> Iterator[Documented]:
    section = CONTRACT.read_text(encoding="utf-8").split("\n## 3.")[1].split("\n## 4.")[0]
    for row in re.findall(r"^\| ([A-Z][A-Z_, ]+) \| ([^|]*) \|", section, re.MULTILINE):
        for name, cell in zip(row[0].split(", "), re.split(r", (?=\d)", row[1]), strict=True):
            ranged = re.fullmatch(r"(.*?) ?\((\d+)-(\d*)\)", cell)
            default, low, high = ranged.groups() if ranged else (cell, None, None)
            yield Documented(
                name, default, float(low) if low else None, float(high) if high else None
            )


SETTINGS = tuple(documented())
RANGED = [setting for setting in SETTINGS if setting.low is not None]


def test_the_program_knows_exactly_the_settings_of_the_contract() -> None:
    assert len(SETTINGS) > 30
    assert {setting.name.lower() for setting in SETTINGS} == set(Settings.model_fields)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_default_is_the_contracts(setting: Documented, env: Env) -> None:
    value = getattr(loaded(), setting.name.lower())
    if setting.name in REQUIRED:
        return
    if (
        setting.default in {"-", "from SUPABASE_URL", "of the locale"}
        or "the" in setting.default.split()
    ):
        assert value is None
    elif setting.default == "Supabase's":
        assert value == "https://api.supabase.com"
    elif setting.default.startswith("https"):
        assert value == setting.default
    elif setting.default == "false":
        assert value is False
    elif setting.default == "file":
        assert value is GoogleAuth.FILE
    else:
        assert value == float(setting.default)


@pytest.mark.parametrize("setting", RANGED, ids=lambda setting: setting.name)
def test_a_range_is_the_contracts(setting: Documented, env: Env) -> None:
    field = setting.name.lower()
    for value in (setting.low, setting.high):
        if value is not None:
            env.set(**{setting.name: f"{value:g}" if value < 10**6 else str(int(value))})
            assert getattr(loaded(), field) == value
    below = (setting.low or 0) - 1
    for wrong in (below, None if setting.high is None else setting.high + 1, "many", "nan"):
        if wrong is not None:
            env.set(**{setting.name: str(int(wrong) if isinstance(wrong, float) else wrong)})
            (problem,) = problems()
            assert problem.startswith(f"{setting.name}: expected ")
            assert f"{setting.low:g}" in problem


def test_numbers_of_percent_may_have_a_part_and_a_sign(env: Env) -> None:
    env.set(SYNC_PRUNE_LIMIT="2.5%", SYNC_ROLLOUT_PERCENT=" 10 ")
    settings = loaded()
    assert (settings.sync_prune_limit, settings.sync_rollout_percent) == (2.5, 10)


# -- where values come from -------------------------------------------------------------------


def test_a_flag_wins_over_the_environment_which_wins_over_the_file(env: Env) -> None:
    Path(".env").write_text("SYNC_BATCH_SIZE=7\nSYNC_CONCURRENCY=2\nSYNC_HEADER_ROW=3\n")
    env.set(SYNC_BATCH_SIZE="8", SYNC_CONCURRENCY="3")
    settings = loaded(flags={"sync_batch_size": 9, "sync_header_row": None})
    assert settings.sync_batch_size == 9
    assert settings.sync_concurrency == 3
    assert settings.sync_header_row == 3


def test_empty_means_unset(env: Env) -> None:
    Path(".env").write_text("SYNC_BATCH_SIZE=7\nSYNC_SHEET_NAME=\nSYNC_HEADER_ROW=''\n")
    env.set(SYNC_BATCH_SIZE="", SYNC_HEARTBEAT_URL="", SYNC_SHEET_FILE="")
    settings = loaded()
    assert settings.sync_batch_size == 7
    assert settings.sync_sheet_name is None
    assert settings.sync_header_row == 1
    assert settings.sync_heartbeat_url is None


GOOGLE_KEY = json.dumps({"type": "service_account", "private_key": "-----BEGIN\nabc\n-----END\n"})


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        pytest.param("SYNC_SHEET_NAME=Houses for sale", "sync_sheet_name", "Houses for sale"),
        pytest.param("SYNC_SHEET_NAME = 'Houses # 1'", "sync_sheet_name", "Houses # 1"),
        pytest.param('SYNC_SHEET_NAME="物件一覧"', "sync_sheet_name", "物件一覧"),
        pytest.param("export SYNC_SHEET_NAME=Houses  # all", "sync_sheet_name", "Houses"),
        pytest.param("SYNC_SHEET_NAME=Houses\r", "sync_sheet_name", "Houses"),
        pytest.param("\ufeffSYNC_SHEET_NAME=Houses", "sync_sheet_name", "Houses"),
        pytest.param("sync_sheet_name=Houses", "sync_sheet_name", "Houses"),
        pytest.param(
            f"GOOGLE_SERVICE_ACCOUNT_JSON='{GOOGLE_KEY}'", "google_service_account_json", GOOGLE_KEY
        ),
    ],
    ids=["spaces", "quotes", "double quotes", "export", "CRLF", "BOM", "small letters", "JSON key"],
)
def test_a_line_of_the_environment_file(line: str, name: str, value: str, env: Env) -> None:
    Path("my.env").write_bytes(f"{line}\nSYNC_PRUNE=yes\n".encode())
    settings = loaded(Path("my.env"))
    found = getattr(settings, name)
    assert (found if isinstance(found, str) else found.get_secret_value()) == value
    assert settings.sync_prune is True


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(None, "cannot read my.env", id="absent"),
        pytest.param("SYNC_SHEET_NAME=物件".encode("cp932"), "not UTF-8", id="CP932"),
        pytest.param(
            b"SYNC_PRUNE=yes\nSYNC_BATCH_SIZE 100\n", "line 2: not NAME=value", id="no equals sign"
        ),
    ],
)
def test_a_file_named_must_be_readable(content: bytes | None, problem: str, env: Env) -> None:
    if content is not None:
        Path("my.env").write_bytes(content)
    with pytest.raises(SettingsError, match=problem):
        loaded(Path("my.env"))


def test_the_default_file_may_be_absent(env: Env) -> None:
    assert loaded().sync_batch_size == 100


# -- everything that can be wrong, at once -------------------------------------------------------


def test_every_problem_is_told_at_once_and_by_name() -> None:
    Path(".env").write_text(
        "SUPABASE_URL=xyz\nSYNC_BATCH_SIZE=0\nSYNC_PRUNE=perhaps\nSYNC_BATCHSIZE=5\n"
        "SYNC_HEARTBEAT_URL=http://example.com/x\nSUPABASE_SERVICE_ROLE_KEY_FILE=nowhere\n"
    )
    names = {problem.split(":")[0] for problem in problems()}
    assert names == {
        "SUPABASE_URL",
        "SUPABASE_SERVICE_ROLE_KEY_FILE",
        "SYNC_BATCH_SIZE",
        "SYNC_BATCHSIZE",
        "SYNC_PRUNE",
        "SYNC_HEARTBEAT_URL",
        "SYNC_SPREADSHEET_ID",
        "GOOGLE_APPLICATION_CREDENTIALS",
    }


def test_what_is_required_is_said_with_what_to_put_there() -> None:
    found = "\n".join(problems())
    assert "SUPABASE_URL: required: the project URL, https://xyz.supabase.co" in found
    assert "SUPABASE_SERVICE_ROLE_KEY: required: the project's secret key" in found
    assert "SYNC_SPREADSHEET_ID: required" in found


def test_what_is_required_is_said_with_the_file_that_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    looked = f"{tmp_path / '.env'}: there is no such settings file: `listing-sync init` writes one"
    assert problems()[0].startswith(looked)
    Path(".env").write_text("")
    assert not problems()[0].startswith(looked)


def test_a_local_file_needs_no_google_setting(env: Env) -> None:
    env.unset("SYNC_SPREADSHEET_ID", "GOOGLE_APPLICATION_CREDENTIALS")
    env.set(SYNC_SHEET_FILE="houses.csv")
    assert loaded().sync_sheet_file == Path("houses.csv")


def test_commands_without_a_sheet_need_no_google_setting(env: Env) -> None:
    env.unset("SYNC_SPREADSHEET_ID", "GOOGLE_APPLICATION_CREDENTIALS")
    assert loaded(needs_sheet=False).supabase_url == REQUIRED["SUPABASE_URL"]


def test_the_machines_own_sign_in_needs_no_file(env: Env) -> None:
    env.unset("GOOGLE_APPLICATION_CREDENTIALS")
    env.set(SYNC_GOOGLE_AUTH="adc")
    assert loaded().sync_google_auth is GoogleAuth.ADC


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("SYNC_GOOGLE_AUTH", "metadata", "expected file or adc"),
        ("SYNC_LANGUAGE", "jp", "expected en or ja"),
        ("SYNC_GOOGLE_SUBJECT", "tanaka", "not an address; expected name@domain"),
        ("SYNC_GOOGLE_IMPERSONATE", "a b@c.d", "not an address; expected name@domain"),
    ],
)
def test_a_sign_in_that_cannot_be_meant_is_told(
    env: Env, name: str, text: str, problem: str
) -> None:
    env.set(**{name: text})
    assert problems() == (f"{name}: {problem}",)


def test_an_unknown_name_is_told_with_the_one_probably_meant(env: Env) -> None:
    env.set(SYNC_CHANGE_LIMITS="60", SYNC_COLOUR="red", SUPABASE_COLOUR="green")
    near, far = problems()
    assert near.startswith("SYNC_CHANGE_LIMITS: unknown setting; did you mean SYNC_CHANGE_LIMIT")
    assert far == "SYNC_COLOUR: unknown setting"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        pytest.param("xyz.supabase.co", "not a URL", id="no scheme"),
        pytest.param("ftp://xyz.supabase.co", "not a URL", id="another scheme"),
        pytest.param("https://", "not a URL", id="no host"),
        pytest.param("https://xyz .supabase.co", "not a URL", id="a space"),
        pytest.param("http://xyz.supabase.co", "this machine only", id="http elsewhere"),
        pytest.param("http://192.168.0.5", "this machine only", id="http in the house"),
        pytest.param(
            "https://xyz.supabase.co/rest/v1/",
            "more than scheme and host; expected https://xyz.supabase.co",
            id="a path",
        ),
        pytest.param(
            "http://127.0.0.1:54321/rest", "expected http://127.0.0.1:54321", id="a path and a port"
        ),
        pytest.param("https://xyz.supabase.co?apikey=1", "more than scheme", id="a query"),
        pytest.param("https://me:pw@xyz.supabase.co", "more than scheme", id="a password"),
        pytest.param("https://[::1", "not a URL", id="half an address"),
        pytest.param("https://xyz.supabase.co:port", "not a URL", id="no port"),
    ],
)
def test_a_wrong_project_url(url: str, problem: str, env: Env) -> None:
    env.set(SUPABASE_URL=url)
    (found,) = problems()
    assert problem in found
    assert "pw" not in found


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://xyz.supabase.co/", "https://xyz.supabase.co"),
        (" https://xyz.supabase.co ", "https://xyz.supabase.co"),
        ("http://localhost:54321", "http://localhost:54321"),
        ("http://127.0.0.1:54321", "http://127.0.0.1:54321"),
        ("http://[::1]:54321/", "http://[::1]:54321"),
    ],
)
def test_a_good_project_url(url: str, kept: str, env: Env) -> None:
    env.set(SUPABASE_URL=url)
    assert loaded().supabase_url == kept


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        pytest.param("sb_publishable_abc", "is a publishable key", id="publishable"),
        pytest.param(jwt(role="anon"), "is a legacy 'anon' key", id="anon"),
        pytest.param(jwt(role="authenticated"), "legacy 'authenticated' key", id="a user's token"),
        pytest.param("sb_secret_abc\ndef", "line break", id="a line break in it"),
        pytest.param("sb_secret_abc def", "holds a space", id="a space in it"),
        pytest.param("sb_secret_ａｂｃ", "other character", id="full-width"),
    ],
)
def test_a_wrong_key_is_told_without_showing_it(key: str, problem: str, env: Env) -> None:
    env.set(SUPABASE_SERVICE_ROLE_KEY=key)
    (found,) = problems()
    assert found.startswith("SUPABASE_SERVICE_ROLE_KEY: ")
    assert problem in found
    assert key[10:] not in found


@pytest.mark.parametrize("key", [KEY, jwt(role="service_role"), "any.thing.else", f"{KEY}\n"])
def test_a_key_that_may_be_right_is_taken(key: str, env: Env) -> None:
    env.set(SUPABASE_SERVICE_ROLE_KEY=key)
    assert loaded().service_key == key.strip()


def test_the_file_of_the_key_wins_over_the_variable(env: Env) -> None:
    Path("key").write_text("sb_secret_from_the_file\n")
    env.set(SUPABASE_SERVICE_ROLE_KEY_FILE="key", SUPABASE_SERVICE_ROLE_KEY="sb_publishable_x")
    settings = loaded()
    assert settings.service_key == "sb_secret_from_the_file"
    assert "sb_secret_from_the_file" in settings.secrets()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(b"", "SUPABASE_SERVICE_ROLE_KEY", id="empty"),
        pytest.param(b"sb_publishable_x", "SUPABASE_SERVICE_ROLE_KEY", id="publishable"),
        pytest.param(b"\xff\xfe", "SUPABASE_SERVICE_ROLE_KEY_FILE", id="not text"),
        pytest.param(None, "SUPABASE_SERVICE_ROLE_KEY_FILE", id="absent"),
    ],
)
def test_a_wrong_file_of_the_key(content: bytes | None, name: str, env: Env) -> None:
    if content is not None:
        Path("key").write_bytes(content)
    env.set(SUPABASE_SERVICE_ROLE_KEY_FILE="key")
    (found,) = problems()
    assert found.startswith(f"{name}: ")


def test_when_a_legacy_key_ends(env: Env) -> None:
    env.set(SUPABASE_SERVICE_ROLE_KEY=jwt(role="service_role", exp=1_900_000_000))
    assert key_expires_at(loaded()) == 1_900_000_000
    env.set(SUPABASE_SERVICE_ROLE_KEY=KEY)
    assert key_expires_at(loaded()) is None


# -- secrets ----------------------------------------------------------------------------------

SECRETS = {
    "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_hush",
    "SUPABASE_DB_URL": "postgresql://postgres:hush@db/postgres",
    "SUPABASE_ACCESS_TOKEN": "sbp_hush",
    "GOOGLE_SERVICE_ACCOUNT_JSON": '{"private_key": "hush"}',
    "SYNC_ALERT_WEBHOOK_URL": "https://hooks.example/hush",
    "SYNC_HEARTBEAT_URL": "https://hc.example/hush",
}


def test_no_secret_is_in_a_repr_and_each_is_known_to_the_log(env: Env) -> None:
    env.set(**SECRETS)
    settings = loaded()
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert set(SECRETS.values()) <= set(settings.secrets())


@pytest.mark.parametrize("name", ["SYNC_ALERT_WEBHOOK_URL", "SYNC_HEARTBEAT_URL"])
@pytest.mark.parametrize("url", ["http://example.com/hush", "example.com/hush", "https://[hush"])
def test_no_secret_is_in_a_message(name: str, url: str, env: Env) -> None:
    env.set(**{name: url})
    (found,) = problems()
    assert found.startswith(f"{name}: ")
    assert "hush" not in found


def test_several_webhooks_stand_behind_one_another(env: Env) -> None:
    env.set(SYNC_ALERT_WEBHOOK_URL="https://a.example/1, https://b.example/2,")
    assert loaded().webhook_urls == ("https://a.example/1", "https://b.example/2")
    env.set(SYNC_ALERT_WEBHOOK_URL="https://a.example/1,http://b.example/2")
    (found,) = problems()
    assert "this machine only" in found


def test_a_comma_alone_is_no_webhook(env: Env) -> None:
    env.set(SYNC_ALERT_WEBHOOK_URL=",")
    assert loaded().webhook_urls == ()


def test_addresses_of_apprise_stand_apart_by_space_or_comma_and_may_hold_commas(env: Env) -> None:
    env.set(SYNC_NOTIFY_URLS="mailtos://a:b@c.example?to=d@e,f@g, ntfy://topic  slack://A/B/C")
    addresses = ("mailtos://a:b@c.example?to=d@e,f@g", "ntfy://topic", "slack://A/B/C")
    assert loaded().notify_urls == addresses
    assert set(addresses) <= set(loaded().secrets())


def test_addresses_of_apprise_may_be_in_a_file(env: Env, tmp_path: Path) -> None:
    path = tmp_path / "notify"
    path.write_text("# the office\nntfy://topic\n\nslack://A/B/C\n", encoding="utf-8")
    env.set(SYNC_NOTIFY_URLS_FILE=str(path), SYNC_NOTIFY_URLS="json://other")
    assert loaded().notify_urls == ("ntfy://topic", "slack://A/B/C")


def test_what_is_no_address_of_apprise_is_named_by_its_place_alone(env: Env) -> None:
    env.set(SYNC_NOTIFY_URLS="ntfy://topic hush@office.example")
    (found,) = problems()
    assert found.startswith("SYNC_NOTIFY_URLS: address 2 is none: expected service://")
    assert "hush" not in found


def test_without_apprise_its_addresses_name_the_extra(
    env: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listing_sync.setting_checks.find_spec", lambda _: None)
    env.set(SYNC_NOTIFY_URLS="ntfy://topic")
    (found,) = problems()
    assert found.startswith("SYNC_NOTIFY_URLS: needs Apprise, which is not installed: pip install")


def test_settings_cannot_be_changed(env: Env) -> None:
    with pytest.raises(ValueError, match="frozen"):
        loaded().sync_batch_size = 5


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("SYNC_SHEET_NAME='${HOME}x$'", "${HOME}x$"),
        ("export SYNC_SHEET_NAME = '${HOME}'", "${HOME}"),
        ('SYNC_SHEET_NAME="${WHO}x"', "officex"),
        ("SYNC_SHEET_NAME=${WHO}x", "officex"),
        ("SYNC_SHEET_NAME=a$b", "a$b"),
    ],
    ids=["single quotes", "with export", "double quotes", "bare", "no braces"],
)
def test_a_dollar_in_single_quotes_is_a_dollar(tmp_path, monkeypatch, line, value):
    monkeypatch.setenv("WHO", "office")
    file = tmp_path / "office.env"
    text = f"SUPABASE_URL=https://x.supabase.co\nSUPABASE_SERVICE_ROLE_KEY=sb_secret_x\n{line}\n"
    file.write_text(text, encoding="utf-8-sig")
    assert loaded(file, needs_sheet=False).sync_sheet_name == value


def test_a_key_file_may_begin_with_a_byte_order_mark(tmp_path, monkeypatch):
    key = tmp_path / "key"
    key.write_bytes(b"\xef\xbb\xbfsb_secret_from_windows\r\n")
    monkeypatch.setenv("SUPABASE_URL", "https://x.supabase.co")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY_FILE", str(key))
    assert loaded(needs_sheet=False).service_key == "sb_secret_from_windows"
