"""Make dataclasses whose methods are compiled when they are first called.

The standard library compiles six methods for each class as its module is imported: for a hundred
classes an eighth of what a quiet run takes, which makes objects of a third of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool = False, slots: bool = False) -> Callable[[type], type]:
        """Return what makes a dataclass of a class, as `dataclasses.dataclass` does."""
        return lambda cls: _made(cls, frozen=frozen, slots=slots)


_COMPILED: Final = ("__init__", "__repr__", "__eq__", "__hash__")


def _made(cls: Any, *, frozen: bool, slots: bool) -> Any:
    missing = [name for name in _COMPILED if name not in cls.__dict__]
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    for name in missing:
        setattr(made, name, _first_call(made, name, frozen=frozen))
    if not frozen:
        made.__hash__ = None  # as of every object that may change
        return made
    made.__setattr__ = made.__delattr__ = _refuse
    if slots:
        made.__getstate__ = _state
        made.__setstate__ = _take_state
    return made


def _first_call(cls: type, name: str, *, frozen: bool) -> Callable[..., Any]:
    """Return a method that has itself compiled, and does what it is called for."""

    def method(self: object, *given: object, **named: object) -> Any:
        compiled = _compiled(cls, name, frozen=frozen)
        setattr(cls, name, compiled)
        return compiled(self, *given, **named)

    return method


def _compiled(cls: Any, name: str, *, frozen: bool) -> Callable[..., Any]:
    """Return the method of the dataclass that the standard library makes of the same fields."""
    content: dict[str, Any] = {"__annotations__": {}, "__doc__": cls.__doc__}
    for each in dataclasses.fields(cls):
        content["__annotations__"][each.name] = each.type
        content[each.name] = dataclasses.field(
            default=each.default,
            default_factory=each.default_factory,
            init=each.init,
            repr=each.repr,
            hash=each.hash,
            compare=each.compare,
            kw_only=each.kw_only,
        )
    if hasattr(cls, "__post_init__"):
        content["__post_init__"] = cls.__post_init__
    whole: type = dataclasses.dataclass(
        init=name == "__init__",
        repr=name == "__repr__",
        eq=name in {"__eq__", "__hash__"},
        frozen=frozen,
        match_args=False,
    )(type(cls.__name__, (), content))
    method: Callable[..., Any] = whole.__dict__[name]
    return method


def _refuse(self: object, name: str, _value: object = None) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"{name} of {type(self).__name__} is frozen")


def _state(self: Any) -> list[object]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _take_state(self: Any, state: list[object]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
