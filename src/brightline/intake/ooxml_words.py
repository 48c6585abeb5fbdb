"""The words of WordprocessingML, DrawingML and SpreadsheetML members (ECMA-376 parts 17, 21, 18)."""

import re

from brightline.core.subject import Kind, Role
from brightline.intake.draft import Draft, Part
from brightline.intake.links import link_words
from brightline.intake.xml_words import walk

SHARED_STRINGS = 1_000_000  # Excel's own sheets have a million rows
_FIELD_LINK = re.compile(r"HYPERLINK\s{1,20}\"([^\"]{1,4000})\"")
_FORMULA_LINK = re.compile(
    r"(?i)\bHYPERLINK\(\s{0,9}\"([^\"]{1,4000})\"(?:\s{0,9}[,;]\s{0,9}\"([^\"]{0,500})\")?"
)
FORMULA_CHARACTERS = 8_192  # Excel's own limit on one formula
_OFF = {"0", "false", "off"}


def read_docx(data: bytes, targets: dict[str, str], draft: Draft) -> None:
    """The paragraphs of one Word member; text set to be hidden (17.3.2.41) becomes a part."""
    first = draft.length
    hidden: list[str] = []
    is_hidden = False
    opened: list[tuple[str, int]] = []
    fallback = 0  # what older programs would show in place of what was just read
    for node in walk(data, draft):
        if node.name == "Fallback":
            fallback += 1 if node.is_start else -1
        if fallback:
            continue
        if node.is_start:
            if node.name == "r":
                is_hidden = False
            elif node.name == "vanish":
                is_hidden = node.attributes.get("val", "1") not in _OFF
            elif node.name == "hyperlink":
                opened.append((targets.get(node.attributes.get("id", ""), ""), draft.length))
            continue
        match node.name:
            case "t" if is_hidden:
                hidden.append(node.text)
            case "t":
                draft.say(node.text)
            case "tab":
                draft.say("\t")
            case "br" | "cr" | "p":
                draft.say("\n")
            case "instrText" if found := _FIELD_LINK.search(node.text[:5_000]):
                draft.link(found.group(1))
            case "hyperlink" if opened:
                _close_link(opened.pop(), draft)
    _link_rest(first, draft)
    _add_hidden("".join(hidden), draft)


def read_pptx(data: bytes, targets: dict[str, str], draft: Draft) -> None:
    """The paragraphs of one slide, notes page or comment."""
    first = draft.length
    target, start = "", draft.length
    for node in walk(data, draft):
        if node.is_start:
            if node.name == "r":
                target, start = "", draft.length
            elif node.name in {"hlinkClick", "hlinkMouseOver"}:
                target = targets.get(node.attributes.get("id", ""), "")
            continue
        match node.name:
            case "t" | "text":
                draft.say(node.text)
            case "br" | "p" | "cm":
                draft.say("\n")
            case "r" if target:
                _close_link((target, start), draft)
                target = ""
    _link_rest(first, draft)


def read_shared(data: bytes, draft: Draft) -> list[str]:
    """The strings that cells refer to by number (18.4.9); phonetic runs are left out."""
    strings: list[str] = []
    pieces: list[str] = []
    phonetic = 0
    for node in walk(data, draft):
        if node.name == "rPh":
            phonetic += 1 if node.is_start else -1
        elif not node.is_start and node.name == "t" and not phonetic:
            pieces.append(node.text)
        elif not node.is_start and node.name == "si":
            strings.append("".join(pieces))
            pieces = []
            if len(strings) > SHARED_STRINGS:
                raise draft.limit(
                    f"more than {SHARED_STRINGS} shared strings; not read",
                    f"共享字符串超过 {SHARED_STRINGS} 个，未读取",
                )
    return strings


def read_sheet(data: bytes, targets: dict[str, str], shared: list[str], draft: Draft) -> None:
    """The cells of one sheet, a tab between two and a line a row."""
    first = draft.length
    kind, value = "", ""
    for node in walk(data, draft):
        if node.is_start:
            if node.name == "c":
                kind, value = node.attributes.get("t", "n"), ""
            elif node.name == "hyperlink" and node.attributes.get("id"):
                draft.link(targets.get(node.attributes["id"], ""), node.attributes.get("display", ""))
            continue
        match node.name:
            case "v" | "t":
                value += node.text
            case "f" if found := _FORMULA_LINK.search(node.text[:FORMULA_CHARACTERS]):
                draft.link(found.group(1), found.group(2) or "")
            case "c" if value:
                draft.say(_cell(kind, value, shared) + "\t")
            case "row":
                draft.say("\n")
            case _:
                pass
    _link_rest(first, draft)


def read_loose(data: bytes, draft: Draft) -> str:
    """The words of a member that stands beside the pages: notes on cells, drawings, diagrams, charts, masters."""
    words: list[str] = []
    for node in walk(data, draft):
        if not node.is_start and node.name in {"t", "text", "v"}:
            words.append(node.text)
        elif not node.is_start and node.name in {"p", "r", "comment", "pt"} and words and words[-1] != "\n":
            words.append("\n" if node.name != "r" else "")
    return "".join(words).strip()


def _cell(kind: str, value: str, shared: list[str]) -> str:
    if kind != "s":
        return value
    index = int(value) if value.isdigit() and len(value) < 10 else -1
    return shared[index] if 0 <= index < len(shared) else ""


def _close_link(opened: tuple[str, int], draft: Draft) -> None:
    target, start = opened
    draft.link(target, draft.tail(start), start, draft.length)


def _link_rest(first: int, draft: Draft) -> None:
    """Add the bare addresses in the words said since `first`."""
    covered = {link.start for link in draft.links}
    bare = draft.inner()
    link_words(bare, draft.words_from(first), first)
    for link in bare.links:
        if link.start not in covered:
            draft.link(link.target, link.shown, link.start, link.end)


def _add_hidden(words: str, draft: Draft) -> None:
    if words.strip():
        draft.header("hidden-characters", str(len(words)))
        draft.part(
            Part(
                data=words.encode("utf-8", "replace"),
                name="hidden text",
                role=Role.EMBEDDED,
                kind=Kind.TEXT,
                text=words,
            )
        )
