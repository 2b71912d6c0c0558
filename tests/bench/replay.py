"""The bare loop: recorded requests, already encoded, sent again one after the other.

`python -m tests.bench.replay FILE` is what no program that sends these requests can be faster
than without sending several at a time.
"""

from __future__ import annotations

import http.client
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request to the server at `port` of this machine."""

    port: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def main() -> None:
    """Send the requests in the file, over one connection a server."""
    connections: dict[int, http.client.HTTPConnection] = {}
    with Path(sys.argv[1]).open("rb") as file:
        while True:
            try:
                request: Recorded = pickle.load(file)  # one at a time, as small as can be
            except EOFError:
                return
            connection = connections.setdefault(
                request.port, http.client.HTTPConnection("127.0.0.1", request.port)
            )
            connection.request(
                request.method, request.target, request.body or None, request.headers
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status not in {200, 201, 204}:
                sys.exit(f"{request.method} {request.target}: {answer.status}")


if __name__ == "__main__":
    main()
