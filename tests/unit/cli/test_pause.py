"""`pause` and `resume` as people read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import Result

from listing_sync.cli.face import Face
from listing_sync.cli.pause import register
from listing_sync.errors import Category, Service, TransientError
from listing_sync.ports import SharedHold
from tests.command_line import runner
from tests.moving_world import MovingWorld

AWAY = TransientError("away", service=Service.SUPABASE, category=Category.NETWORK)
ELSEWHERE = SharedHold("1", "rolled back", "web2", "/x/hold", datetime(2026, 3, 1, tzinfo=UTC))


class GivenFace(Face):
    world: MovingWorld

    @contextmanager
    def open(self, **_: object) -> Iterator[MovingWorld]:  # type: ignore[override]
        yield self.world


@pytest.fixture
def world(tmp_path: Path) -> MovingWorld:
    return MovingWorld(tmp_path, "AA1,1,new\n", {})


def ask(world: MovingWorld, *arguments: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    register(app)
    face = GivenFace()
    face.world = world
    return runner().invoke(app, [*arguments], obj=face)


def test_a_pause_and_its_end_are_told(world: MovingWorld) -> None:
    paused = ask(world, "pause", "--reason", "stocktaking")
    assert (paused.exit_code, paused.stderr) == (0, "")
    assert "Syncing of table is on hold" in paused.stdout
    resumed = ask(world, "resume")
    assert (resumed.exit_code, resumed.stderr) == (0, "")
    assert "Syncing goes on. It was: paused: stocktaking at" in resumed.stdout
    assert ask(world, "resume").stdout == "Syncing was not on hold.\n"


def test_a_hold_of_another_machine_is_named_with_the_way_on(world: MovingWorld) -> None:
    world.holds.place(ELSEWHERE)
    asked = ask(world, "resume")
    assert asked.exit_code == 1
    assert "Still on hold: rolled back (web2)" in asked.stdout
    assert "--everywhere" in asked.stderr
    assert ask(world, "resume", "--everywhere").exit_code == 0
    assert world.holds.all() == ()


def test_what_other_machines_do_not_learn_is_said(world: MovingWorld) -> None:
    world.holds.away = AWAY
    assert "only this machine is on hold" in ask(world, "pause").stderr
    resumed = ask(world, "resume")
    assert (resumed.exit_code, "may still be on hold" in resumed.stderr) == (1, True)
