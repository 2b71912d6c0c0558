"""Watch the runs of every process while somebody listens, and tell each change once to all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import field

from listing_sync.history.runs import Run
from listing_sync.lazy_dataclasses import dataclass

QUIET_STEP_S = 5.0
BUSY_STEP_S = 1.0
STILL_HERE_S = 15.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What a look showed: the run under way, the newest that has ended, why nothing was seen."""

    under_way: Run | None = None
    newest: Run | None = None
    away: str | None = None


@dataclass(frozen=True, slots=True)
class News:
    """One change: `progress` or `ended` of a run, `idle`, `away` and why."""

    kind: str
    run: Run | None = None
    why: str | None = None


def news_between(before: Scene | None, now: Scene) -> tuple[News, ...]:
    """Return what is new in a look; of the first one, how it stands."""
    news = []
    if before and now.newest and not now.away:
        was = before.newest.run_id if before.newest else None
        if now.newest.run_id != was:
            news.append(News("ended", now.newest))
    if now.away:
        if before is None or before.away is None:
            news.append(News("away", why=now.away))
    elif now.under_way:
        if before is None or before.away or before.under_way != now.under_way:
            news.append(News("progress", now.under_way))
    elif before is None or before.away or before.under_way:
        news.append(News("idle"))
    return tuple(news)


@dataclass(slots=True)
class Watch:
    """Looks every second while a run is under way, else every five, and only for listeners.

    `sign` costs nothing and changes when a run begins or ends on this machine.
    """

    look: Callable[[], Scene]
    sign: Callable[[], object]
    on_ended: Callable[[], None]
    quiet_step_s: float = QUIET_STEP_S
    busy_step_s: float = BUSY_STEP_S
    _scene: Scene | None = None
    _listeners: set[asyncio.Queue[News | None]] = field(default_factory=set)
    _looking: asyncio.Task[None] | None = None
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)
    _is_closed: bool = False

    async def listen(self) -> AsyncIterator[News | None]:
        """Yield how it stands, then what changes, and None from time to time; ends when closed."""
        queue: asyncio.Queue[News | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            if self._scene is not None and self._looking is not None:
                for news in news_between(None, self._scene):
                    queue.put_nowait(news)
            if self._looking is None or self._looking.done():
                self._scene = None
                self._looking = asyncio.create_task(self._look_on())
            while not self._is_closed:
                try:
                    yield await asyncio.wait_for(queue.get(), STILL_HERE_S)
                except TimeoutError:
                    yield None
        finally:
            self._listeners.discard(queue)
            if not self._listeners and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def hurry(self) -> None:
        """Look at once: a run has been started."""
        self._hurry.set()

    def close(self) -> None:
        """End every listening."""
        self._is_closed = True
        for queue in self._listeners:
            queue.put_nowait(None)

    async def _look_on(self) -> None:
        while True:
            scene = await asyncio.to_thread(self.look)
            news = news_between(self._scene, scene)
            # A look that failed knows nothing new of runs.
            known = self._scene.newest if scene.away and self._scene else scene.newest
            self._scene = Scene(scene.under_way, known, scene.away)
            if any(each.kind == "ended" for each in news):
                self.on_ended()
            for queue in self._listeners:
                for each in news:
                    queue.put_nowait(each)
            await self._wait(is_busy=scene.under_way is not None)

    async def _wait(self, *, is_busy: bool) -> None:
        """Wait for the next look, which a sign of a run on this machine brings on at once."""
        self._hurry.clear()
        sign = await asyncio.to_thread(self.sign)
        steps = 1 if is_busy else round(self.quiet_step_s / self.busy_step_s)
        for _ in range(steps):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), self.busy_step_s)
            if self._hurry.is_set() or await asyncio.to_thread(self.sign) != sign:
                return
