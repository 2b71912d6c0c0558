"""Tell the source by what was read, however the settings spell its tab.

A Google sheet is its spreadsheet and the number of its tab (gid), a workbook its path and the title
of its tab, a CSV file its path. Until the sheet was read once under a spelling, every tab of it
counts as ours where runs are looked at.
"""

from __future__ import annotations

import re
from dataclasses import replace

from listing_sync.lazy_dataclasses import dataclass

_GID = re.compile(r"#gid=(\d+)$")


@dataclass(frozen=True, slots=True)
class Source:
    """A source as records call it.

    `name` is what new records say and `also` what older ones may; `base` is the spreadsheet or file
    without its tab, None where there is but one name. `is_known` says whether it was read.
    """

    spelled: str
    base: str | None = None
    name: str = ""
    also: tuple[str, ...] = ()
    is_known: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that records may bear, the one of new records first."""
        return tuple(dict.fromkeys((self.name or self.spelled, self.spelled, *self.also)))

    @property
    def tabs_of(self) -> str | None:
        """Return what begins the names of all tabs, where each of them may be ours."""
        return None if self.is_known or self.base is None else f"{self.base}#"

    def owns(self, recorded: str) -> bool:
        """Return whether a record of that name is ours; without a name of our own, each is."""
        if not self.spelled or recorded in self.names:
            return True
        return self.tabs_of is not None and (
            recorded == self.base or recorded.startswith(self.tabs_of)
        )


def unread(spelled: str, base: str) -> Source:
    """Return a source of which only the settings are known."""
    return Source(spelled, base, is_known=False)


def as_read(source: Source, tab: str, link_base: str | None) -> Source:
    """Return a source whose tab was read: its title, and the address that opens it in a browser."""
    base = source.base
    if base is None:
        return source
    titled = f"{base}#{tab}"
    gid = _GID.search(link_base or "")
    if gid is not None:
        name = f"{base}#gid={gid[1]}"
    else:
        name = base if base.lower().endswith(".csv") else titled
    found = tuple(each for each in (base, titled) if each not in {name, source.spelled})
    also = source.also if source.name == name else ()  # a former title may have named the same tab
    return replace(source, name=name, also=tuple(dict.fromkeys((*also, *found))), is_known=True)
