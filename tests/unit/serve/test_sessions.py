"""A person at the page: in by a token, out again, and not to be used by other sites."""

from __future__ import annotations

import pytest

from listing_sync.serve.api import BASE
from listing_sync.serve.sessions import LASTS_S
from tests.unit.serve.doors import Door

HEALTH = f"{BASE}/health"


@pytest.fixture
def door(tmp_path):
    door = Door(tmp_path)
    yield door
    door.close()


def csrf_of(door: Door) -> str:
    (session,) = door.sessions
    return session.csrf


def test_who_is_not_logged_in_is_shown_the_way_in(door):
    answer = door.ask("GET", "/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    form = door.ask("GET", "/login")
    assert form.status_code == 200
    assert '<label for="token">' in form.text
    assert "'unsafe-inline'" not in form.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in form.headers["content-security-policy"]


def test_a_token_begins_a_session_that_no_script_and_no_other_site_can_use(door):
    answer = door.log_in(door.read_token)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = next(
        each for each in answer.headers.get_list("set-cookie") if each.startswith("listing-sync=")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert door.read_token not in cookie
    assert door.ask("GET", "/").status_code == 200
    assert door.ask("GET", HEALTH).status_code == 200


def test_behind_tls_the_cookie_is_of_this_host_and_of_tls_alone(tmp_path):
    door = Door(tmp_path, is_behind_tls=True)
    answer = door.log_in(door.read_token)
    cookie = answer.headers.get_list("set-cookie")[-1]
    assert cookie.startswith("__Host-listing-sync=")
    assert "Secure" in cookie
    assert "Strict-Transport-Security".lower() in answer.headers


@pytest.mark.slow
def test_a_wrong_token_shows_the_form_again_and_the_sixth_is_asked_to_wait(door):
    answers = [door.log_in(f"lsync_{number}_x") for number in range(6)]
    assert [each.status_code for each in answers] == [401] * 5 + [429]
    assert "This token is not known" in answers[0].text
    assert "Too many wrong tokens" in answers[5].text
    assert door.ask("GET", "/").status_code == 303


def test_a_form_of_another_site_logs_nobody_in(door):
    answer = door.ask("POST", "/login", data={"token": door.read_token, "form": "0"})
    assert answer.status_code == 403
    assert door.ask("GET", "/").status_code == 303


def test_a_post_without_the_word_of_the_page_starts_nothing(door):
    door.log_in(door.run_token)
    path = f"{BASE}/manual"
    assert door.ask("POST", path, json={}).status_code == 403
    wrong = door.ask("POST", path, json={}, headers={"X-CSRF-Token": "x"})
    assert wrong.json()["type"] == "urn:listing-sync:problem:not-from-the-page"
    right = door.ask("POST", path, json={}, headers={"X-CSRF-Token": csrf_of(door)})
    assert right.status_code == 202


def test_a_session_for_reading_starts_nothing(door):
    door.log_in(door.read_token)
    headers = {"X-CSRF-Token": csrf_of(door)}
    assert door.ask("POST", f"{BASE}/manual", json={}, headers=headers).status_code == 403


def test_a_session_ends_by_itself_and_with_its_token(door):
    door.log_in(door.read_token)
    door.world.clock.sleep(LASTS_S)
    assert door.ask("GET", HEALTH).status_code == 401
    door.log_in(door.read_token)
    assert door.ask("GET", HEALTH).status_code == 200
    door.tokens.remove("monitor")
    assert door.ask("GET", HEALTH).status_code == 401
    assert door.ask("GET", "/").status_code == 303


def test_logging_out_ends_the_session_for_every_copy_of_the_cookie(door):
    door.log_in(door.read_token)
    copy = dict(door.cookies)
    assert door.ask("POST", "/logout", data={"csrf": "x"}).status_code == 403
    assert door.ask("POST", "/logout", data={"csrf": csrf_of(door)}).status_code == 303
    door.cookies.update(copy)
    assert door.ask("GET", "/").status_code == 303
