"""A person's browser: follows the address that it is given, until it is back on this machine."""

from __future__ import annotations

import sys

import httpx

if __name__ == "__main__":
    httpx.get(sys.argv[1], follow_redirects=True, timeout=10)
