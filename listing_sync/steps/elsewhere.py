"""Find the runs of ours whose changes are not known here: those of other machines or folders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from listing_sync.cells.wording import listed
from listing_sync.changes.undo_log import SOMEBODY
from listing_sync.history.runs import Run
from listing_sync.language.sentences import phrase, phrase_number
from listing_sync.ports import Ports

_HOSTS_NAMED: Final = 2
_RUNS_NAMED: Final = 3


def runs_elsewhere(ports: Ports, since: datetime) -> tuple[Run, ...]:
    """Return the runs that wrote since then, or may have, and are not in the undo log here.

    Of those of this host that say to have changed nothing this is known: no other folder did.
    """
    here = {run_id for run_id, _ in ports.machine.undo.runs()}
    host = ports.identity.host
    return tuple(
        run
        for run in ports.target.records.writing_since(since)
        if run.run_id not in here and (run.host != host or run.stats.changed)
    )


def others_with(runs: Sequence[Run]) -> str:
    """Return who may have done what the runs that are known here did not do."""
    if not runs:
        return SOMEBODY
    hosts = sorted({run.host for run in runs})
    return phrase(
        "{others}, or a run on {hosts}", others=SOMEBODY, hosts=listed(hosts, _HOSTS_NAMED)
    )


def where_they_are_known(runs: Sequence[Run]) -> str:
    """Return the sentence that names the runs, newest first, and says where they can be undone."""
    names = [
        phrase(
            "{run_id} of {started_at:%Y-%m-%d %H:%M} UTC on {host}",
            run_id=run.run_id,
            started_at=run.started_at.astimezone(UTC),
            host=run.host,
        )
        for run in runs
    ]
    return phrase_number(
        "{count:,} run that is not known to this SYNC_STATE_DIR may have written since: {runs};"
        " what it replaced is kept on its machine, where it can be undone",
        "{count:,} runs that are not known to this SYNC_STATE_DIR may have written since: {runs};"
        " what they replaced is kept on their machines, where they can be undone",
        len(runs),
        runs=listed(names, _RUNS_NAMED),
    )
