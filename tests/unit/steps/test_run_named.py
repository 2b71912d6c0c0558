"""Which run `rollback --run` means."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from listing_sync.errors import RefusedError
from listing_sync.steps.run_named import run_that_wrote

NEWEST = "aaaa1111-0000-4000-8000-000000000000"
OLDER = "aaaa2222-0000-4000-8000-000000000000"


@dataclass
class Undo:
    known: tuple[str, ...]

    def runs(self) -> tuple[tuple[str, None], ...]:
        return tuple((run_id, None) for run_id in self.known)


def ports(*known: str) -> Any:
    return SimpleNamespace(machine=SimpleNamespace(undo=Undo(known)))


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
