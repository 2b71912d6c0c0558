"""Tell why a cell is rejected without what stands in it, for pages and alerts.

The terminal, `--json` and sync_errors name values: who reads them may read the sheet. Whoever is
in a channel, or has the page's address, may not.
"""

from __future__ import annotations

import re

_UNSAID = "…"
_END = r"(?=; expected |$)"
_TWO_THINGS = "shows one thing, holds another"
_QUOTING = (
    (re.compile(rf"shows nothing, holds .*?{_END}", re.DOTALL), "shows nothing, holds a value"),
    (re.compile(rf"shows (?!nothing, ).*, holds .*?{_END}", re.DOTALL), _TWO_THINGS),
    (re.compile(r"a bare number, .*, which is no date", re.DOTALL), "a bare number, no date"),
    (re.compile(r"the remark \(.*\) ", re.DOTALL), "the remark in brackets "),
    (
        re.compile(r"not certain: .* may be .* or .*? \(the mapping", re.DOTALL),
        "not certain which number it is (the mapping",
    ),
    (
        re.compile(r"( holds [^ ]+) .*, which must be unique", re.DOTALL),
        r"\1 with the same value, which must be unique",
    ),
)
_SHORTEST = 2


def discreet(reason: str, value: str | None = None) -> str:
    """Return a reason without the cell's value, however it is quoted; `value` is that of the cell.

    What is expected stays: it is the mapping's.
    """
    for pattern, words in _QUOTING:
        reason = pattern.sub(words, reason)
    if value is None or len(value.strip()) < _SHORTEST:
        return reason
    said, expected, form = reason.partition("; expected ")
    return said.replace(value.strip(), _UNSAID) + expected + form
