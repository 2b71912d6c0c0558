"""Go by the name of the sheet that was really read, from the first time that it was read."""

from __future__ import annotations

from listing_sync.cells.listings import SheetContents
from listing_sync.history.sources import as_read
from listing_sync.ports import Ports


def learn_source(ports: Ports, contents: SheetContents, *, keep: bool) -> bool:
    """Name the source by what was read; return whether records are now sought by other names.

    `keep` remembers it for the next run, which then knows before it reads.
    """
    known = ports.identity.spelling
    read = as_read(known, contents.tab, contents.link_base)
    if read == known:
        return False
    ports.learn_source(read, keep=keep)
    return True
