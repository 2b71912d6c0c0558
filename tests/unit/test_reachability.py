"""Requests through a loopback proxy, with other certificates, and what is said when they fail."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import httpx
import pytest

from listing_sync.certificates import certificate_problems, tls_context
from listing_sync.errors import PermanentError, TransientError
from listing_sync.history.messages import Message
from listing_sync.ports import NotTaken
from listing_sync.reachability import ProxyRefusedError, way_to, what_to_check
from listing_sync.signals.apprise_channels import AppriseChannels
from listing_sync.supabase.failures import failure_of_exception
from listing_sync.transport import build_client
from tests.stack.forward_proxy import ForwardProxy
from tests.stack.loopback import Answer, Wire
from tests.stack.postgres import free_port
from tests.stack.receiver import Receiver

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def get(url: str) -> httpx.Response:
    with build_client(timeout_s=5, connections=1, on_bytes=lambda _: None) as http:
        return http.get(url)


def failure(url: str) -> httpx.RequestError:
    with pytest.raises(httpx.RequestError) as caught:
        get(url)
    return caught.value


# -- names ------------------------------------------------------------------------------------


def test_a_name_that_does_not_resolve_is_the_cause_and_comes_first() -> None:
    error = failure("https://db.example.invalid/rest")
    told = str(failure_of_exception(error))
    assert told.startswith("cannot reach db.example.invalid: the name does not resolve (")
    assert what_to_check(error, "SUPABASE_URL") in told


def test_of_a_proxy_without_an_address_it_is_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    told = str(failure_of_exception(failure("https://db.example/rest")))
    assert told.startswith("cannot reach db.example through the proxy http://proxy.invalid:3128")
    assert "the proxy's name does not resolve" in told


# -- proxies ----------------------------------------------------------------------------------


def test_a_request_goes_through_the_proxy_with_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Receiver() as server, ForwardProxy("anna:pä@ss") as proxy:
        host = proxy.url.removeprefix("http://")
        monkeypatch.setenv("http_proxy", f"anna:p%C3%A4%40ss@{host}")
        assert get(f"{server.url}/rest?a=1").text == "ok"
        assert [request.target for request in server.requests] == ["/rest?a=1"]
        assert "proxy-authorization" not in server.requests[0].headers


def test_a_tunnel_is_asked_for_with_the_password_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with ForwardProxy("anna:word", tunnels_to=("127.0.0.1", free_port())) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//anna:word@"))
        failure("https://xyz.supabase.invalid/rest/v1/")
        (asked,) = proxy.requests
    assert (asked.method, asked.target) == ("CONNECT", "xyz.supabase.invalid:443")
    assert asked.headers["proxy-authorization"].startswith("Basic ")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("credentials", "words"),
    [("", "wants user and password"), ("anna:topsecret@", "does not take the user and password")],
    ids=["none", "wrong"],
)
def test_a_proxy_that_asks_for_a_password_ends_the_run_and_is_named(
    monkeypatch: pytest.MonkeyPatch, scheme: str, credentials: str, words: str
) -> None:
    with ForwardProxy("anna:word") as proxy:
        monkeypatch.setenv("all_proxy", proxy.url.replace("//", f"//{credentials}"))
        error = failure(f"{scheme}://xyz.supabase.invalid/")
        told = failure_of_exception(error)
        address = proxy.url
    assert isinstance(error, ProxyRefusedError)
    assert isinstance(told, PermanentError)
    for part in ("xyz.supabase.invalid", address, "ALL_PROXY", "407", words):
        assert part in str(told)
    assert "topsecret" not in str(told)


def test_a_proxy_that_answers_401_to_a_tunnel_means_its_own_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ForwardProxy("anna:word", refuses_with=401) as proxy:  # as tinyproxy does
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//anna:wrong-one@"))
        error = failure("https://xyz.supabase.invalid/")
    assert isinstance(error, ProxyRefusedError)
    assert "does not take the user and password in HTTPS_PROXY (HTTP 401)" in str(error)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_named_and_is_of_the_moment(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    port = free_port()
    monkeypatch.setenv("all_proxy", f"anna:topsecret@127.0.0.1:{port}")
    told = failure_of_exception(failure(f"{scheme}://xyz.supabase.invalid/"))
    assert isinstance(told, TransientError)
    for part in ("xyz.supabase.invalid", f"http://127.0.0.1:{port}", "check ALL_PROXY"):
        assert part in str(told)
    assert "topsecret" not in str(told)


def test_a_proxy_that_cannot_reach_the_host_is_of_the_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ForwardProxy(tunnels_to=("127.0.0.1", free_port())) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        told = failure_of_exception(failure("https://xyz.supabase.invalid/"))
    assert isinstance(told, TransientError)
    assert "502" in str(told)


def test_an_exempt_host_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "127.0.0.0/8")
    with Receiver() as server:
        assert get(server.url).text == "ok"


def test_every_failure_names_the_host_and_what_to_look_at() -> None:
    error = failure(f"http://127.0.0.1:{free_port()}/")
    assert way_to(error) == "127.0.0.1"
    assert what_to_check(error, "SUPABASE_URL").startswith("check SUPABASE_URL, and this machine's")
    nameless = httpx.ConnectError("refused")
    assert way_to(nameless) == "the server"
    assert what_to_check(nameless, "SUPABASE_URL").startswith("check SUPABASE_URL")


# -- cookies ----------------------------------------------------------------------------------


def test_no_cookie_is_kept() -> None:
    with (
        Receiver(lambda _: Answer(200, (("Set-Cookie", "a=b; Path=/"),))) as server,
        build_client(timeout_s=5, connections=1, on_bytes=lambda _: None) as http,
    ):
        http.get(server.url)
        http.get(server.url)
        assert not any("cookie" in request.headers for request in server.requests)


# -- certificates -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, pem = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", key, "-out", pem, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, pem


class TlsWire(Wire):
    """One client connection, encrypted from its beginning."""

    def setup(self) -> None:
        """Put TLS on it; the handshake comes with the first read."""
        server = cast("TlsReceiver", self.server.owner)  # type: ignore[attr-defined]
        self.request = server.tls.wrap_socket(
            self.request, server_side=True, do_handshake_on_connect=False
        )
        super().setup()

    def handle(self) -> None:
        """Serve requests, unless the client does not trust the certificate."""
        with contextlib.suppress(ssl.SSLError):
            super().handle()

    def finish(self) -> None:
        """Close the inner connection as well: the server knows the outer one alone."""
        super().finish()
        self.connection.close()


class TlsReceiver(Receiver):
    """Answers 200 over TLS, after it has read the whole request."""

    wire = TlsWire

    def __init__(self, certificate: tuple[Path, Path]) -> None:
        super().__init__()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate[1], certificate[0])


@pytest.fixture
def tls_server(certificate: tuple[Path, Path]) -> Iterator[str]:
    with TlsReceiver(certificate) as server:
        yield server.url.replace("http://127.0.0.1", "https://localhost") + "/"


@pytest.mark.parametrize("variable", VARIABLES)
def test_each_variable_names_certificates_for_every_service(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    certificate: tuple[Path, Path],
    tls_server: str,
    variable: str,
) -> None:
    place = certificate[1]
    if variable == "SSL_CERT_DIR":
        command = ["openssl", "x509", "-hash", "-noout", "-in", str(place)]
        name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        (tmp_path / f"{name}.0").symlink_to(place)
        place = tmp_path
    monkeypatch.setenv(variable, str(place))
    assert certificate_problems() == ()
    assert get(tls_server).text == "ok"


@pytest.mark.slow
@pytest.mark.parametrize("is_named", [True, False])
def test_apprise_trusts_what_every_service_trusts(
    monkeypatch: pytest.MonkeyPatch,
    certificate: tuple[Path, Path],
    tls_server: str,
    *,
    is_named: bool,
) -> None:
    if is_named:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    channels = AppriseChannels([tls_server.replace("https://", "jsons://")])
    refusal = channels.post(
        channels.addresses[0], Message(datetime(2026, 3, 1, tzinfo=UTC), "a trial")
    )
    assert refusal == (None if is_named else NotTaken("not taken"))


def test_without_them_an_own_certificate_is_not_trusted_and_the_host_named(
    tls_server: str,
) -> None:
    told = failure_of_exception(failure(tls_server))
    assert isinstance(told, PermanentError)
    assert "certificate of localhost is not trusted" in str(told)
    assert "SSL_CERT_FILE" in str(told)


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_place_without_certificates_is_a_problem_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    (tmp_path / "no.pem").write_text("nothing", encoding="utf-8")
    with (tmp_path / "large.pem").open("wb") as large:
        large.truncate(16 * 1024 * 1024 + 1)
    for place in (tmp_path / "missing", tmp_path / "no.pem", tmp_path / "large.pem"):
        monkeypatch.setenv(variable, str(place))
        (problem,) = certificate_problems()
        assert problem.startswith(f"{variable}: ")
        assert str(place) in problem
        with pytest.raises(ValueError, match=variable):
            tls_context()


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_pipe_in_place_of_certificates_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    pipe = tmp_path / "pipe.pem"
    os.mkfifo(pipe)
    monkeypatch.setenv(variable, str(pipe))
    (problem,) = certificate_problems()
    assert problem.startswith(f"{variable}: {pipe} is no ")


def test_a_folder_is_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path))
    assert certificate_problems() == (f"SSL_CERT_FILE: {tmp_path} is no file",)
