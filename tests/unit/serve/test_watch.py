"""What listeners are told of runs, and that nobody looks when nobody listens."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from listing_sync.history.runs import RunStats, RunStatus
from listing_sync.serve.watch import News, Scene, Watch, news_between
from tests.runs import make_run

RUNNING = make_run(2, RunStatus.IN_PROGRESS, stats=RunStats(total=10, unchanged=4))
FURTHER = replace(RUNNING, stats=RunStats(total=10, unchanged=9))
OLD, DONE = make_run(1), make_run(2)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (None, Scene(), [("idle", None)]),
        (None, Scene(RUNNING, OLD), [("progress", RUNNING)]),
        (Scene(newest=OLD), Scene(newest=OLD), []),
        (Scene(newest=OLD), Scene(RUNNING, OLD), [("progress", RUNNING)]),
        (Scene(RUNNING, OLD), Scene(RUNNING, OLD), []),
        (Scene(RUNNING, OLD), Scene(FURTHER, OLD), [("progress", FURTHER)]),
        (Scene(RUNNING, OLD), Scene(newest=DONE), [("ended", DONE), ("idle", None)]),
        (Scene(newest=OLD), Scene(newest=DONE), [("ended", DONE)]),
        (Scene(newest=OLD), Scene(newest=OLD, away="no"), [("away", None)]),
        (Scene(newest=OLD, away="no"), Scene(away="no"), []),
        (Scene(newest=OLD, away="no"), Scene(newest=OLD), [("idle", None)]),
        (Scene(newest=OLD, away="no"), Scene(newest=DONE), [("ended", DONE), ("idle", None)]),
    ],
)
def test_each_change_is_told_once(before, now, told):
    assert [(each.kind, each.run) for each in news_between(before, now)] == told


class Course:
    """What each look shows; the last one from then on. `looks` are so many."""

    def __init__(self, *scenes: Scene) -> None:
        self._scenes = list(scenes)
        self.looks = 0
        self.ended = 0

    def look(self) -> Scene:
        self.looks += 1
        return self._scenes.pop(0) if len(self._scenes) > 1 else self._scenes[0]

    def end(self) -> None:
        self.ended += 1

    def watched(self) -> Watch:
        return Watch(self.look, lambda: None, self.end, quiet_step_s=0.01, busy_step_s=0.01)


async def heard(watch: Watch, count: int) -> list[str]:
    """Listen until so many things were told."""
    kinds: list[str] = []
    listening = watch.listen()
    async for news in listening:
        assert isinstance(news, News)
        kinds.append(news.kind)
        if len(kinds) == count:
            break
    await listening.aclose()  # type: ignore[attr-defined]
    return kinds


def test_all_who_listen_hear_the_same_and_one_looks_for_them() -> None:
    course = Course(Scene(newest=OLD), Scene(RUNNING, OLD), Scene(newest=DONE))

    async def listen() -> list[list[str]]:
        watch = course.watched()
        return [*await asyncio.gather(heard(watch, 4), heard(watch, 4))]

    assert asyncio.run(listen()) == [["idle", "progress", "ended", "idle"]] * 2
    assert course.ended == 1


def test_nobody_looks_when_nobody_listens() -> None:
    course = Course(Scene())

    async def listen() -> None:
        watch = course.watched()
        await heard(watch, 1)
        looks = course.looks
        await asyncio.sleep(0.05)
        assert course.looks <= looks + 1

    asyncio.run(listen())


def test_a_door_that_closes_lets_nobody_wait() -> None:
    async def listen() -> list[News | None]:
        watch = Course(Scene()).watched()
        told = []
        async for news in watch.listen():
            told.append(news)
            watch.close()
        return told

    assert len(asyncio.run(listen())) <= 2
