from __future__ import annotations

import pytest

from listing_sync.machine.header_memory import HeaderMemoryFile


def test_what_is_stored_is_there_for_the_next_run(machine):
    machine.state.require_writable()
    HeaderMemoryFile(machine.state, keeps=True).store({"headers": [["価格"]]})
    assert HeaderMemoryFile(machine.state, keeps=False).load() == {"headers": [["価格"]]}


@pytest.mark.parametrize("content", [b"[1]", b"{"], ids=["list", "damaged"])
def test_what_is_no_document_is_empty(machine, content):
    machine.put("headers.json", content)
    assert HeaderMemoryFile(machine.state, keeps=True).load() == {}


def test_who_looks_only_changes_no_file_and_makes_no_folder(machine):
    HeaderMemoryFile(machine.state, keeps=True).store({"headers": []})
    assert not machine.state.path.exists()
    machine.state.require_writable()
    HeaderMemoryFile(machine.state, keeps=False).store({"headers": []})
    assert list(machine.state.path.iterdir()) == []


def test_what_cannot_be_kept_or_read_costs_a_request_and_no_run(machine):
    machine.state.require_writable()
    (machine.state.path / "headers.json").mkdir()
    memory = HeaderMemoryFile(machine.state, keeps=True)
    memory.store({"headers": []})
    assert memory.load() == {}
