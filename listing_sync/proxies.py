"""Tell through which proxy of the environment a host is asked, if through any.

The variables are read as curl, requests and httpx read them: the one of the scheme (in small
letters first), else ALL_PROXY; an address without a scheme is one of http; NO_PROXY names hosts,
domains with all below them, addresses and networks (10.0.0.0/8), each perhaps with a port.

Source: curl(1), "Environment"; "We need to talk: Can we standardize NO_PROXY?" (GitLab blog).
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment

from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass

_METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "fd00:ec2::254"})
WANTS_PASSWORD = frozenset({407, 401})
"""How a proxy answers who asks for a tunnel; 401, against RFC 9110, is tinyproxy's to a wrong one.

To any other request 407 alone is the proxy's: a 401 may be the host's own.
"""
_PORTS = {"http": 80, "https": 443}
_ANY = "all"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: `variable` names it in the environment; no repr shows its credentials."""

    variable: str
    scheme: str
    host: str
    port: int
    credentials: tuple[str, str] | None

    @property
    def address(self) -> str:
        """Return its address as messages may show it, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def credentials_as_bytes(self) -> tuple[bytes, bytes] | None:
        """Return user and password as they are sent."""
        if self.credentials is None:
            return None
        user, password = self.credentials
        return user.encode(), password.encode()

    def way_past(self, http_status: int) -> str:
        """Return what to do where it lets nobody in whom it does not know."""
        if self.credentials:
            return phrase(
                "the proxy {address} does not take the user and password in {variable} (HTTP"
                " {http_status}): correct them, special characters percent-encoded",
                address=self.address,
                variable=self.variable,
                http_status=http_status,
            )
        return phrase(
            "the proxy {address} wants user and password (HTTP {http_status}): write"
            " http://user:password@host:port in {variable}",
            address=self.address,
            variable=self.variable,
            http_status=http_status,
        )

    def __repr__(self) -> str:
        """Return what a traceback may show."""
        return f"Proxy({self.variable}, {self.address})"


def proxy_for(scheme: str, host: str, port: int | None = None) -> Proxy | None:
    """Return the proxy, None where the host is asked directly.

    Raises:
        ValueError: the variable holds none, without quoting it.
    """
    named = _named(scheme)
    if named is None or is_link_local(host) or _is_exempt(host, port or _PORTS.get(scheme)):
        return None
    return _parsed(*named)


def makes_no_connection(name: str, http_status: int) -> str:
    """Return what a proxy means that answered so when it was asked for a tunnel."""
    return phrase(
        "the proxy {name} makes no connection (HTTP {http_status})",
        name=name,
        http_status=http_status,
    )


def proxy_problems() -> tuple[str, ...]:
    """Return what is wrong with the variables that would be used, without quoting them."""
    problems = {}
    for scheme in _PORTS:
        if named := _named(scheme):
            try:
                _parsed(*named)
            except ValueError as error:
                problems[named[0]] = f"{named[0]}: {error}"
    return tuple(problems.values())


def proxy_secrets() -> tuple[str, ...]:
    """Return every password of a proxy in the environment, as it is written and as it is meant."""
    found = []
    for address in getproxies_environment().values():
        before, at, _ = address.rpartition("@")
        _, colon, password = before.rpartition("//")[2].partition(":")
        if at and colon:
            found += [password, unquote(password)]
    return tuple(dict.fromkeys(filter(None, found)))


def is_link_local(host: str) -> bool:
    """Say whether a host is this machine's own surroundings: the metadata server of a cloud."""
    if host in _METADATA_HOSTS:
        return True
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False


def _named(scheme: str) -> tuple[str, str] | None:
    """Return the variable that counts for a scheme, and its text."""
    given = getproxies_environment()
    for kind in (scheme, _ANY):
        if text := given.get(kind, "").strip():
            return f"{kind.upper()}_PROXY", text
    return None


def _parsed(variable: str, text: str) -> Proxy:
    address = text if "://" in text else f"http://{text}"
    scheme = address.partition("://")[0].lower()
    if scheme.startswith("socks"):
        raise ValueError(
            f"{scheme} is not supported; name an HTTP proxy, http://host:port, or exempt the"
            " hosts in NO_PROXY"
        )
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:  # its text quotes the address
        host = port = None
    if scheme not in _PORTS or not host or port == 0 or re.search(r"[\s@/]", host):
        raise ValueError(
            "not the address of a proxy; expected http://host:port, or"
            " http://user:password@host:port with special characters percent-encoded"
        )
    credentials = None
    if parts.username is not None:
        credentials = unquote(parts.username), unquote(parts.password or "")
    return Proxy(variable, scheme, host, port or _PORTS[scheme], credentials)


def _is_exempt(host: str, port: int | None) -> bool:
    """Say whether NO_PROXY names a host."""
    entries = getproxies_environment().get("no", "").replace(",", " ").lower().split()
    name = host.lower().rstrip(".")
    return any(_covers(entry, name, port) for entry in entries)


def _covers(entry: str, name: str, port: int | None) -> bool:
    if entry == "*":
        return True
    if network := _network(entry.strip("[]")):
        try:
            address = ip_address(name)
        except ValueError:
            return False
        return address in network
    wanted, colon, its_port = entry.rpartition(":")
    if colon and its_port.isdecimal():
        return int(its_port) == (port or 0) and _covers(wanted, name, port)
    domain = entry.removeprefix("*").lstrip(".").rstrip(".")
    return bool(domain) and (name == domain or name.endswith(f".{domain}"))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
