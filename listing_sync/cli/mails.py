"""Print of a failure what no mail has told; whoever watches sees everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from listing_sync.cli.face import Face
from listing_sync.errors import SettingsError
from listing_sync.language.sentences import joined, phrase_number

if TYPE_CHECKING:
    from listing_sync.history.standing import Standing
    from listing_sync.ports import Telling
    from listing_sync.wiring.world import World

_RUNS = "runs"
_COLUMN = "column"


def complain_once(face: Face, text: str, subject: str = _RUNS) -> None:
    """Print why a run failed when it begins, when its cause changes, and once a day."""
    if face.mails is None:
        face.complain(text)
        return
    word, standing = face.mails.heed(subject, text)
    if word is not None:
        face.complain(joined("", (text, face.mails.history_of(standing))))


def warn_once(face: Face, subject: str, text: str) -> None:
    """Warn of what stands, of one subject, when it is first seen, changes, and once a day."""
    if face.mails is None or face.mails.heed(subject, text)[0] is not None:
        face.warn(text)


def tell_end(face: Face) -> None:
    """Print once that runs work again, where a mail had told that they fail."""
    if standing := _over(face, _RUNS):
        said = phrase_number(
            "Runs work again, after {count:,} failed run since {time}.",
            "Runs work again, after {count:,} failed runs since {time}.",
            standing.times,
            time=_since(standing),
        )
        face.warn(said)


def tell_column(face: Face, fault: str | None) -> None:
    """Print of a column that fails as a whole, in runs that do the rest, as of failing runs."""
    if fault is not None:
        complain_once(face, fault, _COLUMN)
    elif standing := _over(face, _COLUMN):
        said = phrase_number(
            "No column fails as a whole any more, after {count:,} run since {time}.",
            "No column fails as a whole any more, after {count:,} runs since {time}.",
            standing.times,
            time=_since(standing),
        )
        face.warn(said)


def _over(face: Face, subject: str) -> Standing | None:
    """Return a trouble that mails had told of and that is over now."""
    from listing_sync.history.standing import Word

    if face.mails is None:
        return None
    word, standing = face.mails.heed(subject, None)
    return standing if word is Word.OVER else None


def _since(standing: Standing) -> str:
    from listing_sync.steps.standing_trouble import since

    return since(standing)


def tell_unstarted(face: Face, error: SettingsError) -> None:
    """Have cron's mail and the channels hear of wrong settings by their own rules.

    The addresses may be right where others are not; where none is to be known all is printed.
    """
    if not face.is_unattended:
        return
    from listing_sync.steps.after_run import report_unstarted
    from listing_sync.steps.standing_trouble import mails_of

    world = _unstarted(face)
    if world is not None:
        face.mails = mails_of(world)
        report_unstarted(world, str(error), f"{world.identity.source} on {world.identity.host}")


def require_state_dir(world: World, *, is_mailed: bool) -> None:
    """Raise SettingsError unless SYNC_STATE_DIR can be written; channels hear of that in time."""
    try:
        world.machine.require_state_dir()
    except SettingsError as error:
        if is_mailed:
            from listing_sync.steps.after_run import report_unstarted

            who = world.identity
            report_unstarted(world, str(error), f"{who.source} → {who.target} on {who.host}")
        raise


def tell_started(face: Face) -> None:
    """Forget that settings were wrong, and say once that they are right."""
    if not face.is_unattended:
        return
    from listing_sync.steps.standing_trouble import mails_of

    world = _unstarted(face)
    if world is not None and _is_kept(world):
        before, face.mails = face.mails, mails_of(world)
        tell_end(face)
        face.mails = before
        world.machine.alert_memory.store({})


def _is_kept(world: Telling) -> bool:
    try:
        return bool(world.machine.mail_memory.load())
    except OSError:
        return False


def _unstarted(face: Face) -> Telling | None:
    from listing_sync.settings_problems import usable_settings
    from listing_sync.wiring.unstarted import Unstarted

    try:
        settings = usable_settings(face.given)
    except SettingsError:
        return None
    return Unstarted(settings, face.settings_path, trigger=face.trigger)
