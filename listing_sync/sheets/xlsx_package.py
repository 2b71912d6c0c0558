"""Find the parts of an .xlsx file: tabs, texts, formats, and the tab's own part.

Names of parts are compared without case and with either slash, and both Open XML vocabularies,
Transitional and Strict, are read. An element is known by its local name in one of the two; a part
that declares a document type is refused, so that no entity is ever expanded.

Source: ECMA-376 parts 1 (18.2 to 18.8), 2 (9) and 4.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from posixpath import dirname, join, normpath
from struct import error as StructError  # noqa: N812 - it is an exception
from xml.parsers.expat import XMLParserType
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from listing_sync.cells.number_format import GENERAL, adds_to_text, built_in_format
from listing_sync.language.sentences import phrase
from listing_sync.lazy_dataclasses import dataclass
from listing_sync.sheets.file_limits import (
    LONGEST_MARK,
    MOST_FORMATS,
    MOST_PARTS,
    TooLargeError,
    Unpacking,
)
from listing_sync.sheets.grid import Tab

MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main ",
    "http://purl.oclc.org/ooxml/spreadsheetml/main ",
)
RELATION_IDS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)
_FIRST_PIECE, _PIECE = 1 << 14, 1 << 18
_LONGEST_CODE = 1_000
_READ = frozenset({ZIP_STORED, ZIP_DEFLATED})
_ENCODINGS = frozenset({"utf-8", "utf-16", "iso-8859-1", "us-ascii"})
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")

Attributes = dict[str, str]
Start = Callable[[str, Attributes], object]


class DamageError(Exception):
    """The file is not what an .xlsx file is; says what is wrong, for people."""


@dataclass(frozen=True, slots=True)
class Book:
    """What the workbook says beside the cells; `recalculates` means stored results are stale."""

    tabs: tuple[Tab, ...]
    parts: Mapping[str, str]
    base_1904: bool
    recalculates: bool
    formats: Sequence[str | None]
    texts: Sequence[str]
    text_styles: frozenset[int]

    def speaks(self, style: int) -> bool:
        """Return whether a style may show a number as anything but itself."""
        return style >= len(self.formats) or self.formats[style] != GENERAL

    def speaks_of_text(self, style: int) -> bool:
        """Return whether a style shows texts as anything but themselves."""
        return style in self.text_styles


class Package:
    """The parts of one file by name."""

    def __init__(self, content: bytes) -> None:
        try:
            self._archive = ZipFile(io.BytesIO(content))
        except (ValueError, OverflowError, StructError) as error:  # an impossible directory
            raise BadZipFile(str(error)) from error
        self._parts: dict[str, ZipInfo] = {
            _plain(info.filename): info for info in self._archive.infolist()
        }
        if len(self._parts) > MOST_PARTS:
            raise TooLargeError(
                phrase(
                    "it has {count:,} parts, more than {most:,}",
                    count=len(self._parts),
                    most=MOST_PARTS,
                )
            )
        self.unpacking = Unpacking(len(content))

    def book(self) -> Book:
        """Return what the workbook part and those it names say."""
        path = self._workbook_path()
        related = self._related(path)
        parts: dict[str, str] = {}
        tabs: list[Tab] = []
        flags = {"base_1904": False, "recalculates": False}

        def start(name: str, attributes: Attributes) -> None:
            if name == "sheet":
                relation = next(filter(None, map(attributes.get, RELATION_IDS)), "")
                kind, target = related.get(relation, ("", ""))
                if kind == "worksheet" and target in self._parts:
                    title = unescaped(attributes.get("name", ""))
                    is_hidden = attributes.get("state", "visible") != "visible"
                    tabs.append(Tab(title, hidden=is_hidden))
                    parts[title] = target
            elif name == "workbookPr":
                flags["base_1904"] = is_true(attributes.get("date1904"))
            elif name == "calcPr":
                flags["recalculates"] = is_true(attributes.get("fullCalcOnLoad"))

        self.parse(path, local(start))
        by_kind = {kind: target for kind, target in related.values() if target in self._parts}
        styles, texts = by_kind.get("styles"), by_kind.get("sharedStrings")
        formats = self._formats(styles) if styles else [GENERAL]
        return Book(
            tabs=tuple(tabs),
            parts=parts,
            formats=formats,
            texts=self._texts(texts) if texts else (),
            text_styles=frozenset(
                style
                for style, code in enumerate(formats)
                if code is not None and adds_to_text(code)
            ),
            **flags,
        )

    def parse(
        self,
        path: str,
        start: Start,
        end: Callable[[str], object] | None = None,
        *,
        prepare: Callable[[XMLParserType], object] | None = None,
        thin: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """Send the elements of a part, named "namespace local", to the handlers given.

        `prepare` is handed the parser, `thin` takes out of each piece what no handler needs.

        Raises:
            DamageError, or one of expat, zipfile or zlib: the part is not what it should be.
        """
        from xml.parsers.expat import ParserCreate  # noqa: PLC0415 - of .xlsx files alone

        parser = ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.XmlDeclHandler = _check_encoding
        parser.StartElementHandler = start
        if end is not None:
            parser.EndElementHandler = end
        if prepare is not None:
            prepare(parser)
        left = b""
        sent = 0
        for piece in self._pieces(path):
            whole, mark, left = (left + piece).rpartition(b"<")
            text = whole if thin is None else thin(whole)
            self.unpacking.count_tags(text.count(b"<"))
            parser.Parse(text, False)
            sent += len(text)
            left = mark + left
            # The parser looks at what has no end yet anew with each piece.
            if len(left) > LONGEST_MARK or sent - parser.CurrentByteIndex > LONGEST_MARK:
                raise TooLargeError(
                    phrase(
                        "its part {path} has a text of more than a million characters", path=path
                    )
                )
        parser.Parse(left, True)

    def links(self, path: str) -> dict[str, str]:
        """Return the addresses outside the file that a part names, by relation."""
        found: dict[str, str] = {}

        def start(name: str, attributes: Attributes) -> None:
            if name.endswith(" Relationship") and attributes.get("TargetMode") == "External":
                found[attributes.get("Id", "")] = attributes.get("Target", "")

        self._parse_relations(path, start)
        return found

    def _pieces(self, path: str) -> Iterator[bytes]:
        """Yield the text of a part, unpacked, a small piece first."""
        part_info = self._parts[path]
        if part_info.compress_type not in _READ:  # others take memory by what the file says
            raise NotImplementedError(f"method {part_info.compress_type}")
        is_first = True
        try:
            with self._archive.open(part_info) as part:
                while piece := part.read(_FIRST_PIECE if is_first else _PIECE):
                    is_first = False
                    self.unpacking.count_bytes(len(piece))
                    yield piece
        except (
            ValueError,
            OverflowError,
            StructError,
        ) as error:  # of zipfile: an impossible place or name
            raise DamageError(phrase("its part {path} cannot be unpacked", path=path)) from error

    def _workbook_path(self) -> str:
        found = [target for kind, target in self._related("").values() if kind == "officeDocument"]
        path = next((each for each in [*found, "xl/workbook.xml"] if each in self._parts), None)
        if path is None:
            raise DamageError(phrase("it holds no workbook"))
        return path

    def _related(self, path: str) -> dict[str, tuple[str, str]]:
        """Return (kind, part) of what a part names, by relation."""
        folder = dirname(path)
        relations: dict[str, tuple[str, str]] = {}

        def start(name: str, attributes: Attributes) -> None:
            if name.endswith(" Relationship") and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "").replace("\\", "/")
                full = target if target.startswith("/") else join(folder, target)
                kind = attributes.get("Type", "").rpartition("/")[2]
                relations[attributes.get("Id", "")] = (kind, _plain(normpath(full)))

        self._parse_relations(path, start)
        return relations

    def _parse_relations(self, path: str, start: Start) -> None:
        folder = dirname(path)
        name = path.removeprefix(folder).strip("/")
        source = join(folder, "_rels", f"{name}.rels")
        if source in self._parts:
            self.parse(source, start)

    def _formats(self, path: str) -> list[str | None]:
        """Return the code of each style's number format, None where the file does not say it."""
        own: dict[int, str | None] = {}
        numbers: list[int] = []
        inside = [""]

        def start(name: str, attributes: Attributes) -> None:
            if name in {"cellXfs", "cellStyleXfs", "dxfs"}:
                inside[0] = name
            elif name == "numFmt" and inside[0] != "dxfs":
                if len(own) >= MOST_FORMATS:
                    raise TooLargeError(
                        phrase(
                            "it has more than {most:,} number formats",
                            most=MOST_FORMATS,
                        )
                    )
                with suppress(ValueError):
                    number = int(attributes.get("numFmtId", ""))
                    code = unescaped(attributes.get("formatCode", ""))
                    own[number] = code if len(code) <= _LONGEST_CODE else None
            elif name == "xf" and inside[0] == "cellXfs":
                numbers.append(_number(attributes.get("numFmtId", "0")))

        self.parse(path, local(start))
        return [own.get(number, built_in_format(number)) for number in numbers]

    def _texts(self, path: str) -> list[str]:
        """Return the shared texts, without what is written over them to say how they are read."""
        texts: list[str] = []
        pieces: list[str] = []
        aside = [0]

        def prepare(parser: XMLParserType) -> None:
            parsers.append(parser)

        parsers: list[XMLParserType] = []

        def start(name: str, _: Attributes) -> None:
            if name == "t" and not aside[0]:
                parsers[0].CharacterDataHandler = pieces.append
            elif name == "rPh":
                aside[0] += 1
            elif name == "si":
                pieces.clear()

        def end(name: str) -> None:
            if name == "t":
                parsers[0].CharacterDataHandler = None
            elif name == "rPh":
                aside[0] -= 1
            elif name == "si":
                text = unescaped("".join(pieces))
                self.unpacking.count_text(text)
                texts.append(text)

        self.parse(path, local(start), local_end(end), prepare=prepare)
        return texts


