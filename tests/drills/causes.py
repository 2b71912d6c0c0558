"""Stage what goes wrong: each function is one cause, as it comes about in an office."""

from __future__ import annotations

import os

from tests.drills.crond import Plight
from tests.drills.office import MANY, SHEET, TAB, Office, house
from tests.stack.chaos_proxy import html
from tests.stack.google_refusals import quota_used_up
from tests.stack.loopback import Answer

NOBODY = 65534


# -- this machine ---------------------------------------------------------------------------------


def fill_disk(office: Office) -> None:
    office.plight = Plight(disk="full")


def mount_read_only(office: Office) -> None:
    office.plight = Plight(disk="read-only")


def leave_folder_to_another(office: Office) -> None:
    """As after one run by hand with sudo: the folder of state is root's, cron's user is not."""
    office.state.mkdir(mode=0o700, exist_ok=True)
    os.chown(office.state, NOBODY, NOBODY)


def hold(office: Office) -> None:
    assert office.run("pause", "--reason", "stocktaking").code == 0


def break_mapping(office: Office) -> None:
    mapping = office.folder / "mapping.toml"
    text = mapping.read_text(encoding="utf-8").replace('type = "money"', 'type = "monney"')
    mapping.write_text(text, encoding="utf-8")


# -- the way there --------------------------------------------------------------------------------


def lose_name_of_supabase(office: Office) -> None:
    office.settings["SUPABASE_URL"] = "https://abcdefghijklmnopqrst.supabase.invalid"


def lose_name_of_google(office: Office) -> None:
    office.settings["GOOGLE_SHEETS_API_ENDPOINT"] = "https://sheets.googleapis.invalid"


def let_certificate_expire(office: Office) -> None:
    office.settings["SUPABASE_URL"] = office.expired.url
    office.settings["SSL_CERT_FILE"] = str(office.expired.authority)


def put_proxy_between(office: Office) -> None:
    """A proxy that wants a password since today."""
    office.settings["SUPABASE_URL"] = "https://abcdefghijklmnopqrst.supabase.example"
    office.settings["HTTPS_PROXY"] = office.proxy.url


# -- Supabase -------------------------------------------------------------------------------------


def delete_key(office: Office) -> None:
    office.settings["SUPABASE_SERVICE_ROLE_KEY"] = "sb_secret_deletedlongago"


def pause_project(office: Office) -> None:
    office.supabase.schedule = lambda *_: html(540)


def use_up_plan(office: Office) -> None:
    office.supabase.schedule = lambda *_: html(402)


def take_service_away(office: Office) -> None:
    """Every request is answered by the gateway, as while a project restarts."""
    office.supabase.schedule = lambda *_: html(503)


def revoke_grants(office: Office) -> None:
    office.project.execute("revoke all on property_listings from service_role")


def add_column_unseen(office: Office) -> None:
    """A column was added and mapped; PostgREST still remembers the table without it."""
    office.postgrest.look()
    office.postgrest.is_stale = True
    office.settings["SUPABASE_URL"] = office.postgrest.url
    office.settings["SYNC_RETRY_ATTEMPTS"] = "0"  # else each run waits half a minute
    office.project.execute("alter table property_listings add column age numeric")
    mapping = office.folder / "mapping.toml"
    with mapping.open("a", encoding="utf-8") as file:
        file.write('[columns.age]\nheader = "築年数"\ntype = "integer"\n')
    office.google.set_cell(SHEET, TAB, "F1", "築年数")
    office.set_column("F", list(range(1, MANY + 1)))


def drop_column(office: Office) -> None:
    office.project.execute("alter table property_listings drop column special_notes")
    office.project.restart()


# -- the sheet ------------------------------------------------------------------------------------


def unshare(office: Office) -> None:
    office.google.unshare(SHEET)


def rename_key_header(office: Office) -> None:
    office.google.set_cell(SHEET, TAB, "A1", "Number of Property")


def rename_other_header(office: Office) -> None:
    office.google.set_cell(SHEET, TAB, "E1", "Asking price")


def sort_one_column(office: Office) -> None:
    prices = [house(number)[4] for number in range(1, MANY + 1)]
    office.set_column("E", prices[::-1])


def cut_tail(office: Office) -> None:
    office.put([house(number) for number in range(1, 101)])
    office.settings["SYNC_PRUNE"] = "true"


def break_column(office: Office) -> None:
    office.set_column("E", ["#REF!"] * MANY)


def leave_column_loading(office: Office) -> None:
    office.set_column("E", ["Loading..."] * MANY)


def number_twice(office: Office) -> None:
    office.google.set_cell(SHEET, TAB, "A34", "AA00032")


def use_up_google_quota(office: Office) -> None:
    office.google.refusal = quota_used_up(60)


# -- who listens ----------------------------------------------------------------------------------


def refuse_messages(office: Office) -> None:
    office.chat.reply = Answer(404, body=b"no_service")
