"""A loopback Management API: `database/query` on a real PostgreSQL, one statement a call."""

from __future__ import annotations

import json
import re

import psycopg

from tests.stack.loopback import Answer, LoopbackServer, Request
from tests.stack.postgres import execute

REF = "abcdefghijklmnopqrst"
TOKEN = "sbp_0123456789abcdef"


class LoopbackManagementApi(LoopbackServer):
    """Runs SQL in the database `dsn`; `queries` are those it was sent."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self.queries: list[str] = []

    def answer(self, request: Request) -> Answer:
        """Answer as api.supabase.com does."""
        if request.path != f"/v1/projects/{REF}/database/query":
            return _json(404, {"message": "Not Found"})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _json(401, {"message": "Unauthorized"})
        query = json.loads(request.body)["query"]
        self.queries.append(query)
        if len(re.findall(r";\s*$", _without_bodies(query), re.MULTILINE)) > 1:
            return _json(400, _error("42601", "cannot insert multiple commands"))
        try:
            rows = (
                execute(self._dsn, f"select to_jsonb(q) from ({query.rstrip('; ')}) q")
                if (query.lower().startswith("select"))
                else execute(self._dsn, query)
            )
        except psycopg.Error as error:
            return _json(400, _error(error.sqlstate or "", str(error.diag.message_primary)))
        return _json(201, [row for (row,) in rows])


def _without_bodies(query: str) -> str:
    return re.sub(r"(\$\w*\$).*?\1", "", query, flags=re.DOTALL)


def _error(code: str, message: str) -> dict[str, str]:
    return {"message": f"Failed to run sql query: ERROR:  {code}: {message}\n"}


def _json(status: int, document: object) -> Answer:
    body = json.dumps(document).encode()
    return Answer(status, (("Content-Type", "application/json"),), body)
