"""Fixtures of the local stack; hypothesis draws the same each time, without a stopwatch."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from listing_sync.language.catalogue import speak
from listing_sync.language.choice import Language
from tests.stack.google_sheets import LoopbackGoogle
from tests.stack.postgres import PostgresServer
from tests.stack.supabase_lite import SupabaseLite

# Whoever runs the tests: what people read is in English but where a test says otherwise.
os.environ["LANG"] = os.environ.pop("LC_ALL", "") or os.environ.get("LANG", "C.UTF-8")
os.environ["LC_MESSAGES"] = "C"

settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("quick", settings.get_profile("gate"), max_examples=10)
settings.load_profile("gate")


@pytest.fixture
def japanese() -> Iterator[None]:
    """What people read, in Japanese."""
    speak(Language.JAPANESE)
    yield
    speak(Language.ENGLISH)


@pytest.fixture(scope="session")
def stack() -> Iterator[SupabaseLite]:
    """The Supabase project of this test process, with sql/ applied; its rows are anybody's."""
    with PostgresServer() as postgres, SupabaseLite(postgres) as supabase:
        yield supabase


@pytest.fixture
def project(stack: SupabaseLite) -> SupabaseLite:
    """The Supabase project, its tables empty."""
    stack.truncate()
    return stack


@pytest.fixture(autouse=True)
def thaw() -> Iterator[None]:
    """Let the next test find all objects again: a run of the program in this process hides them.

    Hypothesis looks for who refers to its own source of chance, and warns where it finds nobody.
    """
    yield
    gc.unfreeze()


@pytest.fixture
def google() -> Iterator[LoopbackGoogle]:
    """A Google of this test alone, without a spreadsheet."""
    with LoopbackGoogle() as server:
        yield server
