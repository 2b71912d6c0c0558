"""Go by the conclusion of an earlier run where sheet and table are the very same, and keep ours."""

from __future__ import annotations

import sys
from datetime import timedelta

from listing_sync import logs
from listing_sync.changes.given_back import GivenBack
from listing_sync.changes.meaning import Settled
from listing_sync.changes.quiet import Quiet, concluded, digest_of_known
from listing_sync.changes.seen import identity_of
from listing_sync.language.sentences import english_of
from listing_sync.language.system_words import system_words
from listing_sync.ports import Ports
from listing_sync.steps.comparing import Scope
from listing_sync.steps.planning import meant_rows
from listing_sync.steps.reading import Reading


def remembered_quiet(ports: Ports, scope: Scope) -> Quiet | None:
    """Return what may be gone by once sheet and table are seen to be the same."""
    if scope.selected_only or scope.reads_all or scope.force:
        return None
    memory, now = ports.machine.quiet_memory, ports.clock.now()
    found = memory.load(ports.identity.source, _identity(ports, scope), ports.mapping)
    longest = timedelta(hours=ports.settings.sync_full_read_hours)
    return found if found and timedelta(0) <= now - found.read_whole_at < longest else None


def still_quiet(ports: Ports, reading: Reading, known: GivenBack) -> Settled | None:
    """Return the conclusion of then where the table is the same too."""
    quiet = reading.remembered
    if quiet is None or quiet.known != digest_of_known(known):
        return None
    columns = [column.column for column in quiet.contents.columns]
    told = ports.target.table.fingerprints(columns, quiet.fingerprints, with_keys=False)
    if told is None or told or meant_rows(ports, quiet.plan, known):
        return None
    return Settled(quiet.plan, quiet.checked)


def keep_quiet(
    ports: Ports,
    reading: Reading,
    scope: Scope,
    settled: Settled,
    known: GivenBack,
) -> None:
    """Keep what a comparison came to, if there is nothing to do."""
    if settled.seen is None:
        return
    found = concluded(
        ports.sheet.fetched,
        reading.contents,
        settled.checked,
        reading.payloads,
        settled.plan,
        settled.seen,
        known,
    )
    if found is None:
        return
    try:
        ports.machine.quiet_memory.store(ports.identity.source, _identity(ports, scope), found)
    except OSError as error:
        why = system_words(error)
        logs.event("info", "not_remembered", f"what was read cannot be kept: {english_of(why)}")


def _identity(ports: Ports, scope: Scope) -> str:
    """Return a digest of all but sheet and table that decides what a run concludes.

    A file says nothing of time zones: that of this machine counts, as it is now.
    """
    who, settings = ports.identity, ports.settings
    decisive = [
        sys.version,
        ports.clock.now().astimezone().strftime("%z %Z"),
        settings.google_sheets_api_endpoint,
        settings.sync_spreadsheet_id,
        settings.sync_sheet_name,
        settings.sync_sheet_file,
        settings.sync_header_row,
        scope.prune,
    ]
    return identity_of(
        who.version,
        who.target,
        ports.mapping,
        list(map(str, decisive)),
        GivenBack(),
        scope.percent,
    )
