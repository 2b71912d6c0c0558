"""The office of the drills."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drills.crond import Crond
from tests.drills.expired import ExpiredServer
from tests.drills.office import Office
from tests.stack.chaos_proxy import ChaosProxy
from tests.stack.forward_proxy import ForwardProxy
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.postgrest import PostgrestFront
from tests.stack.receiver import Receiver
from tests.stack.supabase_lite import SupabaseLite

_COLUMNS = """
select column_name from information_schema.columns where table_name = 'property_listings'
"""


@pytest.fixture(scope="session")
def crond() -> Iterator[Crond]:
    with Crond() as crond:
        yield crond


@pytest.fixture
def office(
    crond: Crond, google: LoopbackGoogle, project: SupabaseLite, tmp_path: Path
) -> Iterator[Office]:
    with (
        ChaosProxy(project.url) as supabase,
        PostgrestFront(project) as postgrest,
        Receiver() as chat,
        ExpiredServer(tmp_path) as expired,
        ForwardProxy("office:secret") as proxy,
    ):
        yield Office(crond, google, project, supabase, postgrest, chat, expired, proxy, tmp_path)


@pytest.fixture
def changed_table(project: SupabaseLite) -> Iterator[None]:
    """Give the table back its columns and rights, which other tests of this process need."""
    columns = {name for (name,) in project.execute(_COLUMNS)}
    yield
    now = {name for (name,) in project.execute(_COLUMNS)}
    for name in now - columns:
        project.execute(f"alter table property_listings drop column {name}")
    for name in columns - now:
        project.execute(f"alter table property_listings add column {name} text")
    project.execute("grant all on property_listings to service_role")
    if now != columns:
        project.restart()
