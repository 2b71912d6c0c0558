"""Draw the progress of a command as bars on a terminal, by phase with rate and remaining time."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from listing_sync.cli.face import Face


class Silent:
    """No progress: nobody watches."""

    def phase(self, name: str, total: int | None) -> None:
        """Ignore a new phase."""

    def advance(self, count: int) -> None:
        """Ignore work done."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return


class Bars:
    """One bar a phase; a phase ends where the next begins. Threads may share it."""

    def __init__(self, console: Console) -> None:
        from rich.progress import (
            BarColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._bars = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:>7,.0f} listings"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def phase(self, name: str, total: int | None) -> None:
        """Begin a phase; `total` None: nobody knows how much it is."""
        self._finish()
        self._task = self._bars.add_task(name, total=total, rate="")

    def advance(self, count: int) -> None:
        """Count work done in this phase."""
        if self._task is None:
            return
        self._bars.advance(self._task, count)
        task = next(task for task in self._bars.tasks if task.id == self._task)
        if task.speed:
            self._bars.update(self._task, rate=f"{task.speed:,.0f}/s")

    def _finish(self) -> None:
        if self._task is not None:
            task = next(task for task in self._bars.tasks if task.id == self._task)
            self._bars.update(self._task, total=task.completed)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()


def progress_of(face: Face) -> Bars | Silent:
    """Return bars where a person watches stderr, and asked for words; to be entered."""
    watched = sys.stderr.isatty() and not (face.quiet or face.json_output)
    return Bars(face.err) if watched else Silent()
