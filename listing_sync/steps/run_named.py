"""Find the run that a person means, among those that wrote here."""

from __future__ import annotations

from listing_sync.errors import RefusedError
from listing_sync.language.sentences import phrase
from listing_sync.ports import Ports


def run_that_wrote(ports: Ports, name: str) -> str:
    """Return the one run that wrote here which `name` means: its id, its beginning, or latest.

    Raises:
        RefusedError: there is none, or several begin so.
    """
    known = [run_id for run_id, _ in ports.machine.undo.runs()]
    found = known[:1] if name == "latest" else [each for each in known if each.startswith(name)]
    if len(found) > 1:
        raise RefusedError(
            phrase(
                "{name} may mean {count} runs: {runs}",
                name=name,
                count=len(found),
                runs=", ".join(found),
            )
        )
    if not found:
        which = phrase("the latest run") if name == "latest" else phrase("run {id}", id=name)
        raise RefusedError(
            phrase(
                "what {which} replaced is not known here: it wrote nothing, ran on"
                " another machine, or is older than SYNC_HISTORY_DAYS",
                which=which,
            )
        )
    return found[0]
