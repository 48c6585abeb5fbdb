"""Word, PowerPoint and Excel files (ECMA-376): words in reading order, links, embedded files; macros are noted.

The members are read directly, each within the limits of an archive: the usual libraries unpack every member whole
before anybody can count.
"""

import re
from typing import BinaryIO

from brightline.core.subject import Blob, GapKind, Kind, Role
from brightline.intake.draft import Draft, Part, clean_name
from brightline.intake.guard import EncryptedError
from brightline.intake.ooxml_words import read_docx, read_loose, read_pptx, read_shared, read_sheet
from brightline.intake.unzip import RatioError, Unpacked, open_directory, overlaps, unpack
from brightline.intake.xml_words import walk
from brightline.intake.zip_directory import ZipEntry, ZipError

PROPERTIES = ("docProps/core.xml", "docProps/app.xml")
_NUMBER = re.compile(r"(\d{1,9})\.xml$")
_EMBEDDED = re.compile(r"^(?:word|ppt|xl)/(?:media|embeddings)/[^/]+$")
_DOCX_ORDER = re.compile(
    r"^word/(?:(document)|(footnotes)|(endnotes)|(comments)|(header\d{0,4})|(footer\d{0,4}))\.xml$"
)
# Members that hold words beside the pages: cell notes, text boxes, diagrams, charts, masters, building blocks.
_LOOSE = re.compile(
    r"^(?:word|ppt|xl)/(?:(?:comments|threadedComments|drawings|diagrams|charts|glossary|slideMasters|slideLayouts|chartsheets)/"
    r"[^/]+|comments[^/]*|chartsheets/[^/]+)\.xml$"
)


def read(blob: Blob, draft: Draft) -> None:
    """Read an Office document."""
    with blob.open() as stream:
        package = _Package(blob, stream, draft)
        package.note()
        match draft.kind:
            case Kind.DOCX:
                _read_docx(package)
            case Kind.PPTX:
                _read_pptx(package)
            case _:
                _read_xlsx(package)
        package.loose()
        package.embedded()


