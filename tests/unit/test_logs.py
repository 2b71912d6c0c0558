from __future__ import annotations

import io
import json
import logging
import re

import pytest

from listing_sync import logs
from listing_sync.cells.wording import plain
from listing_sync.language.sentences import Said
from listing_sync.redaction import REDACTED


@pytest.fixture(autouse=True)
def _unconfigured():
    """Leave the process's loggers as they were."""
    names = ["listing_sync", "httpx", "httpcore", "googleapiclient", "google", "urllib3"]
    loggers = [logging.getLogger(name) for name in [*names, "google_auth_httplib2"]]
    before = [(one.level, list(one.handlers), one.propagate) for one in loggers]
    yield
    for one, (level, handlers, propagate) in zip(loggers, before, strict=True):
        one.setLevel(level)
        one.handlers[:] = handlers
        one.propagate = propagate


def logged(message="hello", level="warning", run_id=None, facts=None, **options):
    stream = io.StringIO()
    logs.configure(stream, **options)
    if run_id:
        logs.name_run(run_id)
    logs.event(level, "greeting", message, **(facts or {}))
    return stream.getvalue()


def test_text_is_a_line_for_people():
    assert logged() == "WARNING hello\n"


def test_json_is_one_object_a_line_with_the_run_and_the_facts():
    line = logged(as_json=True, run_id="r1", facts={"batch": 3, "wait_s": 0.5})
    document = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document.pop("time"))
    assert document == {
        "level": "warning",
        "event": "greeting",
        "run_id": "r1",
        "message": "hello",
        "facts": {"batch": 3, "wait_s": 0.5},
    }


@pytest.mark.parametrize(
    ("level", "shown"), [("debug", ""), ("info", ""), ("warning", "x"), ("error", "x")]
)
def test_what_is_below_the_level_is_not_written(level, shown):
    assert bool(logged(level=level)) == bool(shown)


@pytest.mark.parametrize(
    ("level", "prefix"), [("debug", "<7>"), ("info", "<6>"), ("warning", "<4>"), ("error", "<3>")]
)
def test_journald_reads_the_priority_before_the_line(level, prefix):
    stream = io.StringIO()
    logs.configure(stream, level="debug", journald=True)
    logs.event(level, "greeting", "hello")
    assert stream.getvalue() == f"{prefix}{level.upper()} hello\n"


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
@pytest.mark.parametrize("hostile", ["a\nb", "\x1b[31m", "\x00", "\u202eevil", "\u2028", "\ud800"])
def test_foreign_text_stays_on_its_line_and_steers_nothing(hostile, as_json):
    line = logged(f"値{hostile}　段", as_json=as_json)
    assert line.endswith("\n")
    assert line[:-1].replace("\u3000", "").isprintable()
    line.encode("utf-8")


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
@pytest.mark.parametrize("secret", ["sb_secret_abc", "line\nbreak", 'quo"te\\', "鍵"])
def test_a_secret_never_appears(secret, as_json):
    line = logged(
        f"key {secret} refused", as_json=as_json, facts={"k": secret}, secrets=[secret, ""]
    )
    assert REDACTED in line
    assert secret not in line
    assert json.dumps(secret)[1:-1] not in line
    assert plain(secret) not in line


def test_a_secret_within_a_secret_leaves_no_rest():
    line = logged("https://hooks/abc/def", secrets=["abc", "https://hooks/abc/def"])
    assert line == f"WARNING {REDACTED}\n"


@pytest.mark.parametrize(
    "name", ["httpx", "google.auth.transport", "googleapiclient.http", "urllib3.util"]
)
def test_libraries_that_write_urls_are_silent(name):
    logs.configure(io.StringIO(), level="debug")
    assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL)


def test_a_second_configuration_replaces_the_first():
    first = io.StringIO()
    logs.configure(first)
    assert logged() == "WARNING hello\n"
    assert first.getvalue() == ""


def test_a_log_is_in_english_whatever_was_said(japanese):
    said = Said.of("{what}は読み取れません", "{what} cannot be read", {"what": "price"})
    assert logged(said) == "WARNING price cannot be read\n"
    line = json.loads(logged("x", as_json=True, facts={"why": said}))
    assert line["facts"] == {"why": "price cannot be read"}
    assert logs.redacted(said) == "priceは読み取れません"
