"""Tell of a run that has ended: its metrics file, and the alerts that are due."""

from __future__ import annotations

from collections.abc import Sequence

from listing_sync.cells.listings import Rejection
from listing_sync.history.alert_memory import Memory
from listing_sync.history.alerts import Ended, due_messages, due_unstarted
from listing_sync.history.runs import GOOD, Run, RunStatus, RunType
from listing_sync.language.sentences import joined, phrase
from listing_sync.language.system_words import system_words
from listing_sync.ports import Ports, Telling
from listing_sync.steps.delivering import deliver, waiting_with
from listing_sync.steps.standing_trouble import MANUAL, tell_signal


def report(
    ports: Ports, run: Run, new_rejections: Sequence[Rejection], recent_runs: Sequence[Run]
) -> None:
    """Tell the outside of a run; a signal that fails is a warning, never an error.

    Selective runs renew their own part of the metrics file and send what earlier runs could not,
    but give no alert themselves. Dry runs are not reported.
    """
    why = ports.signals.metrics_file.write(run)
    tell_signal(
        ports,
        "metrics_failed",
        "SYNC_METRICS_FILE",
        why,
        joined(": ", ("SYNC_METRICS_FILE", why or "")),
    )
    if ports.signals.channels.addresses:
        _alert(ports, run, new_rejections, recent_runs)


def report_dead(ports: Ports, buried: Sequence[Run], recent_runs: Sequence[Run]) -> None:
    """Tell of runs of this source whose process died: they could not do it themselves."""
    for run in buried:
        if run.run_type is RunType.FULL and ports.identity.owns(run):
            report(ports, run, (), recent_runs)
            ping(ports, run)


def ping(ports: Ports, run: Run) -> None:
    """Tell the monitor how a run ended; one that was stopped tells nothing."""
    heartbeat = ports.signals.heartbeat
    if run.status in GOOD:
        why = heartbeat.succeeded(run.run_id, summary(run))
    elif run.status is RunStatus.FAILED:
        why = heartbeat.failed(run.run_id, summary(run))
    else:
        return
    text = phrase("SYNC_HEARTBEAT_URL was not reached ({why})", why=why)
    tell_signal(ports, "heartbeat_failed", "SYNC_HEARTBEAT_URL", why, text)


def report_unstarted(ports: Telling, why: str, place: str) -> None:
    """Tell the channels, in time, that runs cannot begin: settings are wrong, or a run hangs.

    A person at the terminal has seen it.
    """
    if ports.identity.trigger == MANUAL or not ports.signals.channels.addresses:
        return
    before = remembered(ports, ports.identity.source)
    message, memory = due_unstarted(
        before,
        why,
        ports.clock.now(),
        place=place,
        after_failures=ports.settings.sync_alert_after_failures,
    )
    due = (message,) if message else ()
    kept = keep(ports, ports.identity.source, before, waiting_with(ports, memory, due))
    if due:
        keep(ports, ports.identity.source, kept, deliver(ports, kept, due))


def summary(run: Run) -> str:
    """Return the totals of a run on one line, for whoever takes the pings."""
    stats = run.stats
    return (
        f"{run.status}: {stats.total} listings: {stats.inserted} inserted, {stats.updated} updated,"
        f" {stats.unchanged} unchanged, {stats.removed} removed, {stats.failed} failed,"
        f" {stats.skipped} skipped"
    )


def _alert(
    ports: Ports, run: Run, new_rejections: Sequence[Rejection], recent_runs: Sequence[Run]
) -> None:
    now = ports.clock.now()
    ended = Ended(
        run=run,
        recent=recent_runs,
        new_rejections=new_rejections,
        now=now,
        zone=now.astimezone().tzinfo,
        after_failures=ports.settings.sync_alert_after_failures,
    )
    before = remembered(ports, run.source)
    messages, memory = due_messages(ended, before)
    # Kept before they are sent: a process that dies meanwhile must not lose them.
    kept = keep(ports, run.source, before, waiting_with(ports, memory, messages))
    if run.status is RunStatus.INTERRUPTED:  # it was told to end: the next run has the time
        return
    keep(ports, run.source, kept, deliver(ports, kept, messages))


def remembered(ports: Telling, source: str) -> Memory:
    """Return what alerting remembers of a source; nothing where it cannot be read."""
    try:
        document = ports.machine.alert_memory.load()
        former = (document.get(name) for name in ports.identity.spelling.names)
        mine = document.get(source) or next(filter(None, former), None)
        return Memory.from_document(mine, ports.clock.now())
    except OSError as error:
        why = phrase("earlier alerts cannot be read: {why}", why=system_words(error))
        tell_signal(ports, "alerts_unread", phrase("the memory of alerts"), why, why)
        return Memory()


def keep(ports: Telling, source: str, before: Memory, memory: Memory) -> Memory:
    """Remember what changed."""
    if memory != before:
        try:
            document = dict(ports.machine.alert_memory.load())
        except OSError:
            document = {}
        try:
            ports.machine.alert_memory.store({**document, source: memory.to_document()})
        except OSError as error:
            why = phrase("alerts cannot be kept: {why}", why=system_words(error))
            tell_signal(ports, "alerts_unkept", phrase("the memory of alerts"), why, why)
    return memory
