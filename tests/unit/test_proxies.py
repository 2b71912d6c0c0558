"""Which hosts are asked through which proxy, as curl, requests and httpx would."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from listing_sync.proxies import is_link_local, proxy_for, proxy_problems, proxy_secrets

Environment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Set the variables of proxies, and these alone."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def set_to(**variables: str) -> None:
        for name, text in variables.items():
            monkeypatch.setenv(name, text)

    return set_to


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("169.254.169.254", True),
        ("fe80::1", True),
        ("fd00:ec2::254", True),
        ("metadata.google.internal", True),
        ("sts.googleapis.com", False),
        ("127.0.0.1", False),
    ],
)
def test_a_metadata_server_is_this_machines_own_and_has_no_proxy(
    host: str, *, is_here: bool
) -> None:
    assert is_link_local(host) is is_here


@pytest.mark.parametrize(
    ("text", "address", "credentials"),
    [
        ("proxy.office:3128", "http://proxy.office:3128", None),
        ("http://proxy.office:3128/", "http://proxy.office:3128", None),
        ("http://proxy.office", "http://proxy.office:80", None),
        ("https://proxy.office", "https://proxy.office:443", None),
        ("http://anna:pa%40ss@proxy.office:8080", "http://proxy.office:8080", ("anna", "pa@ss")),
        ("anna:word@proxy.office:8080", "http://proxy.office:8080", ("anna", "word")),
        ("http://[::1]:3128", "http://[::1]:3128", None),
    ],
    ids=["no scheme", "scheme", "port 80", "port 443", "password", "neither scheme", "IPv6"],
)
def test_an_address_is_taken_as_other_programs_take_it(
    environment: Environment, text: str, address: str, credentials: tuple[str, str] | None
) -> None:
    environment(https_proxy=text)
    proxy = proxy_for("https", "sts.googleapis.com")
    assert proxy is not None
    assert (proxy.address, proxy.credentials) == (address, credentials)
    assert "word" not in repr(proxy)


def test_a_scheme_has_its_own_proxy_and_all_proxy_is_for_the_rest(
    environment: Environment,
) -> None:
    environment(HTTPS_PROXY="secure:1", ALL_PROXY="any:2")
    of_https, of_http = proxy_for("https", "a.example"), proxy_for("http", "a.example")
    assert of_https is not None
    assert of_http is not None
    assert (of_https.variable, of_https.host) == ("HTTPS_PROXY", "secure")
    assert (of_http.variable, of_http.host) == ("ALL_PROXY", "any")


@pytest.mark.parametrize(
    ("no_proxy", "host", "is_direct"),
    [
        ("internal.example", "internal.example", True),
        ("internal.example", "www.internal.example", True),
        (".internal.example", "www.internal.example", True),
        ("*.internal.example", "www.internal.example", True),
        ("internal.example", "notinternal.example", False),
        ("other.example, INTERNAL.example", "internal.example", True),
        ("other.example internal.example", "internal.example", True),
        ("internal.example:443", "internal.example", True),
        ("internal.example:8443", "internal.example", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("fd00::/8", "fd12::1", True),
        ("[::1]", "::1", True),
        ("10.0.0.0/8", "internal.example", False),
        ("*", "any.example", True),
        ("", "any.example", False),
        (",", "any.example", False),
    ],
)
def test_no_proxy_names_hosts_domains_addresses_and_networks(
    environment: Environment, no_proxy: str, host: str, *, is_direct: bool
) -> None:
    environment(https_proxy="proxy.office:3128", no_proxy=no_proxy)
    assert (proxy_for("https", host) is None) is is_direct


def test_no_proxy_is_for_one_scheme_without_all_proxy(environment: Environment) -> None:
    environment(https_proxy="http://proxy.office:3128")
    assert proxy_for("https", "169.254.169.254") is None
    assert proxy_for("http", "sts.googleapis.com") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("socks5://anna:topsecret@proxy:1080", "socks5 is not supported"),
        ("socks5h://proxy:1080", "socks5h is not supported"),
        ("http://anna:topsecret@proxy:port", "not the address of a proxy"),
        ("http://anna:top/secret@proxy:3128", "not the address of a proxy"),
        ("ftp://topsecret@proxy:21", "not the address of a proxy"),
        ("http://", "not the address of a proxy"),
    ],
)
def test_what_is_no_proxy_is_told_by_its_variable_and_not_quoted(
    environment: Environment, text: str, words: str
) -> None:
    environment(all_proxy=text)
    (problem,) = proxy_problems()
    assert problem.startswith(f"ALL_PROXY: {words}")
    assert "secret" not in problem


def test_a_variable_that_nobody_would_use_is_no_problem(environment: Environment) -> None:
    environment(http_proxy="a:1", https_proxy="b:2", all_proxy="socks5://c:3")
    assert proxy_problems() == ()


def test_the_password_of_a_proxy_is_a_secret_as_written_and_as_meant(
    environment: Environment,
) -> None:
    environment(https_proxy="http://anna:pa%40ss@proxy:1", all_proxy="anna:word@proxy:1")
    assert set(proxy_secrets()) == {"pa%40ss", "pa@ss", "word"}