def local(handler: Callable[[str, Attributes], object]) -> Start:
    """Return a handler of elements that is told local names, and of spreadsheets' own alone."""
    names: dict[str, str | None] = {}

    def start(name: str, attributes: Attributes) -> None:
        known = names[name] if name in names else names.setdefault(name, local_name(name))
        if known is not None:
            handler(known, attributes)

    return start


def local_end(handler: Callable[[str], object]) -> Callable[[str], None]:
    """Return the like for ends of elements."""

    def end(name: str) -> None:
        known = local_name(name)
        if known is not None:
            handler(known)

    return end


def local_name(name: str) -> str | None:
    """Return the local name of one of the spreadsheets' own elements, None for any other."""
    for namespace in MAIN:
        if name.startswith(namespace):
            return name[len(namespace) :]
    return name if " " not in name else None


def is_true(text: str | None) -> bool:
    """Return whether an attribute says yes: 1 or true."""
    return text is not None and text.strip().lower() in {"1", "true", "on"}


def unescaped(text: str) -> str:
    """Return a text, what XML cannot hold (_x000D_) put back.

    Source: ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
    """
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return -1


def _check_encoding(_: object, encoding: str | None, __: object) -> None:
    if encoding is not None and encoding.lower() not in _ENCODINGS:
        raise DamageError(
            phrase("one of its parts is in the encoding {encoding!r}, not UTF-8", encoding=encoding)
        )


def _refuse_document_type(*_: object) -> None:
    raise DamageError(phrase("one of its parts declares a document type, which no .xlsx file has"))
