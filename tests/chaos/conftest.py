"""A site for the program, its table empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.program import Site
from tests.stack.supabase_lite import SupabaseLite


@pytest.fixture
def site(tmp_path: Path, project: SupabaseLite) -> Iterator[Site]:
    with Site(tmp_path, project) as site:
        yield site
