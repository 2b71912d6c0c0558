"""Build the sheet that the settings name: a file, or a tab of Google's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from listing_sync.cells.mapping import SheetMapping
from listing_sync.clock import Stop, SystemClock
from listing_sync.errors import Service
from listing_sync.history.sources import Source, unread
from listing_sync.machine.header_memory import HeaderMemoryFile
from listing_sync.ports import Sheet
from listing_sync.reliability.meter import Meter
from listing_sync.settings import Settings
from listing_sync.sheets.google_account import GoogleAccount
from listing_sync.sheets.grid import parse_spreadsheet_reference
from listing_sync.wiring.guards import Ask


def spelled_source(settings: Settings) -> Source:
    """Return the source as the settings name it."""
    tab = settings.sync_sheet_name
    if settings.sync_sheet_file is not None:
        base = f"file:{settings.sync_sheet_file.resolve()}"
    elif not settings.sync_spreadsheet_id:
        return Source("")
    else:
        spreadsheet_id, gid = parse_spreadsheet_reference(settings.sync_spreadsheet_id)
        base = f"google:{spreadsheet_id}"
        tab = tab or (None if gid is None else f"gid={gid}")
    return unread(f"{base}#{tab}" if tab else base, base)


def file_sheet(settings: Settings, mapping: SheetMapping) -> Sheet | None:
    """Return the file of the settings, None when they name none."""
    if settings.sync_sheet_file is None:
        return None
    from listing_sync.sheets.file import FileSheet

    return FileSheet(
        settings.sync_sheet_file,
        mapping,
        tab_title=settings.sync_sheet_name,
        header_row=settings.sync_header_row,
    )


def google_sheet(
    settings: Settings,
    mapping: SheetMapping,
    account: GoogleAccount,
    *,
    ask: Ask,
    memory: HeaderMemoryFile,
    meter: Meter,
    stop: Stop,
) -> tuple[Sheet, Callable[[], None]]:
    """Return the tab of Google's that the settings name, and what closes its connections."""
    from listing_sync.sheets.google import GoogleSheet
    from listing_sync.sheets.google_api import SheetsApi
    from listing_sync.sheets.google_http import connect

    spreadsheet_id, gid = parse_spreadsheet_reference(settings.sync_spreadsheet_id or "")
    http = connect(
        account,
        timeout_s=settings.google_timeout_s,
        connect_timeout_s=settings.request_timeout_s,
        on_bytes=meter.add_bytes,
        on_received=partial(meter.add_received, Service.GOOGLE),
        on_head=partial(meter.add_head, Service.GOOGLE),
        # A sheet that computes for minutes does not keep a stopped run longer than others.
        gives_up=lambda waited_s: waited_s > settings.request_timeout_s and stop.is_requested(),
    )
    api = SheetsApi(
        spreadsheet_id,
        http,
        endpoint=settings.google_sheets_api_endpoint,
        call=ask,
        now=SystemClock(stop).now,
        timeout_s=settings.google_timeout_s,
    )
    sheet = GoogleSheet(
        api,
        mapping,
        tab_title=settings.sync_sheet_name,
        gid=gid,
        header_row=settings.sync_header_row,
        memory=memory,
    )
    return sheet, http.close
