"""The httplib2 look-alike: deadlines, compression, headers."""

from __future__ import annotations

import gzip

import httpx
import pytest
from google.auth.credentials import AnonymousCredentials

from listing_sync.errors import PermanentError
from listing_sync.sheets.google_account import GoogleAccount, SignInKind
from listing_sync.sheets.google_http import (
    GoogleHttp,
    TokenRequest,
    connect,
    require_metadata_server,
)
from listing_sync.transport import UnfitAnswerError, build_client, deadline
from tests.stack.loopback import Answer, LoopbackServer, Request, Wire

NOBODY = GoogleAccount(AnonymousCredentials(), SignInKind.KEY)


class Server(LoopbackServer):
    """Answers with what it is given; keeps the requests."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer
        self.requests: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        return self._answer


class DrippingServer(LoopbackServer):
    """Sends the head of an answer for ever, a byte at a time."""

    def serve(self, request: Request, wire: Wire) -> None:
        wire.connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        wire.connection.settimeout(0.02)
        while True:
            wire.connection.sendall(b"x")
            try:
                if not wire.connection.recv(1):
                    return
            except TimeoutError:
                continue


def test_very_well_compressed_answers_are_read() -> None:
    body = b"a" * 12_000_000
    answer = Answer(200, (("Content-Encoding", "gzip"),), gzip.compress(body))
    sizes: list[int] = []
    with Server(answer) as server:
        http = connect(NOBODY, timeout_s=5, on_bytes=sizes.append)
        head, content = http.request(server.url, headers={"accept-encoding": "gzip"})
        http.close()
    assert (head.status, head.reason, len(content)) == (200, "OK", len(body))
    assert sum(sizes) == len(answer.body)


def test_a_dripping_server_is_left_at_the_deadline() -> None:
    with DrippingServer() as server:
        client = build_client(timeout_s=5, connections=1, on_bytes=lambda _: None)
        http = GoogleHttp(client)
        with deadline(0.1), pytest.raises(httpx.ReadTimeout):
            http.request(server.url)
        http.close()


def test_one_connection_serves_one_request_after_another() -> None:
    with Server(Answer(200, body=b"{}")) as server:
        http = connect(NOBODY, timeout_s=5, on_bytes=lambda _: None)
        for _ in range(3):
            http.request(f"{server.url}/path?query=1", headers={"x-mine": "1"})
        http.close()
    assert [(r.target, r.headers["x-mine"]) for r in server.requests] == [
        ("/path?query=1", "1")
    ] * 3


def test_what_is_no_metadata_server_is_left_after_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with DrippingServer() as server:
        monkeypatch.setenv("GCE_METADATA_IP", server.url.removeprefix("http://"))
        client = build_client(timeout_s=60, connections=1, on_bytes=lambda _: None)
        request = TokenRequest(GoogleHttp(client), most_s=60)
        with pytest.raises(PermanentError, match="no metadata server answers here"):
            require_metadata_server(request, within_s=0.1)
        client.close()


def test_what_answers_otherwise_is_no_metadata_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(Answer(200, body=b"a router's page")) as server:
        monkeypatch.setenv("GCE_METADATA_IP", server.url.removeprefix("http://"))
        client = build_client(timeout_s=60, connections=1, on_bytes=lambda _: None)
        with pytest.raises(PermanentError, match="no metadata server"):
            require_metadata_server(TokenRequest(GoogleHttp(client), most_s=60))
        client.close()


def test_a_token_is_not_read_beyond_its_own_limit() -> None:
    with Server(Answer(200, body=b"x" * 5000)) as server:
        client = build_client(timeout_s=5, connections=1, on_bytes=lambda _: None)
        request = TokenRequest(GoogleHttp(client, largest_bytes=4999), most_s=5)
        with pytest.raises(UnfitAnswerError):
            request(server.url)
        assert len(TokenRequest(GoogleHttp(client), most_s=5)(server.url).data) == 5000
        client.close()
