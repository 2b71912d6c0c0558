"""Find the runs of ours whose changes are not known here: those of other machines or folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from listing_sync.cells.wording import listed
from listing_sync.changes.ownership import SOMEBODY
from listing_sync.errors import RefusedError, RemoteError
from listing_sync.history.runs import Run
from listing_sync.language.sentences import phrase, phrase_number, spoken
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import Ports

_HOSTS_NAMED: Final = 2
_RUNS_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The runs that wrote, or may have, of which nothing is known here, newest first.

    `problem` says why that is not known.
    """

    runs: tuple[Run, ...] = ()
    problem: str | None = None

    @property
    def others(self) -> str:
        """Return who may have done what the runs that are known here did not do."""
        if self.problem is not None:
            return phrase("{others}, or a run on another machine", others=SOMEBODY)
        return others_or(SOMEBODY, self.runs)

    @property
    def warning(self) -> str | None:
        """Return the sentence that names the runs, and says where they can be undone."""
        if self.problem is not None:
            return phrase(
                "which runs of other machines have written since is not known: {why}",
                why=self.problem,
            )
        if not self.runs:
            return None
        names = [
            phrase(
                "{run_id} of {started_at:%Y-%m-%d %H:%M} UTC on {host}",
                run_id=run.run_id,
                started_at=run.started_at.astimezone(UTC),
                host=run.host,
            )
            for run in self.runs
        ]
        return phrase_number(
            "{count:,} run that is not known to this SYNC_STATE_DIR may have written since: {runs};"
            " what it replaced is kept on its machine, where it can be undone",
            "{count:,} runs that are not known to this SYNC_STATE_DIR may have written since:"
            " {runs}; what they replaced is kept on their machines, where they can be undone",
            len(self.runs),
            runs=listed(names, _RUNS_NAMED),
        )


def runs_elsewhere(ports: Ports, began: Callable[[Ports], datetime]) -> Elsewhere:
    """Return the runs that wrote since then, or may have, and are not in the undo log here.

    Of those of this host that say to have changed nothing this is known: no other folder did.
    A rollback needs no records: what is not known is said.
    """
    here = {run_id for run_id, _ in ports.machine.undo.runs()}
    host = ports.identity.host
    try:
        runs = tuple(
            run
            for run in ports.target.records.writing_since(began(ports))
            if run.run_id not in here and (run.host != host or run.stats.changed)
        )
    except (RemoteError, RefusedError) as error:
        return Elsewhere(problem=str(error))
    return Elsewhere(runs)


def heard_before(ports: Ports) -> datetime | None:
    """Return when the database last heard of a run, None where that cannot be asked."""
    try:
        return ports.target.records.last_heard_at()
    except (RemoteError, RefusedError):
        return None


def others_or(others: str, runs: Sequence[Run]) -> str:
    """Return who may have done what is not known here: others, or one of the runs elsewhere."""
    if not runs:
        return spoken(others)
    return phrase("{others}, or a run on {hosts}", others=others, hosts=hosts_of(runs))


def hosts_of(runs: Sequence[Run]) -> str:
    """Return the hosts of the runs, the first few by name."""
    return listed(sorted({run.host for run in runs}), _HOSTS_NAMED)
