"""Tell a change from the table's own spelling of what was written.

A column may give back something else than it was given: money, char(n), time, a trigger that rounds
or writes capitals. Such a value is neither a change nor an accident, and writing it again is no use
until the sheet or the table says something new. Remembered are digests, never values, but for one
example a column, which stays on this machine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from listing_sync.cells.columns import Column
from listing_sync.cells.listings import Listing, Value
from listing_sync.changes.compare import comparer
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass

_LONGEST_EXAMPLE: Final = 40


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What earlier runs saw. All is by the key of the row.

    `values` hold by column digests of (wanted, read); `examples` by column (type, wrote, reads);
    `keys` the numbers that the table keeps under another one. `loose` are the columns of which this
    is known, also where a lost memory no longer tells the values.
    """

    values: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    examples: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    loose: frozenset[str] = frozenset()

    def is_known(self, column: str, key: str, wanted: Value, read: Value) -> bool:
        """Return whether this is what the table makes of this very value."""
        seen = self.values.get(column, {}).get(key)
        return seen is not None and seen == (_digest(wanted), _digest(read))

    def may_be_its_own(self, column: str, key: str, wanted: Value) -> bool:
        """Return whether a difference may be the column's doing: the sheet says nothing new."""
        seen = self.values.get(column, {}).get(key)
        return column in self.loose and (seen is None or seen[0] == _digest(wanted))

    def to_document(self) -> dict[str, object]:
        """Return it as JSON keeps it."""
        return {
            "values": {name: dict(seen) for name, seen in self.values.items()},
            "examples": dict(self.examples),
            "keys": dict(self.keys),
        }

    @classmethod
    def from_document(cls, document: object) -> GivenBack:
        """Return what `to_document` gave; anything else is an empty memory."""
        try:
            return _read(document)
        except (AttributeError, KeyError, TypeError, ValueError):
            return cls()


NOTHING_KNOWN: Final = GivenBack()


def named_with_example(name: str, example: tuple[str, str, str]) -> str:
    """Return a column as people are told of it: price (money; wrote 5, reads "$5.00")."""
    kind, wrote, read = example
    of_type = f"{kind}; " if kind else ""
    return phrase(
        "{name} ({of_type}wrote {wrote}, reads {read})",
        name=name,
        of_type=of_type,
        wrote=wrote,
        read=read,
    )


class Answer(NamedTuple):
    """What the table made of one row that was written: its key, and by column (wanted, read)."""

    number: str
    key: str
    written: tuple[str, ...]
    differing: Mapping[str, tuple[Value, Value]]


def learned(
    before: GivenBack, answers: Iterable[Answer], gone: Sequence[str], meant: Mapping[str, str]
) -> GivenBack:
    """Return the memory after a run that got these answers and removed these rows.

    `meant` are the keys of the rows that numbers were told to mean.
    """
    values = {name: dict(seen) for name, seen in before.values.items()}
    examples = dict(before.examples)
    keys = {**before.keys, **{number: key for number, key in meant.items() if key != number}}
    for answer in answers:
        for name in answer.written:
            if name in values and name not in answer.differing:
                values[name].pop(answer.key, None)
        for name, (wanted, read) in answer.differing.items():
            values.setdefault(name, {})[answer.key] = (_digest(wanted), _digest(read))
            examples.setdefault(name, ("", _example(wanted), _example(read)))
        keys.pop(answer.number, None)
        if answer.key != answer.number:
            keys[answer.number] = answer.key
    for seen in values.values():
        for key in gone:
            seen.pop(key, None)
    values = {name: seen for name, seen in values.items() if seen}
    lost = set(gone)
    return GivenBack(
        values,
        {name: example for name, example in examples.items() if name in values},
        {number: key for number, key in keys.items() if key not in lost},
        frozenset(values),
    )


Differing = Callable[[Listing, str, Sequence[Value]], tuple[int, ...]]
"""(listing, key of its row, the row's values) -> the indexes that are to be written."""


def row_comparer(columns: Sequence[Column], known: GivenBack) -> Differing:
    """Return what finds the columns of a row that differ, but for what the table made of them."""
    differing = comparer(columns)
    names = [column.name for column in columns]

    def changed(listing: Listing, key: str, row: Sequence[Value]) -> tuple[int, ...]:
        indexes = differing(listing.values, row)
        if not indexes or not known.values:
            return indexes
        return tuple(
            index
            for index in indexes
            if not known.is_known(names[index], key, listing.values[index], row[index])
        )

    return changed


def _digest(value: Value) -> str:
    return blake2b(_form(value).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _form(value: Value) -> str:
    """Return a text that is the same for a value however it was read."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, sort_keys=True, default=str)
    text = str(value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return str(number.normalize()) if number.is_finite() else text


def _example(value: Value) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]}..."


def _read(document: Any) -> GivenBack:
    return GivenBack(
        values={
            str(name): {str(key): (str(pair[0]), str(pair[1])) for key, pair in seen.items()}
            for name, seen in document["values"].items()
        },
        examples={
            str(name): (str(item[0]), str(item[1]), str(item[2]))
            for name, item in document["examples"].items()
        },
        keys={str(number): str(key) for number, key in document["keys"].items()},
        loose=frozenset(map(str, document["values"])),
    )
