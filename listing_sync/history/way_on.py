"""Say whose work on a listing is gone, and what will make the table as the sheet is."""

from __future__ import annotations

from collections.abc import Callable

from listing_sync.cells.wording import one_line
from listing_sync.changes.undone import Deed
from listing_sync.errors import Category
from listing_sync.history.outlook import Outlook
from listing_sync.history.runs import Run, RunStatus
from listing_sync.history.signs_of_life import Life, SayTime, in_words
from listing_sync.history.story import Story
from listing_sync.language.sentences import phrase

_SHORT_ID = 8
"""So many characters of a run's id tell it from every other, and `status` takes them."""

SayTheNext = Callable[[str | None, str], str]
"""What the next run does, by when it is due (None: not known) and when the last one was."""


def bare(sentence: str) -> str:
    """Return a sentence so that ours goes on behind it."""
    return sentence.rstrip(".。")


def undone_words(story: Story, say_time: SayTime) -> str | None:
    """Return whose work of ours is gone, where that is certain."""
    undone = story.undone
    if undone is None:
        if story.seen_equal_at is None:
            return None
        return phrase(
            "as in the sheet when the run of {time} looked, changed since (by {others})",
            time=say_time(story.seen_equal_at),
            others=story.others,
        )
    filled = {
        "run": undone.run_id[:_SHORT_ID],
        "time": say_time(undone.started_at),
        "others": story.others,
    }
    if undone.deed is Deed.INSERTED:
        return phrase("inserted by run {run} at {time}, undone since (by {others})", **filled)
    if undone.deed is Deed.REMOVED:
        return phrase("removed by run {run} at {time}, undone since (by {others})", **filled)
    differing = {item.column for item in story.table.differences} if story.table else set()
    if differing <= set(undone.columns):
        return phrase("written by run {run} at {time}, undone since (by {others})", **filled)
    columns = ", ".join(map(one_line, undone.columns))
    return phrase(
        "{columns} written by run {run} at {time}, undone since (by {others})",
        columns=columns,
        **filled,
    )


def removes(due: str | None, last: str) -> str:
    """Say that the next run removes a row."""
    if due is None:
        return phrase("the next run removes it (the last one was at {last})", last=last)
    return phrase("the next run, due about {due}, removes it", due=due)


def writes(due: str | None, last: str) -> str:
    """Say that the next run writes a listing."""
    if due is None:
        return phrase("the next run writes it (the last one was at {last})", last=last)
    return phrase("the next run, due about {due}, writes it", due=due)


def writes_again(due: str | None, last: str) -> str:
    """Say that the next run writes a listing anew."""
    if due is None:
        return phrase("the next run writes it again (the last one was at {last})", last=last)
    return phrase("the next run, due about {due}, writes it again", due=due)


def way_on(story: Story, say_time: SayTime, does: SayTheNext) -> str:
    """Return what will make the table say what the sheet says, or why nothing does."""
    if story.hold:
        return phrase("runs are paused by {hold}", hold=story.hold)
    if story.going and (story.going.life is not Life.SILENT):
        return in_words(story.going, say_time)
    for refusal in story.refusals:
        if refusal.rejection.category is not Category.VALIDATION:
            reason = bare(refusal.rejection.reason)
            return phrase("the last run could not write it: {reason}", reason=reason)
    run, outlook = story.outlook.last, story.outlook
    if run is None:
        return phrase("no run is known that could have done it")
    if run.status is RunStatus.FAILED:
        return _of_failures(outlook, run, say_time)
    if outlook.missing:
        return outlook.missing
    due, last = say_time(outlook.due) if outlook.due else None, say_time(run.started_at)
    if run.status is not RunStatus.INTERRUPTED:
        return does(due, last)
    if due is None:
        return phrase("the last run, at {last}, was interrupted; the next one goes on", last=last)
    return phrase(
        "the last run, at {last}, was interrupted; the next one, due about {due}, goes on",
        last=last,
        due=due,
    )


def _of_failures(outlook: Outlook, run: Run, say_time: SayTime) -> str:
    if outlook.failures == 1 or outlook.failing_since is None:
        said = phrase("the last run, at {last}, failed", last=say_time(run.started_at))
    else:
        said = phrase(
            "the last {failures} runs failed, the first at {first}",
            failures=outlook.failures,
            first=say_time(outlook.failing_since),
        )
    if run.cause:
        said = phrase("{said}: {cause}", said=said, cause=bare(run.cause.message))
    if outlook.missing:
        said = phrase("{said}; and {missing}", said=said, missing=outlook.missing)
    return said
