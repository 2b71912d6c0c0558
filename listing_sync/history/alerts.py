"""Decide which messages are due after a run.

Failed runs in a row are a trouble from the run on that reaches the limit, and it is over with a
good run; what is said of it, and when, is that of history/standing.py:

| the run      | streak of failed runs           | message                                       |
| ------------ | ------------------------------- | --------------------------------------------- |
| failed       | shorter than the limit          | none                                          |
| failed       | reaches the limit               | runs fail                                     |
| failed       | told, the cause is a new one    | runs fail, for another reason                 |
| failed       | told a day ago                  | runs still fail                               |
| failed       | told, otherwise                 | none                                          |
| good         | told                            | runs work again                               |
| good         | not told                        | none                                          |
| interrupted  | stays as it is                  | none                                          |

A service that is down gives several causes in turn (time-outs, then the open breaker), so a cause
is new when no message of this streak named it. Listings that failed runs leave unwritten are the
streak's affair: they count for the alert on the error rate only where runs fail now and then, too
seldom for a streak.

Source: docs/contract.md section 3, Alerts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from hashlib import sha256

from listing_sync.cells.listings import Rejection
from listing_sync.cells.wording import duration, percent
from listing_sync.history.alert_memory import Memory, Streak
from listing_sync.history.list_messages import (
    message_about,
    rejections_message,
    removal_message,
    with_rate,
)
from listing_sync.history.mentions import foreign, spoken
from listing_sync.history.messages import Message
from listing_sync.history.news import rejection_key
from listing_sync.history.run_checks import DEGRADED_ERROR_RATE, UNHEALTHY_ERROR_RATE
from listing_sync.history.run_statistics import Statistics, statistics
from listing_sync.history.runs import GOOD, Run, RunStatus, RunType
from listing_sync.history.standing import REMINDED_AFTER, Standing, Word, seen
from listing_sync.language.sentences import code_of, english_of, phrase, phrase_number
from listing_sync.lazy_dataclasses import dataclass

_HEARD_KEPT = 2000
UNSTARTED_TOLD_AFTER = 3
_TITLE_WIDTH = 150
COLUMN_MISSING = "column_missing"
"""The code of the warning that the sheet has lost a column."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The run that has just ended and what surrounds it.

    `recent` are earlier runs of its source and target as far as they could be read; times are shown
    in `zone`.
    """

    run: Run
    recent: Sequence[Run]
    new_rejections: Sequence[Rejection]
    now: datetime
    zone: tzinfo | None
    after_failures: int


def due_messages(ended: Ended, memory: Memory) -> tuple[tuple[Message, ...], Memory]:
    """Return the messages to send now, in order, and what to remember. Only full runs count."""
    if ended.run.run_type is not RunType.FULL:
        return (), memory
    _, stuck = seen(memory.stuck, None, ended.now)  # that a run began says that all is well
    memory = replace(memory, unstarted=None, stuck=stuck)
    if ended.run.status is RunStatus.INTERRUPTED:
        # What it would tell is told by the next run, whose news it still is.
        return (), memory
    ended, memory = _unheard(ended, memory)
    streak_message, memory = _streak(ended, memory)
    rate_message, memory = _error_rate(ended, memory)
    lost_message, memory = _lost_column(ended, memory)
    told = rejections_message(ended.run, ended.new_rejections, ended.now)
    if rate_message and told:  # one incident: its cells tell what the rate only sums
        told, rate_message = with_rate(told, rate_message), None
    removed = removal_message(ended.run, ended.now)
    messages = (streak_message, rate_message, lost_message, removed, told)
    return tuple(message for message in messages if message), memory


def _unheard(ended: Ended, memory: Memory) -> tuple[Ended, Memory]:
    """Leave out what channels heard by a run by hand, which leaves the news to the next mail."""
    news = [item for item in ended.new_rejections if digest(item) not in memory.heard]
    is_by_hand = ended.run.told is False
    heard = (*memory.heard, *map(digest, news)) if is_by_hand else ()
    return replace(ended, new_rejections=news), replace(memory, heard=heard[-_HEARD_KEPT:])


def digest(rejection: Rejection) -> str:
    """Return what a rejection is known by, without saying anything of it."""
    return sha256("\x00".join(rejection_key(rejection)).encode("utf-8", "replace")).hexdigest()[:16]


def due_unstarted(
    memory: Memory, why: str, now: datetime, *, place: str, after_failures: int
) -> tuple[Message | None, Memory]:
    """Return the message that runs cannot begin, where it is due; such a run is no failed run."""
    streak = memory.unstarted or Streak(0, now)
    streak = replace(streak, runs=streak.runs + 1)
    memory = replace(memory, unstarted=streak)
    if streak.runs < max(after_failures, UNSTARTED_TOLD_AFTER):
        return None, memory
    word, stuck = seen(memory.stuck, str(english_of(why)), now)
    memory = replace(memory, stuck=stuck)
    if word is None:
        return None, memory
    message = Message(
        now,
        _title(spoken(gist(why)), is_reminder=word is Word.STILL),
        (
            spoken(place),
            phrase(
                "{runs:,} runs in a row could not begin since {time:%Y-%m-%d %H:%M %Z}.",
                runs=streak.runs,
                time=streak.since.astimezone(),
            ),
            *(f"• {spoken(line)}" for line in why.splitlines()),
            phrase("To do: mend that, then `listing-sync health`. Nothing was written or lost."),
        ),
    )
    return message, memory


def _streak(ended: Ended, memory: Memory) -> tuple[Message | None, Memory]:
    run, streak = ended.run, memory.streak
    if run.status in GOOD:
        told = memory.failing
        word, failing = seen(told, None, ended.now)
        memory = replace(memory, streak=None, failing=failing)
        if told is None or word is not Word.OVER:
            return None, memory
        return _recovery_message(ended, streak or Streak(told.times, told.since)), memory
    streak = streak or Streak(0, run.started_at)
    streak = replace(streak, runs=streak.runs + 1)
    memory = replace(memory, streak=streak)
    if streak.runs < ended.after_failures:
        return None, memory
    cause = f"{run.cause.category}: {english_of(run.cause.message)}" if run.cause else ""
    word, failing = seen(memory.failing, cause, ended.now)
    memory = replace(memory, failing=failing)
    if word is None:
        return None, memory
    return _failure_message(ended, streak, is_reminder=word is Word.STILL), memory


def _error_rate(ended: Ended, memory: Memory) -> tuple[Message | None, Memory]:
    """Tell when the error rate passes its limit, and when it is well again."""
    if ended.run.status not in GOOD:
        return None, memory
    runs = [run for run in (*ended.recent, ended.run) if run.status is not RunStatus.INTERRUPTED]
    recent = statistics(runs, ended.now)
    is_flapping = recent.runs - recent.good_runs >= ended.after_failures
    if not (is_flapping and _is_past(memory.failing, ended.now)):
        recent = statistics([run for run in runs if run.status in GOOD], ended.now)
    rate = recent.error_rate
    if rate > UNHEALTHY_ERROR_RATE and not memory.is_error_rate_told:
        return _rate_message(ended, recent), replace(memory, is_error_rate_told=True)
    if rate <= DEGRADED_ERROR_RATE and memory.is_error_rate_told:
        title = phrase("the error rate is down to {rate}", rate=percent(rate))
        return message_about(ended.run, ended.now, title), replace(memory, is_error_rate_told=False)
    return None, memory


def _lost_column(ended: Ended, memory: Memory) -> tuple[Message | None, Memory]:
    """Tell once that the sheet has lost a column since the last run; its values stay as they are.

    What the first run of all finds is no loss.
    """
    if ended.run.status not in GOOD:
        return None, memory
    lost = [text for text in ended.run.warnings if code_of(text) == COLUMN_MISSING]
    cause = "\n".join(str(english_of(text)) for text in lost) or None
    word, standing = seen(memory.lost, cause, ended.now)
    memory = replace(memory, lost=standing)
    if not ended.recent or word not in {Word.BEGINS, Word.CHANGED}:
        return None, memory
    title = gist(lost[0])
    rest = [phrase("Why: {why}", why=spoken(text)) for text in lost if text != title]
    return message_about(ended.run, ended.now, spoken(title), *rest), memory


def _is_past(failing: Standing | None, now: datetime) -> bool:
    """Return whether the last message about failing runs is a day old, or was never sent."""
    return failing is None or not timedelta(0) <= now - failing.told_at < REMINDED_AFTER


# -- wording, in the mark-up of Slack -------------------------------------------------------------


def _failure_message(ended: Ended, streak: Streak, *, is_reminder: bool) -> Message:
    run = ended.run
    why = run.cause.message if run.cause else phrase("no listing could be written")
    first = gist(why)
    failed = phrase_number(
        "{count:,} run failed since {time} ({age}), the last is `{run}` on {host}",
        "{count:,} runs in a row failed since {time} ({age}), the last is `{run}` on {host}",
        streak.runs,
        time=_time(streak.since, ended),
        age=duration((ended.now - streak.since).total_seconds()),
        run=run.run_id,
        host=foreign(run.host, 60),
    )
    to_do = phrase(
        "To do: `listing-sync health` checks every part; `listing-sync status {run}` shows this"
        " run. The table keeps what it has until runs work again.",
        run=run.run_id,
    )
    whole = [phrase("Why: {why}", why=spoken(why))] if first != why else []
    title = _title(spoken(first), is_reminder=is_reminder)
    return message_about(ended.run, ended.now, title, failed, *whole, to_do)


def _title(what: str, *, is_reminder: bool) -> str:
    return phrase("still: {what}", what=what) if is_reminder else what


def gist(why: str) -> str:
    """Return the first sentence of a cause, short enough for a title."""
    first = re.split(r"(?<=[^.])\. |\n|。", why, maxsplit=1)[0]
    return first if len(first) <= _TITLE_WIDTH else f"{first[: _TITLE_WIDTH - 1]}…"


def _recovery_message(ended: Ended, streak: Streak) -> Message:
    stats = ended.run.stats
    after = phrase_number(
        "After {count:,} failed run since {time}.",
        "After {count:,} failed runs since {time}.",
        streak.runs,
        time=_time(streak.since, ended),
    )
    said = phrase_number(
        "{after} Run `{run}`: {success:,} of {count:,} listing up to date, {failed:,} failed.",
        "{after} Run `{run}`: {success:,} of {count:,} listings up to date, {failed:,} failed.",
        stats.total,
        after=after,
        run=ended.run.run_id,
        success=stats.success,
        failed=stats.failed,
    )
    return message_about(ended.run, ended.now, phrase("runs work again"), said)


def _rate_message(ended: Ended, recent: Statistics) -> Message:
    run_id = ended.run.run_id
    return message_about(
        ended.run,
        ended.now,
        phrase("{rate} of the listings failed in 24 h", rate=percent(recent.error_rate)),
        phrase_number(
            "{failed:,} of {total:,} in {count:,} run, last run `{run}`",
            "{failed:,} of {total:,} in {count:,} runs, last run `{run}`",
            recent.runs,
            failed=recent.failed,
            total=recent.total,
            run=run_id,
        ),
        phrase(
            "To do: `listing-sync status {run}` names each with its cell and reason.", run=run_id
        ),
    )


def _time(moment: datetime, ended: Ended) -> str:
    return f"{moment.astimezone(ended.zone):%Y-%m-%d %H:%M %Z}"
