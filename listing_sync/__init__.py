"""listing-sync: makes a Supabase table say what a Google Sheet of property listings says."""

from __future__ import annotations

__version__ = "1.1.0"
