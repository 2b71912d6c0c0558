"""How many random schedules and kills to run: a few in the gate, as many as one likes otherwise."""

from __future__ import annotations

import os

SCHEDULES = int(os.environ.get("CHAOS_SCHEDULES", "200"))
HISTORIES = int(os.environ.get("CHAOS_HISTORIES", "30"))
KILLS = int(os.environ.get("CHAOS_KILLS", "10"))
IS_LONG = "CHAOS_SCHEDULES" in os.environ or "CHAOS_KILLS" in os.environ
