"""A dataclass whose methods come late is the one of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from listing_sync import lazy_dataclasses

KINDS = [{"frozen": frozen, "slots": slots} for frozen in (True, False) for slots in (True, False)]


def made(by: Callable[..., Any], **how: bool) -> Any:
    class Listing:
        """One listing."""

        number: str
        price: int = 5
        notes: list[str] = dataclasses.field(default_factory=list, repr=False)
        seen: int = dataclasses.field(default=0, compare=False)

        def __post_init__(self) -> None:
            if self.price < 0:
                raise ValueError("below 0")

    return by(**how)(Listing)


def outcome(act: Callable[[], Any]) -> Any:
    """Return what came of it: the result, or the error."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - to be compared
        is_refused = isinstance(error, AttributeError | TypeError)  # by either, for one reason
        return "refused" if is_refused else type(error)


ACTS: dict[str, Callable[[Any], Any]] = {
    "shown": lambda cls: repr(cls("AA1", notes=["x"])),
    "defaults": lambda cls: dataclasses.asdict(cls("AA1")),
    "lists of their own": lambda cls: cls("AA1").notes is not cls("AA1").notes,
    "equal": lambda cls: [cls("AA1") == cls("AA1", seen=3), cls("AA1") == cls("AA2")],
    "of another kind": lambda cls: cls("AA1") == ("AA1", 5, [], 0),
    "hash": lambda cls: hash(cls("AA1", notes=())) == hash(cls("AA1", notes=(), seen=1)),
    "set": lambda cls: setattr(cls("AA1"), "price", 6),
    "set anew": lambda cls: setattr(cls("AA1"), "other", 6),
    "deleted": lambda cls: delattr(cls("AA1"), "price"),
    "replaced": lambda cls: repr(dataclasses.replace(cls("AA1"), price=7)),
    "checked": lambda cls: cls("AA1", -1),
    "too few": lambda cls: cls(),
    "too many": lambda cls: cls("AA1", 1, [], 0, 0),
    "twice": lambda cls: cls("AA1", 1, number="AA2"),
    "unknown": lambda cls: cls("AA1", rooms=3),
    "by name": lambda cls: repr(cls(price=3, seen=1, number="AA1")),
    "copied": lambda cls: repr(copy.deepcopy(cls("AA1", 8, ["x"]))),
    "matched": lambda cls: cls.__match_args__,
    "names": lambda cls: [field.name for field in dataclasses.fields(cls)],
    "a dict": lambda cls: hasattr(cls("AA1"), "__dict__"),
}


@pytest.mark.parametrize("how", KINDS, ids=str)
@pytest.mark.parametrize("act", ACTS)
def test_it_does_as_the_standard_one_does(act: str, how: dict[str, bool]) -> None:
    mine, theirs = made(lazy_dataclasses.dataclass, **how), made(dataclasses.dataclass, **how)
    for _ in range(20):  # before its methods are compiled, and after
        assert outcome(lambda: ACTS[act](mine)) == outcome(lambda: ACTS[act](theirs))


@lazy_dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """One that can be found by its name."""

    number: str
    price: int = 5

    def __repr__(self) -> str:
        return "kept"


def test_one_comes_back_from_a_pickle() -> None:
    assert pickle.loads(pickle.dumps(Kept("AA1", 6))) == Kept("AA1", 6)


def test_a_method_of_its_own_stays() -> None:
    assert repr(Kept("AA1")) == "kept"
