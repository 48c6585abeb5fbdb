"""The Draft: what a reader has found so far in one node, kept even when the reader then fails."""

import unicodedata

import msgspec

from brightline.core.subject import Blob, Gap, GapKind, Header, Kind, Link, Media, Role
from brightline.core.words import Words
from brightline.intake.budget import Budget, StopReadingError, size_words
from brightline.media.text import decode

SOURCE = "intake"
NAME_CHARACTERS = 255  # what a file system allows, and a table shows
HEADERS = 1_000  # real mail has under 100 fields, real pages under 200 meta tags (count)
HEADER_CHARACTERS = 16 * 1024  # RFC 5322 allows 998 a line; Received and DKIM fields fold to some thousands
LINKS = 10_000  # a long list of references has some thousands (count)
LINK_CHARACTERS = 4 * 1024  # browsers and servers cut URLs between 2 and 8 thousand characters
SHOWN_CHARACTERS = 500
DAMAGE_SHARE = 0.01  # above one undecodable character in a hundred a text is called malformed


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part that a reader has unpacked and that is still to be opened.

    Attributes:
        data: its bytes.
        name: for people only.
        role: how it belongs to its whole.
        kind: what the container knows it is (a turn, a post); None lets the bytes decide.
        text: the words, where the container knows them.
        headers: fields about it that only the container has.
    """

    data: bytes
    name: str = ""
    role: Role = Role.MEMBER
    kind: Kind | None = None
    text: str = ""
    headers: tuple[Header, ...] = ()
    links: tuple[Link, ...] = ()


class Draft:
    """Collects text, headers, links, parts and gaps of one node, within the budget."""

    def __init__(self, kind: Kind, budget: Budget, *, depth: int) -> None:
        self.kind = kind
        self.budget = budget
        self.depth = depth
        self.headers: list[Header] = []
        self.links: list[Link] = []
        self.parts: list[Part] = []
        self.gaps: list[Gap] = []
        self.length = 0  # characters so far: where the next words will start
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        """The words so far."""
        return "".join(self._pieces)

    @property
    def ends_line(self) -> bool:
        """Whether the words so far end with a line break."""
        return bool(self._pieces) and self._pieces[-1].endswith("\n")

    def words_from(self, start: int) -> str:
        """The words from offset `start` to the end so far."""
        pieces: list[str] = []
        length = self.length
        for piece in reversed(self._pieces):
            if length <= start:
                break
            length -= len(piece)
            pieces.append(piece[max(0, start - length) :])
        return "".join(reversed(pieces))

    def tail(self, start: int) -> str:
        """The words from offset `start` to the end so far, or none where they are too many to be a link's."""
        return self.words_from(start) if self.length - start <= 8 * SHOWN_CHARACTERS else ""

    def say(self, words: str) -> int:
        """Add words that a reader would see; gives the offset at which they start."""
        start = self.length
        left = self.budget.limits.text_bytes - start
        if len(words) > left:
            self._pieces.append(words[: max(0, left)])
            self.length += max(0, left)
            raise self.limit(
                f"more than {self.budget.limits.text_bytes} characters of text; the rest was not read",
                f"文本超过 {self.budget.limits.text_bytes} 个字符，其余未读取",
            )
        self.budget.take_text(words)
        if words:
            self._pieces.append(words)
        self.length += len(words)
        return start

    def header(self, name: str, value: str) -> None:
        """Add a field about the node; a longer value is cut and leaves a gap."""
        if len(self.headers) >= HEADERS:
            self.gap_once(
                GapKind.LIMIT, f"more than {HEADERS} header fields", f"头部字段超过 {HEADERS} 个，其余未读取"
            )
            return
        if len(value) > HEADER_CHARACTERS:
            self.gap_once(
                GapKind.LIMIT,
                f"a header field longer than {HEADER_CHARACTERS} characters was cut",
                f"有头部字段超过 {HEADER_CHARACTERS} 个字符，已截断",
            )
        self.headers.append(Header(clean_name(name).lower(), value[:HEADER_CHARACTERS]))

    def link(self, target: str, shown: str = "", start: int = -1, end: int = -1) -> None:
        """Add a link; where `start` is given, the shown words are the text's [start, end)."""
        if len(self.links) >= LINKS:
            self.gap_once(GapKind.LIMIT, f"more than {LINKS} links", f"链接超过 {LINKS} 个，其余未读取")
            return
        target = target.strip()[:LINK_CHARACTERS]
        if target:
            self.links.append(Link(target, shown[:SHOWN_CHARACTERS], start, end))

    def inner(self) -> "Draft":
        """A draft beside this one, for reading an alternative of the same content within the same budget."""
        return Draft(self.kind, self.budget, depth=self.depth)

    def room_for_part(self) -> None:
        """Refuse to unpack anything below the deepest level; ask before unpacking."""
        depth = self.budget.limits.depth
        if self.depth >= depth:
            raise self.limit(
                f"nested deeper than {depth} levels; not unpacked", f"嵌套超过 {depth} 层，未解包"
            )

    def part(self, part: Part, *, charged: bool = False) -> None:
        """Add a part; its bytes count against the budget unless the unpacking already counted them."""
        self.room_for_part()
        self.budget.take_part()
        if not charged:
            self.budget.take_bytes(len(part.data))
        self.parts.append(part)

    def gap(self, kind: GapKind, en: str, zh: str) -> None:
        """Say what could not be read."""
        self.gaps.append(Gap(source=SOURCE, kind=kind, why=Words(en=en, zh=zh)))

    def gap_once(self, kind: GapKind, en: str, zh: str) -> None:
        """Say it, unless it has been said."""
        gap = Gap(source=SOURCE, kind=kind, why=Words(en=en, zh=zh))
        if gap not in self.gaps:
            self.gaps.append(gap)

    def limit(self, en: str, zh: str) -> StopReadingError:
        """The error to raise when reading must stop here."""
        return StopReadingError(Words(en=en, zh=zh))

    def malformed(self, en: str, zh: str) -> StopReadingError:
        """The error to raise when the bytes are too broken to go on."""
        return StopReadingError(Words(en=en, zh=zh), GapKind.MALFORMED)

    def decoded(self, data: bytes | Blob, *, hint: str = "") -> str:
        """The text in some bytes, within the limit on text; what is lost leaves a gap."""
        limit = self.budget.limits.text_bytes
        size = data.size if isinstance(data, Blob) else len(data)
        read = data.head(limit) if isinstance(data, Blob) else data[:limit]
        if size > limit:
            self.gap_once(
                GapKind.LIMIT,
                f"text of {size} bytes; only the first {size_words(limit)} were read",
                f"文本共 {size} 字节，仅读取前 {size_words(limit)}",
            )
        decoded = decode(read, hint=hint, whole=size <= limit)
        if decoded.encoding and self.kind.media is not Media.MESSAGE:  # a mail's fields are its own
            self.header("encoding", decoded.encoding)
        if decoded.damage > DAMAGE_SHARE or (read and not decoded.encoding):
            self.gap_once(
                GapKind.MALFORMED,
                f"{decoded.replaced} of {len(decoded.text)} characters could not be decoded",
                f"共 {len(decoded.text)} 个字符，其中 {decoded.replaced} 个无法解码",
            )
        return decoded.text


def clean_name(name: str) -> str:
    """A name that is safe to show: no control or invisible characters, at most 255 of them, last ones kept."""
    kept = "".join(c for c in name[: 4 * NAME_CHARACTERS] if unicodedata.category(c)[0] != "C")
    return kept if len(kept) <= NAME_CHARACTERS else "…" + kept[-(NAME_CHARACTERS - 1) :]
