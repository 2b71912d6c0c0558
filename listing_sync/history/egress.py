"""Estimate what a month of runs receives from Supabase, which its plans count as egress.

Source: Supabase docs, "Manage Egress usage": 5 GB a month on the free plan, 250 GB on Pro.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from listing_sync.history.run_statistics import DAY, metric
from listing_sync.history.runs import Run
from listing_sync.history.verdict import Check, CheckName, ok, warn
from listing_sync.language.sentences import phrase, phrase_number

FROM_SUPABASE = "bytes_from_supabase"
"""Among the metrics of a run: bytes of answers as they came, compressed where they were."""

_DAYS_OF_A_MONTH = 30
_GB = 1_000_000_000


def egress_check(runs: Iterable[Run], now: datetime, warn_gb: float) -> Check:
    """Judge a month of days like the last 24 h; a `warn_gb` of 0 allows everything."""
    counted = [run for run in runs if now - DAY < run.started_at and FROM_SUPABASE in run.metrics]
    if not counted:
        return ok(CheckName.EGRESS, phrase("no run of the last 24 h has counted what it received"))
    month_gb = sum(metric(run, FROM_SUPABASE) for run in counted) * _DAYS_OF_A_MONTH / _GB
    found = phrase_number(
        "{size} a month from Supabase, as {count:,} run in 24 h",
        "{size} a month from Supabase, as {count:,} runs in 24 h",
        len(counted),
        size=_shown(month_gb),
    )
    if warn_gb and month_gb > warn_gb:
        detail = phrase(
            "{found}, above SYNC_EGRESS_WARN_GB ({limit:g}): let cron start fewer, or compare with"
            " your plan's quota and raise it",
            found=found,
            limit=warn_gb,
        )
        return warn(CheckName.EGRESS, detail)
    return ok(CheckName.EGRESS, found)


def _shown(size_gb: float) -> str:
    return f"{size_gb:.1f} GB" if size_gb >= 1 else f"{size_gb * 1000:.0f} MB"
