"""`make messages`: bring the catalogues up to the sentences of the source, and compile them.

A new sentence stands in the catalogue without a translation, which tests/unit/language refuses.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

import listing_sync
from listing_sync.language.catalogue import CATALOGUES, DOMAIN
from listing_sync.language.choice import Language

HOUSE = Path(listing_sync.__file__).parent
KEYWORDS = {"phrase": None, "phrase_number": (1, 2), "marked": None}
"""What a sentence is given to: its argument or, where a number decides, its two."""
_OF_NO_USE = re.compile(
    r'^"(Project-Id|Report-Msgid|POT-Cre|PO-Rev|Last-Tr|Language-Team|Generated).*\n', re.MULTILINE
)
TRANSLATED = tuple(language for language in Language if language is not Language.ENGLISH)


def catalogue_path(language: str) -> Path:
    """Return where the catalogue of a language is."""
    return CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def said_in(file: Any, keywords: Any, _: Any, options: Any) -> Iterator[Any]:
    """Yield what a file gives to the keywords, as Babel asks an extractor: also inside f-strings.

    Source: babel.pocoo.org, "Writing Extraction Methods".
    """
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            said = tuple(
                each.value if isinstance(each, ast.Constant) and type(each.value) is str else None
                for each in node.args
            )
            if node.func.id in keywords and said:
                yield node.lineno, node.func.id, said, []


def sentences_of_source() -> Catalog:
    """Return every sentence that the source says, with the files that say it."""
    found = Catalog()
    for path in sorted(HOUSE.rglob("*.py")):
        place = path.relative_to(HOUSE.parent).as_posix()
        for _, sentence, _, _ in extract_from_file(said_in, path, keywords=KEYWORDS):
            found.add(sentence, locations=[(place, 0)])
    return found


def read_catalogue(language: str) -> Catalog:
    """Return the catalogue of a language as it is in the repository."""
    with catalogue_path(language).open("rb") as file:
        return read_po(file, locale=language)


def text_of(catalogue: Catalog) -> str:
    """Return what stands in the repository: nothing that changes where no sentence does."""
    written = BytesIO()
    write_po(
        written, catalogue, width=0, sort_by_file=True, ignore_obsolete=True, include_lineno=False
    )
    return _OF_NO_USE.sub("", written.getvalue().decode())


def compiled(catalogue: Catalog) -> bytes:
    """Return what the program reads."""
    catalogue.creation_date = catalogue.revision_date = datetime(1970, 1, 1, tzinfo=UTC)
    made = BytesIO()
    write_mo(made, catalogue)
    return made.getvalue()


def main() -> None:
    """Write every catalogue anew."""
    source = sentences_of_source()
    for language in TRANSLATED:
        catalogue = read_catalogue(language)
        catalogue.update(source, no_fuzzy_matching=True)
        path = catalogue_path(language)
        path.write_text(text_of(catalogue), encoding="utf-8")
        path.with_suffix(".mo").write_bytes(compiled(read_catalogue(language)))


if __name__ == "__main__":
    main()
