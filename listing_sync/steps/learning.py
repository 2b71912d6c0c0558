"""Remember on this machine what the table makes of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from listing_sync.changes.given_back import GivenBack, learned, named_with_example
from listing_sync.errors import ListingSyncError
from listing_sync.history.run_statistics import loose_columns
from listing_sync.history.runs import Run
from listing_sync.language.sentences import phrase
from listing_sync.language.system_words import system_words
from listing_sync.ports import Ports
from listing_sync.steps.tally import Tally


def known_to(ports: Ports, runs: Sequence[Run] = ()) -> GivenBack:
    """Return what is known; where the memory is lost, the last good run still tells the columns."""
    known = GivenBack.from_document(ports.machine.given_back.load())
    return replace(known, loose=known.loose.union(loose_columns(runs)))


def loose_with_examples(ports: Ports) -> dict[str, str]:
    """Return by column that gives back something else the words that name it, with an example."""
    examples = known_to(ports).examples
    return {name: named_with_example(name, example) for name, example in examples.items()}


def learn(
    ports: Ports, tally: Tally, before: GivenBack, meant: Mapping[str, str]
) -> dict[str, str]:
    """Keep what the run has seen and warn of each column; return examples by warning."""
    now = learned(before, tally.answers, tally.run.removed, meant)
    found = {name: _type_of(ports, name) for name in now.examples.keys() - before.examples.keys()}
    now = replace(
        now,
        examples={
            name: (found.get(name, kind), wrote, read)
            for name, (kind, wrote, read) in now.examples.items()
        },
    )
    if now != before:
        try:
            ports.machine.given_back.store(now.to_document())
        except OSError as error:
            why = system_words(error)
            warning = phrase(
                "what the table makes of values cannot be kept on this machine: {why}", why=why
            )
            tally.warn(warning)
    tally.given_back = {name: kind for name, (kind, _, _) in now.examples.items()}
    headers = {item.column.name: item.header for item in tally.columns}
    examples: dict[str, str] = {}
    for name, (kind, wrote, read) in now.examples.items():
        of_type = f" ({kind})" if kind else ""
        warning = phrase(
            "the table gives back something else than is written to column {header!r}{of_type}:"
            " such values are written again only when the sheet or the table says something new",
            header=headers.get(name, name),
            of_type=of_type,
        )
        tally.warn(warning)
        examples[warning] = phrase(" (wrote {wrote}, reads {read})", wrote=wrote, read=read)
    return examples


def _type_of(ports: Ports, column: str) -> str:
    try:
        return ports.target.table.describe().columns.get(column) or ""
    except ListingSyncError:
        return ""
