"""Find in the records what of the news was told, and what need not be stored again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from listing_sync.cells.listings import Rejection
from listing_sync.history.news import have_codes, rejection_key, untold
from listing_sync.history.runs import GOOD, Run, RunType, StoredRejection
from listing_sync.language.sentences import english_of
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.ports import RunRecords

RECENT_RUNS = 50
STORED_AGAIN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class History:
    """What earlier runs of this source and target left.

    `told_by` is the full run that came last to tell its rejections, which are `rejections`.
    `is_known` is False when it could not be read: then nothing can be told to be new, and it is
    left to a later run.
    """

    runs: tuple[Run, ...] = ()
    rejections: tuple[StoredRejection, ...] = ()
    told_by: Run | None = None
    is_known: bool = True

    def news(
        self, rejections: Sequence[Rejection], payloads: Mapping[int, Mapping[str, str]]
    ) -> tuple[Rejection, ...]:
        """Return the rejections that no message has told."""
        return untold(rejections, self.rejections, payloads) if self.is_known else ()

    def new_warnings(self, warnings: Sequence[str]) -> tuple[str, ...]:
        """Return the warnings that no message has told, in whatever language."""
        known = {english_of(text) for text in self.told_by.warnings} if self.told_by else ()
        new = (text for text in warnings if english_of(text) not in known)
        return tuple(new) if self.is_known else ()


def told_before(runs: Iterable[Run]) -> Run | None:
    """Return the newest full run that knew what it rejects, of those that do not say who told."""
    return next(
        (
            run
            for run in runs
            if run.run_type is RunType.FULL
            and run.told is None
            and (run.status in GOOD or run.rejections_run_id is not None)
        ),
        None,
    )


def read_history(records: RunRecords, run_id: str) -> History:
    """Return what runs before this one left."""
    runs = tuple(each for each in records.recent(RECENT_RUNS) if each.run_id != run_id)
    if not runs:
        return History()
    # Mostly one of them; after a long outage it is further back.
    oldest = min(run.started_at for run in runs)
    told_by = records.last_told(since=oldest) or records.last_told() or told_before(runs)
    if told_by is None or told_by.rejections_run_id is None:
        return History(runs, told_by=told_by)
    return History(runs, records.rejections(told_by.rejections_run_id), told_by)


def stored(
    run: Run,
    rejections: Sequence[Rejection],
    payloads: Mapping[int, Mapping[str, str]],
    history: History,
) -> tuple[Run, tuple[StoredRejection, ...]]:
    """Return what to store in sync_errors, and the run saying where its rejections are.

    Fifty standing rejections must not fill a database: the same ones are stored once a day.
    """
    if not rejections:
        return run, ()
    at = run.completed_at or run.started_at
    told = history.rejections
    by_code = have_codes(told)
    before = {
        (rejection_key(each.rejection, by_code=by_code), each.rejection.cell) for each in told
    }
    is_same = before == {(rejection_key(each, by_code=by_code), each.cell) for each in rejections}
    if is_same and at - max(s.created_at for s in told) < STORED_AGAIN_AFTER:
        return replace(run, rejections_run_id=told[0].run_id), ()
    return replace(run, rejections_run_id=run.run_id), tuple(
        StoredRejection(run.run_id, item, at, payloads.get(item.sheet_row or 0))
        for item in rejections
    )
