"""Write values as one filter of PostgREST that finds exactly them.

Inside `in.(...)` every value is quoted: a bare one loses blanks and tabs after the bracket, and
`null`, commas, brackets and quotes would mean something. After `eq.` and `gt.` a value is taken
as it stands, to the end. `in.()` and `in.("")` match nothing, so the empty text is asked for by
`eq.`.

Source: PostgREST, ApiRequest/QueryParams.hs (pListVal, pQuotedValue, pSingleVal) and
Query/SqlFragment.hs (`In [""]`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

from postgrest.base_request_builder import BaseFilterRequestBuilder

FILTER_BYTES: Final = 6000
"""Of one `in.(...)`, percent-encoded: URL and headers may have 16 KB, the select its share."""

Q = TypeVar("Q", bound=BaseFilterRequestBuilder[Any])


def quoted(value: str) -> str:
    """Return a value as it stands inside `in.(...)`."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def among(query: Q, column: str, values: Sequence[str]) -> Q:
    """Return the query with the filter that the column has one of these values."""
    if list(values) == [""]:
        return query.filter(column, "eq", "")
    return query.filter(column, "in", f"({','.join(map(quoted, values))})")


def chunks(values: Sequence[str]) -> Iterator[list[str]]:
    """Yield the values in parts that fit into one `in.(...)`."""
    chunk: list[str] = []
    size_bytes = 0
    for value in values:
        value_bytes = len(quote(quoted(value) + ",", safe=""))
        if chunk and size_bytes + value_bytes > FILTER_BYTES:
            yield chunk
            chunk, size_bytes = [], 0
        chunk.append(value)
        size_bytes += value_bytes
    if chunk:
        yield chunk
