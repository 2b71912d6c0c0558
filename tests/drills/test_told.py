"""Each incident is told once, by its cause, with the right next step, wherever one looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.drills import causes
from tests.drills.crond import can_mount
from tests.drills.office import FIVE_MINUTES_S, Office, joined

pytestmark = pytest.mark.stack

SQL = ("alter table", "grant ", "notify pgrst")
RIGHTS = ("chown", "chmod", "rights of")
WAYS_THROUGH = ("--change-limit", "--prune-limit", "--force")
"""What to do about something else: whoever does it here loses an hour, or data."""


@dataclass(frozen=True)
class Drill:
    """`says` stands in the first line of mail, health and message, `to_do` somewhere in each.

    `never` stands nowhere. `told_after` is the run that the channels are told of. `is_primed`
    means that a good run was before.
    """

    cause: Callable[[Office], None]
    says: str
    to_do: str
    never: tuple[str, ...] = (*SQL, *RIGHTS, *WAYS_THROUGH)
    code: int = 3
    verdict: str = "UNHEALTHY"
    told_after: int = 2
    is_primed: bool = False
    needs_mounts: bool = False


DRILLS = {
    "the disk is full": Drill(
        causes.fill_disk, "full", "df -h", code=78, told_after=3, needs_mounts=True
    ),
    "the disk is read-only": Drill(
        causes.mount_read_only, "read-only", "remount", code=78, told_after=3, needs_mounts=True
    ),
    "the folder of state is another user's": Drill(
        causes.leave_folder_to_another,
        "belongs to another user",
        "chown",
        (*SQL, *WAYS_THROUGH, "disk"),
        code=78,
        told_after=3,
    ),
    "Supabase's name does not resolve": Drill(
        causes.lose_name_of_supabase, "supabase.invalid: the name does not resolve", "DNS"
    ),
    "Google's name does not resolve": Drill(
        causes.lose_name_of_google, "googleapis.invalid: the name does not resolve", "DNS"
    ),
    "Supabase's certificate is over": Drill(
        causes.let_certificate_expire,
        "the certificate of 127.0.0.1 has expired",
        "renew it",
        (*SQL, *RIGHTS, *WAYS_THROUGH, "SSL_CERT_FILE"),
    ),
    "a proxy wants a password": Drill(
        causes.put_proxy_between,
        "wants user and password",
        "write http://user:password@host:port in HTTPS_PROXY",
    ),
    "Supabase is away, and its breaker opens": Drill(
        causes.take_service_away,
        "Supabase cannot be reached behind its gateway",
        "status.supabase.com",
    ),
    "the key is deleted": Drill(
        causes.delete_key, "SUPABASE_SERVICE_ROLE_KEY is refused", "take the secret key"
    ),
    "the project is paused": Drill(
        causes.pause_project, "the project is paused", "restore it in Supabase's dashboard"
    ),
    "the plan is used up": Drill(
        causes.use_up_plan, "Supabase restricts this project", "see its dashboard"
    ),
    "the sheet is not shared": Drill(
        causes.unshare, "the spreadsheet is not shared with listing-sync@", "share it"
    ),
    "Google's quota is used up": Drill(causes.use_up_google_quota, "quota", "less often"),
    "a column is there that PostgREST has not seen": Drill(
        causes.add_column_unseen,
        "PostgREST does not see the table as it now is",
        "notify pgrst, 'reload schema'",
        ("alter table", "grant ", *RIGHTS, *WAYS_THROUGH),
    ),
    "a column is gone from the table": Drill(
        causes.drop_column,
        "no column special_notes",
        'alter table public."property_listings" add column "special_notes" text;',
        ("grant ", "notify pgrst", *RIGHTS, *WAYS_THROUGH),
    ),
    "the rights on the table are missing": Drill(
        causes.revoke_grants,
        "the key may not use the table property_listings",
        'grant all on "property_listings" to service_role;',
        ("alter table", "notify pgrst", *RIGHTS, *WAYS_THROUGH),
    ),
    "a whole column of #REF!": Drill(
        causes.break_column,
        "Price: 180 of 180 cells #REF!, the first",
        "Listings!E2",
        code=1,
        told_after=1,
    ),
    "the header of the numbers was renamed": Drill(
        causes.rename_key_header,
        '"Property Number"',
        "ename",
    ),
    "the mapping is broken": Drill(
        causes.break_mapping,
        "columns.price.type: 'monney' is not a type",
        "one of text, integer, decimal, money",
        code=78,
        verdict="",
        told_after=3,
    ),
    "one column sorted alone": Drill(
        causes.sort_one_column,
        "column 'Price' looks sorted alone",
        "File > Version history",
        (*SQL, *RIGHTS, "--prune-limit", "wrong tab"),
        verdict="DEGRADED",
        is_primed=True,
    ),
    "the tail is missing": Drill(
        causes.cut_tail,
        "the sheet looks cut or half loaded: it ends at AA00100",
        "File > Version history",
        (*SQL, *RIGHTS, "--change-limit", "wrong tab"),
        verdict="DEGRADED",
        is_primed=True,
    ),
    "a column is still loading": Drill(
        causes.leave_column_loading,
        "the sheet is still calculating: every cell of 'Price' shows Loading...",
        "wait until it shows values",
        verdict="DEGRADED",
    ),
    "syncing is on hold": Drill(
        causes.hold, "syncing is on hold (paused: stocktaking", "resume", verdict="DEGRADED"
    ),
}


@pytest.mark.parametrize("drill", DRILLS.values(), ids=DRILLS)
@pytest.mark.usefixtures("changed_table")
def test_the_cause_comes_first_and_the_right_step_with_it(office: Office, drill: Drill) -> None:
    if drill.needs_mounts and not can_mount():
        pytest.skip("no mounts may be made here")
    if drill.is_primed:
        assert office.cron().code == 0
    drill.cause(office)
    mails = [office.cron() for _ in range(drill.told_after)]
    assert {mail.code for mail in mails} == {drill.code}
    assert [bool(mail.text) for mail in mails] == [True] + [False] * (drill.told_after - 1)
    health = office.run("health")
    assert health.text.startswith(drill.verdict)
    [message] = office.messages
    for told in (mails[0].text, health.text, message):
        assert drill.says in told.partition("\n")[0]
        assert drill.to_do in joined(told)
        assert [word for word in drill.never if word in joined(told)] == []


@pytest.mark.parametrize(
    ("name", "runs"), [("the project is paused", 30), ("the mapping is broken", 8)]
)
def test_many_runs_of_it_are_one_mail_and_one_message_and_its_end_one_more(
    office: Office, name: str, runs: int
) -> None:
    mapping = (office.folder / "mapping.toml").read_text(encoding="utf-8")
    drill = DRILLS[name]
    drill.cause(office)
    mails = office.series(runs, until_s=FIVE_MINUTES_S)
    assert {mail.code for mail in mails} == {drill.code}
    assert [at for at, mail in enumerate(mails) if mail.text] == [0]
    assert len(office.messages) == 1
    office.supabase.schedule = None
    (office.folder / "mapping.toml").write_text(mapping, encoding="utf-8")
    over = office.cron()
    assert over.code == 0
    assert over.first_line.startswith(f"Runs work again, after {runs} failed runs since ")
    assert len(office.messages) <= 2
    assert office.cron().text == ""


def test_an_optional_header_that_was_renamed_is_told_with_its_new_name(office: Office) -> None:
    assert office.cron().code == 0
    causes.rename_other_header(office)
    mails = [office.cron() for _ in range(2)]
    assert [(mail.code, bool(mail.text)) for mail in mails] == [(0, True), (0, False)]
    health = office.run("health")
    assert health.text.startswith("DEGRADED - headers")
    [message] = office.messages
    for told in (mails[0].text, health.text, message):
        assert "renamed to" in told.partition("\n")[0]
        assert "Asking price" in told.partition("\n")[0]
        assert "rename" in joined(told)
        assert [word for word in (*SQL, *RIGHTS, *WAYS_THROUGH) if word in joined(told)] == []


def test_two_rows_with_one_number_are_told_with_both_cells(office: Office) -> None:
    assert office.cron().code == 0
    causes.number_twice(office)
    mails = [office.cron() for _ in range(2)]
    assert [(mail.code, bool(mail.text)) for mail in mails] == [(1, True), (1, False)]
    health = office.run("health")
    assert health.text.startswith("DEGRADED - last run: partial")
    [message] = office.messages
    for told in (mails[0].text, message):
        assert "AA00032 stands on 2 rows: " in told.partition("\n")[0]
        assert "Listings!A33" in told
        assert "Listings!A34" in told
        assert "each listing needs a number of its own" in joined(told)
        assert [word for word in (*SQL, *RIGHTS, *WAYS_THROUGH) if word in joined(told)] == []
    assert "row" in joined(office.run("status", "--listing", "AA00033").text)
