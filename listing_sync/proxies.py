"""Tell through which proxy of the environment a host is asked, if through any."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.request import getproxies, proxy_bypass

_METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "fd00:ec2::254"})


def proxy_for(scheme: str, host: str) -> str | None:
    """Return the address of the proxy, None where the host is asked directly."""
    proxy = getproxies().get(scheme)
    return None if not proxy or is_link_local(host) or proxy_bypass(host) else proxy


def is_link_local(host: str) -> bool:
    """Say whether a host is this machine's own surroundings: the metadata server of a cloud."""
    if host in _METADATA_HOSTS:
        return True
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False
