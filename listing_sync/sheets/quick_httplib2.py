"""Import httplib2 without the parser of a header that nobody sends us.

httplib2.auth brings pyparsing and, through it, unittest: a twelfth of a quiet run, for reading
WWW-Authenticate headers in httplib2's own requests, of which we make none. The module is loaded
when something of it is asked for.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType

_NAME = "httplib2.auth"


class _Later(ModuleType):
    """The module, still to be executed."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]  # as importlib.util.LazyLoader does
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def import_httplib2() -> ModuleType:
    """Return httplib2, whose part for authentication is loaded when it is used."""
    if "httplib2" not in sys.modules:
        package = PathFinder.find_spec("httplib2")
        places = None if package is None else package.submodule_search_locations
        part = None if places is None else PathFinder.find_spec(_NAME, places)
        if part is not None:
            module = module_from_spec(part)
            module.__class__ = _Later
            sys.modules[_NAME] = module
    import httplib2  # noqa: PLC0415 - heavy

    return httplib2  # type: ignore[no-any-return]
