"""A state directory of one target, with a clock and the warnings given."""

from __future__ import annotations

from pathlib import Path

import pytest

from listing_sync.machine.state_dir import StateDir
from tests.fakes import FakeClock


class Machine:
    def __init__(self, folder: Path):
        self.clock = FakeClock()
        self.warnings: list[str] = []
        root = folder / "state"
        self.state = StateDir(root, root / "target", self.clock, self.warnings.append)

    def put(self, name: str, content: bytes) -> None:
        path = self.state.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def names(self, folder: str = ".") -> list[str]:
        return sorted(path.name for path in (self.state.path / folder).iterdir())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)
