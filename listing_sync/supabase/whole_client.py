"""Ask Supabase's whole client whether it takes an address and a key, before they are written."""

from __future__ import annotations

from supabase import SupabaseException, create_client


def refused_by_supabase(url: str, key: str) -> str | None:
    """Return what supabase-py says against them, None when it takes them; nothing is sent.

    Source: supabase-py, `create_client`.
    """
    try:
        create_client(url, key)
    except (SupabaseException, ValueError) as error:
        return str(error)
    return None
