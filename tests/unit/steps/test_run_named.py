"""Which run `rollback --run` means."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from listing_sync.errors import Category, RefusedError, Service, TransientError
from listing_sync.history.runs import Run, RunStats
from listing_sync.steps.run_named import run_that_wrote
from tests.runs import make_run

NEWEST = "aaaa1111-0000-4000-8000-000000000000"
OLDER = "aaaa2222-0000-4000-8000-000000000000"


@dataclass
class Undo:
    known: tuple[str, ...]

    def runs(self) -> tuple[tuple[str, None], ...]:
        return tuple((run_id, None) for run_id in self.known)


def ports(*known: str, recorded: tuple[Run, ...] = ()) -> Any:
    records = SimpleNamespace(recent=lambda limit: recorded[:limit])
    return SimpleNamespace(
        machine=SimpleNamespace(undo=Undo(known)), target=SimpleNamespace(records=records)
    )


@pytest.mark.parametrize("name", ["latest", "aaaa1", NEWEST])
def test_a_run_is_meant_by_its_id_the_beginning_of_it_or_being_the_last(name: str) -> None:
    assert run_that_wrote(ports(NEWEST, OLDER), name) == NEWEST


def test_a_beginning_of_several_names_them() -> None:
    with pytest.raises(RefusedError, match=f"aaaa may mean 2 runs: {NEWEST}, {OLDER}"):
        run_that_wrote(ports(NEWEST, OLDER), "aaaa")


@pytest.mark.parametrize(
    ("name", "words"), [("latest", "what the latest run replaced"), ("ffff", "what run ffff")]
)
def test_a_run_that_is_not_known_here_is_refused(name: str, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        run_that_wrote(ports(), name)


def test_a_run_that_is_not_known_here_is_refused_so_where_records_cannot_be_read() -> None:
    def away(_limit: int) -> Any:
        raise TransientError("away", service=Service.SUPABASE, category=Category.NETWORK)

    unread = ports(OLDER)
    unread.target.records.recent = away
    with pytest.raises(RefusedError, match="what run ffff replaced is not known here"):
        run_that_wrote(unread, "ffff")


def test_a_run_of_another_machine_is_named_with_it() -> None:
    nothing = make_run(1, stats=RunStats(total=5, unchanged=5))
    wrote = make_run(2, stats=RunStats(total=5, updated=5), host="office-2")
    known = ports(OLDER, recorded=(nothing, wrote))
    said = f"run {wrote.run_id} ran on office-2, and what it replaced is kept there"
    with pytest.raises(RefusedError, match=said):
        run_that_wrote(known, wrote.run_id[:-2])
    with pytest.raises(RefusedError, match="it wrote nothing"):
        run_that_wrote(known, nothing.run_id)
