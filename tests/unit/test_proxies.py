"""Which hosts are asked directly."""

from __future__ import annotations

import pytest

from listing_sync.proxies import is_link_local, proxy_for


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


def test_a_proxy_is_for_the_scheme_and_not_for_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.office:3128")
    monkeypatch.setenv("no_proxy", "internal.example")
    monkeypatch.delenv("http_proxy", raising=False)
    assert proxy_for("https", "sts.googleapis.com") == "http://proxy.office:3128"
    assert proxy_for("https", "www.internal.example") is None
    assert proxy_for("https", "169.254.169.254") is None
    assert proxy_for("http", "sts.googleapis.com") is None
