"""A database that restarts in the middle of a run, at the default settings."""

from __future__ import annotations

from itertools import count

import pytest

from listing_sync.history.runs import RunStatus
from tests.chaos.fake_world import Disturbance, Scene

BEFORE = {f"AA{n}": {"price": "1"} for n in range(1, 9)}
CELLS = {f"AA{n}": str(n) for n in range(3, 20)}
AFTER = {number: int(price) for number, price in CELLS.items()}


def prices(scene: Scene) -> dict[str, int]:
    return {number: int(str(row["price"])) for number, row in scene.table.content.items()}


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("down_s", [3.3, 7.4, 10.3])
def test_a_restart_at_any_request_ends_with_every_listing_written(tmp_path, down_s, concurrency):
    """A restart of 3 s is 7.4 s of 503 on PostgREST 14, one of 10 s is 10.3 s on 16."""
    for number in count():
        scene = Scene(tmp_path / str(number), BEFORE, prune=True, sync_concurrency=concurrency)
        scene.put(CELLS)
        result = scene.run(Disturbance(down_from=number, down_s=down_s))
        assert (result.run.status, prices(scene)) == (RunStatus.COMPLETED, AFTER), number
        if len(scene.asked_at_s) <= number:
            break
    assert number > 10


def test_a_longer_outage_fails_the_run_and_the_next_one_finishes_it(tmp_path):
    scene = Scene(tmp_path, BEFORE, prune=True)
    scene.put(CELLS)
    result = scene.run(Disturbance(down_from=5, down_s=31.4))
    assert result.run.status is RunStatus.FAILED
    scene.time.pass_by(300)
    assert scene.run().run.status is RunStatus.COMPLETED
    assert prices(scene) == AFTER
