"""What Supabase's own client takes as address and key."""

from __future__ import annotations

import pytest

from listing_sync.supabase.whole_client import refused_by_supabase


@pytest.mark.parametrize(
    ("url", "key", "refusal"),
    [
        pytest.param("https://xyz.supabase.co", "sb_secret_1", None, id="usual"),
        pytest.param("http://127.0.0.1:54321", "sb_secret_1", None, id="local"),
        pytest.param("xyz.supabase.co", "sb_secret_1", "Invalid URL", id="no scheme"),
        pytest.param("https://xyz.supabase.co", "", "supabase_key is required", id="no key"),
    ],
)
def test_an_address_or_key_is_refused_as_the_client_refuses_it(
    url: str, key: str, refusal: str | None
) -> None:
    assert refused_by_supabase(url, key) == refusal
