"""Find the run that a person means, among those that wrote here."""

from __future__ import annotations

from typing import Final

from listing_sync.errors import RefusedError, RemoteError
from listing_sync.history.runs import Run
from listing_sync.language.sentences import phrase
from listing_sync.ports import Ports

_RUNS_LOOKED_AT: Final = 1000


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
    if not found and (elsewhere := _recorded(ports, name)):
        raise RefusedError(
            phrase(
                "run {id} ran on {host}, and what it replaced is kept there: give this command on"
                " that machine, with the SYNC_STATE_DIR of that run",
                id=elsewhere.run_id,
                host=elsewhere.host,
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


def _recorded(ports: Ports, name: str) -> Run | None:
    """Return the newest run whose id begins so and that has changed rows, by its record.

    None where the records cannot be read: whether it ran elsewhere is not known then.
    """
    try:
        runs = ports.target.records.recent(_RUNS_LOOKED_AT)
    except (RemoteError, RefusedError):
        return None
    return next((run for run in runs if run.run_id.startswith(name) and run.stats.changed), None)
