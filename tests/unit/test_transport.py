"""The HTTP client: total deadlines, counted bytes, no redirects; and what headers ask for."""

from __future__ import annotations

import gc
import gzip
import ssl
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from listing_sync.reachability import is_certificate_failure
from listing_sync.transport import (
    LARGEST_ANSWER_BYTES,
    LARGEST_ERROR_BYTES,
    UnfitAnswerError,
    build_client,
    deadline,
    retry_after_s,
)
from tests.bounded import run_bounded
from tests.stack.loopback import Answer, LoopbackServer, Request, Wire
from tests.stack.postgres import free_port

MEBIBYTE = 1024 * 1024
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class Server(LoopbackServer):
    """Answers what the path asks for; `dripping` is sent a byte at a time, for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.waited = threading.Event()

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        if request.path.endswith("/moved"):
            return Answer(307, (("Location", "/here"),))
        if request.path.endswith("/packed"):
            return Answer(headers=(("Content-Encoding", "gzip"),), body=gzip.compress(b"x" * 5000))
        if request.path.endswith("/swelling"):
            body = gzip.compress(b"x" * (LARGEST_ANSWER_BYTES + 1))
            return Answer(headers=(("Content-Encoding", "gzip"),), body=body)
        if request.path.endswith("/packed-twice"):
            body = gzip.compress(gzip.compress(b"x" * 5000))
            return Answer(headers=(("Content-Encoding", "gzip, gzip"),), body=body)
        if request.path.endswith("/packed-two-mebibytes"):
            body = gzip.compress(b"x" * 2 * MEBIBYTE)
            return Answer(headers=(("Content-Encoding", "gzip"),), body=body)
        return Answer(body=request.body[::-1])

    def serve(self, request: Request, wire: Wire) -> None:
        if request.path == "/late":
            self.waited.wait(0.5)
        if request.path in {"/endless", "/endless-error"}:
            status = b"200 OK" if request.path == "/endless" else b"400 No"
            wire.connection.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n")
            while True:  # until the client has had enough
                wire.connection.sendall(b"x" * 65536)
        if request.path == "/endless-nothing":
            head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
            wire.connection.sendall(head + gzip.compress(b"")[:10])
            while True:  # empty blocks, which unpack to nothing
                wire.connection.sendall(b"\x00\x00\x00\xff\xff" * 13000)
        if request.path != "/dripping":
            super().serve(request, wire)
            return
        wire.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:  # until the client has had enough
            wire.connection.sendall(b".")
            time.sleep(0.01)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@contextmanager
def client(seen: list[int] | None = None) -> Iterator[httpx.Client]:
    on_bytes = (seen if seen is not None else []).append
    with build_client(timeout_s=5, connections=2, on_bytes=on_bytes) as http:
        yield http


def test_bodies_go_out_and_come_in_and_are_counted_as_on_the_wire(server: Server) -> None:
    seen: list[int] = []
    with client(seen) as http:
        assert http.post(f"{server.url}/echo", content=b"abc").text == "cba"
        assert sum(seen) == 6
        assert http.get(f"{server.url}/packed").text == "x" * 5000
    assert sum(seen) < 200


def test_an_answer_and_its_request_go_as_soon_as_nobody_holds_them(server: Server) -> None:
    gc.disable()
    try:
        with client() as http:
            held = http.post(f"{server.url}/echo", content=b"abc")
            gone: list[weakref.ref[Any]] = [weakref.ref(held), weakref.ref(held.request)]
            assert held.text == held.read().decode() == "cba"
            held.close()
            del held
            assert [each() for each in gone] == [None, None]
    finally:
        gc.enable()


def test_what_comes_in_is_counted_apart_as_it_came(server: Server) -> None:
    came: list[int] = []
    with build_client(
        timeout_s=5, connections=1, on_bytes=lambda _: None, on_received=came.append
    ) as http:
        http.post(f"{server.url}/echo", content=b"abc")
        assert sum(came) == 3
        http.get(f"{server.url}/packed")
    assert "gzip" in server.requests[-1].headers["accept-encoding"]
    assert 3 < sum(came) < 200


def test_no_redirect_is_followed(server: Server) -> None:
    with client() as http:
        assert http.get(f"{server.url}/moved").status_code == 307
    assert len(server.requests) == 1


@pytest.mark.slow
@pytest.mark.parametrize("is_stopped", [True, False])
def test_an_answer_that_a_stopped_run_no_longer_wants_is_given_up(
    server: Server, *, is_stopped: bool
) -> None:
    waits_s: list[float] = []

    def gives_up(waited_s: float) -> bool:
        waits_s.append(waited_s)
        return is_stopped

    with build_client(
        timeout_s=5, connections=1, on_bytes=lambda _: None, gives_up=gives_up
    ) as http:
        if is_stopped:
            with pytest.raises(httpx.ReadTimeout):
                http.get(f"{server.url}/late")
        else:
            assert http.get(f"{server.url}/late").status_code == 200
    server.waited.set()
    assert waits_s == ([0.2] if is_stopped else [0.2, 0.4])


def test_the_time_out_holds_beside_giving_up(server: Server) -> None:
    with (
        build_client(timeout_s=0.1, connections=1, on_bytes=lambda _: None, gives_up=bool) as http,
        pytest.raises(httpx.ReadTimeout),
    ):
        http.get(f"{server.url}/late")
    server.waited.set()


def test_a_dripping_answer_ends_at_the_deadline_of_the_request_as_a_whole(server: Server) -> None:
    began = time.monotonic()
    with client() as http:
        with pytest.raises(httpx.ReadTimeout), deadline(0.1):
            http.get(f"{server.url}/dripping")
        assert time.monotonic() - began < 2
        assert http.get(f"{server.url}/echo").status_code == 200


def test_a_deadline_holds_inside_its_block_only(server: Server) -> None:
    with client() as http, deadline(5):
        with pytest.raises(httpx.TimeoutException), deadline(0):
            http.get(f"{server.url}/echo")
        assert http.get(f"{server.url}/echo").status_code == 200


def test_nobody_listening_is_httpxs_error() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with client() as http, pytest.raises(httpx.ConnectError):
        http.get(url)


def test_a_proxy_of_the_environment_is_used_but_not_for_exceptions(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "direct.invalid")
    with client() as http:
        assert http.get("http://far.invalid/echo").status_code == 200
        assert [request.target for request in server.requests] == ["http://far.invalid/echo"]
        with pytest.raises(httpx.ConnectError):
            http.get("http://direct.invalid/echo")


def test_a_deadline_inside_another_ends_with_it(server: Server) -> None:
    with client() as http, deadline(0), pytest.raises(httpx.TimeoutException), deadline(60):
        http.get(f"{server.url}/echo")


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        (" 120 ", 120),
        ("1.5", None),
        ("-3", None),
        ("soon", None),
        ("١٢", None),
        ("Sun, 01 Mar 2026 09:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 08:00:00 GMT", 0),
        ("Sun, 01 Mar 2026 18:00:30 +0900", 30),
        ("Sun, 01 Mar 2026 09:00:30 -0000", 30),
        ("Sun, 99 Mar 2026 09:00:30 GMT", None),
        ("9" * 400, None),
    ],
)
def test_the_wait_that_a_server_asks_for(header: str | None, wait_s: float | None) -> None:
    assert retry_after_s(header, NOW) == wait_s


def test_a_certificate_failure_is_found_however_deep() -> None:
    bad = httpx.ConnectError("no")
    bad.__cause__ = OSError()
    bad.__cause__.__context__ = ssl.SSLCertVerificationError()
    assert is_certificate_failure(bad)
    assert not is_certificate_failure(httpx.ConnectError("refused"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/endless", LARGEST_ANSWER_BYTES),
        ("/endless-error", LARGEST_ERROR_BYTES),
        ("/swelling", 1024 * 1024),
    ],
)
def test_an_answer_without_an_end_is_not_read_on(server: Server, path: str, limit: int) -> None:
    seen: list[int] = []
    with client(seen) as http, pytest.raises(UnfitAnswerError, match="MiB"):
        http.get(server.url + path)
    assert sum(seen) <= limit + 65536


def test_an_answer_packed_twice_is_not_unpacked(server: Server) -> None:
    with client() as http, pytest.raises(UnfitAnswerError, match=r"'gzip, gzip'.* not asked for"):
        http.get(f"{server.url}/packed-twice")


@pytest.mark.parametrize("offered", ["gzip, deflate, br, zstd", "identity", ""])
def test_no_library_offers_a_packing_of_its_own(server: Server, offered: str) -> None:
    with client() as http:
        http.get(f"{server.url}/echo", headers={"Accept-Encoding": offered})
    assert server.requests[-1].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("path", ["/endless", "/endless-nothing", "/packed-two-mebibytes"])
def test_each_kind_of_answer_may_have_a_lower_limit_as_it_comes_and_unpacked(
    server: Server, path: str
) -> None:
    seen: list[int] = []
    with (
        build_client(
            timeout_s=5, connections=1, on_bytes=seen.append, largest_bytes=MEBIBYTE
        ) as http,
        pytest.raises(UnfitAnswerError, match=r"larger than 1 MiB"),
    ):
        http.get(server.url + path)
    assert sum(seen) <= MEBIBYTE + 65536


READS = """
import sys
from listing_sync.transport import UnfitAnswerError, build_client
with build_client(
    timeout_s=5, connections=1, on_bytes=lambda _: None, largest_bytes=16 << 20
) as http:
    try:
        http.get(sys.argv[1])
    except UnfitAnswerError as error:
        print(error)
"""


@pytest.mark.slow
def test_an_answer_without_an_end_takes_no_more_memory_than_its_limit(server: Server) -> None:
    ended = run_bounded("-c", READS, f"{server.url}/endless", seconds=20, mebibytes=100)
    assert (ended.status, ended.stderr) == (0, "")
    assert "larger than 16 MiB" in ended.stdout
