"""The office of the drills."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills.crond import Crond
from tests.drills.office import Office
from tests.stack.chaos_proxy import ChaosProxy
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.receiver import Receiver
from tests.stack.supabase_lite import SupabaseLite


@pytest.fixture(scope="session")
def crond() -> Iterator[Crond]:
    with Crond() as crond:
        yield crond


@pytest.fixture
def office(
    crond: Crond, google: LoopbackGoogle, project: SupabaseLite, tmp_path: Path
) -> Iterator[Office]:
    with ChaosProxy(project.url) as supabase, Receiver() as chat:
        yield Office(crond, google, project, supabase, chat, tmp_path)