class _Package:
    """The members of one document, unpacked when asked for."""

    def __init__(self, blob: Blob, stream: BinaryIO, draft: Draft) -> None:
        directory = open_directory(blob, draft)
        bad = overlaps(directory)
        self.draft = draft
        self._stream = stream
        self._read: set[str] = set()
        self.entries: dict[str, ZipEntry] = {e.name: e for e in directory.entries if e.offset not in bad}
        if bad:
            draft.gap(
                GapKind.MALFORMED,
                "members of the document overlap; those were not read",
                "文档成员相互重叠，相关成员未读取",
            )

    def member(self, name: str) -> bytes:
        """A member's bytes, or none when it is missing or broken, which leaves a gap."""
        entry = self.entries.get(name)
        if entry is None:
            return b""
        self._read.add(name)
        try:
            unpacked = unpack(self._stream, entry, self.draft)
        except (EncryptedError, RatioError, ZipError) as error:
            self._say(name, error)
            return b""
        self._check(name, unpacked)
        return unpacked.data

    def note(self) -> None:
        """Document properties, macros, and parts that the document would load from elsewhere."""
        for name in PROPERTIES:
            for node in walk(self.member(name), self.draft) if name in self.entries else ():
                if not node.is_start and node.text.strip():
                    self.draft.header(f"property.{node.name}", node.text.strip())
        for name in self.entries:
            if name.endswith("vbaProject.bin"):
                self.draft.header("macros", clean_name(name))

    def targets(self, name: str) -> dict[str, str]:
        """Relationship id to target, for those that lead out of the document (OPC 9.3)."""
        folder, _, file = name.rpartition("/")
        found: dict[str, str] = {}
        for node in (
            walk(self.member(f"{folder}/_rels/{file}.rels"), self.draft)
            if f"{folder}/_rels/{file}.rels" in self.entries
            else ()
        ):
            if (
                node.is_start
                and node.name == "Relationship"
                and node.attributes.get("TargetMode") == "External"
            ):
                found[node.attributes.get("Id", "")] = node.attributes.get("Target", "")
                if not node.attributes.get("Type", "").endswith("/hyperlink"):
                    self.draft.header(
                        "external",
                        f"{node.attributes.get('Type', '').rpartition('/')[2]} {node.attributes.get('Target', '')}",
                    )
        return found

    def loose(self) -> None:
        """Words beside the pages, all together as one part."""
        names = [name for name in self.entries if name not in self._read and _LOOSE.match(name)]
        words = "\n".join(filter(None, (read_loose(self.member(name), self.draft) for name in names)))
        if words:
            self.draft.part(
                Part(
                    data=words.encode("utf-8", "replace"),
                    name="notes, drawings and masters",
                    role=Role.EMBEDDED,
                    kind=Kind.TEXT,
                    text=words,
                )
            )

    def embedded(self) -> None:
        """Pictures and embedded documents as parts."""
        for name in self.entries:
            if _EMBEDDED.match(name):
                self.draft.room_for_part()
                data = self.member(name)
                if data:
                    self.draft.part(Part(data=data, name=name, role=Role.EMBEDDED), charged=True)

    def _check(self, name: str, unpacked: Unpacked) -> None:
        if not unpacked.is_whole:
            shown = clean_name(name)[:80]
            self.draft.gap(
                GapKind.MALFORMED,
                f"member `{shown}` is cut short or its checksum does not fit",
                f"成员“{shown}”不完整或校验和不符",
            )

    def _say(self, name: str, error: Exception) -> None:
        shown = clean_name(name)[:80]
        if isinstance(error, EncryptedError):
            self.draft.gap_once(
                GapKind.ENCRYPTED,
                "encrypted: a password is needed to read it",
                "内容已加密，需要密码才能读取",
            )
        elif isinstance(error, RatioError):
            self.draft.gap(error.kind, error.words.en, error.words.zh)
        else:
            self.draft.gap(GapKind.MALFORMED, f"member `{shown}`: {error}", f"成员“{shown}”损坏，未能读取")


def _read_docx(package: _Package) -> None:
    found = {name: match for name in package.entries if (match := _DOCX_ORDER.match(name))}
    if "word/document.xml" not in found:
        raise package.draft.malformed("the document has no `word/document.xml`", "文档缺少 word/document.xml")
    for name in sorted(found, key=lambda name: (found[name].lastindex or 0, name)):
        read_docx(package.member(name), package.targets(name), package.draft)


def _read_pptx(package: _Package) -> None:
    for folder in ("ppt/slides/slide", "ppt/notesSlides/notesSlide", "ppt/comments/comment"):
        for name in _numbered(package, folder):
            read_pptx(package.member(name), package.targets(name), package.draft)


def _read_xlsx(package: _Package) -> None:
    shared = (
        read_shared(package.member("xl/sharedStrings.xml"), package.draft)
        if "xl/sharedStrings.xml" in package.entries
        else []
    )
    for name in _numbered(package, "xl/worksheets/sheet"):
        read_sheet(package.member(name), package.targets(name), shared, package.draft)


def _numbered(package: _Package, prefix: str) -> list[str]:
    """Members `prefix1.xml`, `prefix2.xml` … in order, at most as many as the limit on pages."""
    numbers = {
        name: int(match[1])
        for name in package.entries
        if name.startswith(prefix) and (match := _NUMBER.search(name))
    }
    names = sorted(numbers, key=lambda name: (numbers[name], name))
    limit = package.draft.budget.limits.pages
    if len(names) > limit:
        package.draft.gap(
            GapKind.LIMIT,
            f"{len(names)} slides or sheets, more than {limit}; the rest was not read",
            f"幻灯片或工作表共 {len(names)} 个，超过 {limit} 个，其余未读取",
        )
    return names[:limit]
