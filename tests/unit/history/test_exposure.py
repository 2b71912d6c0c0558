from __future__ import annotations

import pytest

from listing_sync.history.exposure import folder_problem


@pytest.mark.parametrize(
    ("owner", "mode", "mine", "words"),
    [
        pytest.param(5, 0o40700, 5, None, id="ours alone"),
        pytest.param(5, 0o40755, 5, None, id="others may look"),
        pytest.param(0, 0o42775, 5, None, id="shared by root with a group"),
        pytest.param(5, 0o40770, 5, "mode 0770", id="our group may write"),
        pytest.param(0, 0o40775, 0, "mode 0775", id="root, whose group may write"),
        pytest.param(0, 0o41777, 5, "mode 1777", id="everybody may write"),
        pytest.param(6, 0o40700, 5, "another user", id="of another"),
        pytest.param(6, 0o40700, 0, "another user", id="of another, seen by root"),
    ],
)
def test_who_else_may_plant_files_is_said(
    owner: int, mode: int, mine: int, words: str | None
) -> None:
    problem = folder_problem("/state", owner, mode, mine)
    assert problem is None if words is None else words in (problem or "")
