"""HTML: the words a reader would see, the links, and the words that are there but hidden."""

import base64
import binascii
import re
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from brightline.core.subject import Blob, GapKind, Kind, Role
from brightline.intake.draft import LINKS, Draft, Part
from brightline.intake.html_guard import ATTRIBUTES, DEPTH, ELEMENTS, PARSED_BYTES, is_parse_bomb
from brightline.intake.links import link_words

HIDDEN_CHARACTERS = 64 * 1024  # of hidden words kept
DATA_PICTURES = 100  # pictures inside `data:` addresses that are opened (count)

_UNREAD = frozenset({"script", "style", "head"})
_UNSEEN = frozenset({"template", "noscript"})  # shown to nobody, or only to readers without scripts
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
        "title",
        "body",
        "option",
        "select",
        "svg",
        "text",
    ]
)
# Sizes of up to two pixels are read by machines only; ten thousand to the left is outside every screen.
_HIDING = re.compile(
    r"display\s{0,4}:\s{0,4}none|visibility\s{0,4}:\s{0,4}hidden|mso-hide\s{0,4}:\s{0,4}all"
    r"|font-size\s{0,4}:\s{0,4}(?:0(?:\.0{0,3})?(?:em|rem|%)?|[0-2](?:\.\d{0,3})?(?:px|pt))\s{0,4}(?:;|!|$)"
    r"|opacity\s{0,4}:\s{0,4}0(?:\.0{0,3})?\s{0,4}(?:;|!|$)|(?:^|[;\s])color\s{0,4}:\s{0,4}transparent"
    r"|(?:left|top|right|text-indent|margin-left|margin-top)\s{0,4}:\s{0,4}-(?:999|\d{4,6})(?:px|pt|em|rem)?\b"
    r"|clip\s{0,4}:\s{0,4}rect\(\s{0,4}0|transform\s{0,4}:\s{0,4}scale\(\s{0,4}0\s{0,4}\)",
    re.IGNORECASE,
)
_COLLAPSED = re.compile(
    r"(?:^|[;\s])(?:max-)?(?:height|width)\s{0,4}:\s{0,4}0(?:px|pt)?\s{0,4}(?:;|!|$)", re.IGNORECASE
)
_CLIPPED = re.compile(r"overflow\s{0,4}:\s{0,4}hidden", re.IGNORECASE)
_INK = re.compile(r"(?:^|[;\s])color\s{0,4}:\s{0,4}([^;!]{1,40})", re.IGNORECASE)
_PAPER = re.compile(r"(?:^|[;\s])background(?:-color)?\s{0,4}:\s{0,4}([^;!]{1,40})", re.IGNORECASE)
_ELSEWHERE = frozenset({"inherit", "initial", "unset", "revert", "currentcolor"})  # another place says which
_NAMED = {"white": "#ffffff", "rgb(255,255,255)": "#ffffff", "black": "#000000"}
_SPACE = re.compile(r"[ \t\r\n\f]+")
_TARGETS = {"a": "href", "area": "href", "form": "action", "iframe": "src"}


def read(blob: Blob, draft: Draft) -> None:
    """Read a page."""
    read_html(draft.decoded(blob), draft)


def read_html(markup: str, draft: Draft) -> None:
    """Collect what a page says into the draft; its hidden words become a part of their own."""
    if is_parse_bomb(markup):
        _read_flat(markup, draft)
        return
    page = LexborHTMLParser(markup)
    if page.root is None:
        return
    walk = _Walk(draft, _head(page, draft))
    walk.read(page.root)
    hidden = "".join(walk.hidden).strip()
    if hidden:
        draft.header("hidden-characters", str(len(hidden)))
        draft.part(
            Part(
                data=hidden.encode("utf-8", "replace"),
                name="hidden text",
                role=Role.EMBEDDED,
                kind=Kind.TEXT,
                text=hidden,
            )
        )


def _head(page: LexborHTMLParser, draft: Draft) -> str:
    """Fields and links of the head; gives the address that relative links are relative to, or none."""
    node = page.css_first("base")
    base = (node.attributes.get("href") or "").strip() if node is not None else ""
    if base:
        draft.header("base", base)
    title = page.css_first("title")
    if title is not None and title.text():
        draft.header("title", _SPACE.sub(" ", title.text()).strip())
    for meta in page.css("meta"):
        name = (
            meta.attributes.get("name")
            or meta.attributes.get("property")
            or meta.attributes.get("http-equiv")
        )
        content = meta.attributes.get("content")
        if name and content:
            draft.header(f"meta.{name}", content)
            if name.lower() == "refresh" and "url=" in content.lower():
                draft.link(_joined(base, content[content.lower().index("url=") + 4 :].strip("\"' ")))
    return base


def _joined(base: str, target: str) -> str:
    """Where a link leads on a page that says what its links are relative to (HTML 4.2.3)."""
    if not base.lower().startswith(("http://", "https://")) or target.startswith("#"):
        return target
    try:
        return urljoin(base, target)
    except ValueError:
        return target


class _Walk:
    """One pass over the tree, without recursion: enters each element, and leaves it when its children are done."""

    def __init__(self, draft: Draft, base: str) -> None:
        self.draft = draft
        self._base = base
        self.hidden: list[str] = []
        self._hidden_length = 0
        self._hidden_depth = 0
        self._links: list[tuple[str, int]] = []
        self._pictures = 0
        self._at_break = True

    def read(self, root: LexborNode) -> None:
        first = root
        while first.prev is not None:  # comments may stand before the root element
            first = first.prev
        stack: list[tuple[LexborNode, bool]] = [(first, False)]
        count = 0
        while stack:
            node, is_leaving = stack.pop()
            count += 1
            if count % 4096 == 0:
                self.draft.budget.check_time()
            if is_leaving:
                self._leave(node)
                continue
            if node.next is not None:
                stack.append((node.next, False))
            if node.is_text_node:
                self._say(node.text_content or "")
            elif node.is_comment_node:
                self._hide(node.comment_content or "")
            elif node.is_element_node and node.tag not in _UNREAD:
                self._enter(node)
                stack.append((node, True))
                if node.child is not None:
                    stack.append((node.child, False))

    def _enter(self, node: LexborNode) -> None:
        if self._hidden_depth or _is_hidden(node):
            self._hidden_depth += 1
        elif node.tag in _BLOCKS:
            self._break()
        attribute = _TARGETS.get(node.tag or "")
        if attribute is not None:
            self._links.append((node.attributes.get(attribute) or "", self.draft.length))
        elif node.tag == "img":
            self._picture(node.attributes.get("src") or "")
            alt = node.attributes.get("alt")
            if alt and not self._hidden_depth:
                self._say(f" {alt} ")

    def _leave(self, node: LexborNode) -> None:
        attribute = _TARGETS.get(node.tag or "")
        if attribute is not None:
            target, start = self._links.pop()
            self._link(target, start)
        if self._hidden_depth:
            self._hidden_depth -= 1
        elif node.tag in _BLOCKS:
            self._break()

    def _link(self, target: str, start: int) -> None:
        if not target:
            return
        target = _joined(self._base, target)
        shown = self.draft.tail(start) if len(self.draft.links) < LINKS else ""
        kept = shown.strip()
        if kept:
            begin = start + len(shown) - len(shown.lstrip())
            self.draft.link(target, kept, begin, begin + len(kept))
        else:
            self.draft.link(target)

    def _say(self, words: str) -> None:
        spaced = _SPACE.sub(" ", words)
        if self._hidden_depth:
            self._hide(spaced)
            return
        if self._at_break:
            spaced = spaced.lstrip(" ")
        if spaced:
            self.draft.say(spaced)
            self._at_break = spaced.endswith((" ", "\n"))

    def _hide(self, words: str) -> None:
        if not words.strip() or words.startswith("[if"):
            return
        room = HIDDEN_CHARACTERS - self._hidden_length
        self._hidden_length += len(words)
        if len(words) > room:
            self.draft.gap_once(
                GapKind.LIMIT,
                f"more than {HIDDEN_CHARACTERS} characters of hidden words; the rest was not read",
                f"隐藏文字超过 {HIDDEN_CHARACTERS} 个字符，其余未读取",
            )
        if room > 0:
            self.hidden.append(words[:room].strip() + "\n")

    def _break(self) -> None:
        if self.draft.length and not self.draft.ends_line:
            self.draft.say("\n")
        self._at_break = True

    def _picture(self, source: str) -> None:
        if source.startswith("data:image/") and ";base64," in source[:100]:
            if self._pictures >= DATA_PICTURES:
                self.draft.gap_once(
                    GapKind.LIMIT,
                    f"more than {DATA_PICTURES} pictures inside the page; the rest was not opened",
                    f"页面内嵌图片超过 {DATA_PICTURES} 张，其余未打开",
                )
                return
            self._pictures += 1
            try:
                data = base64.b64decode(source.split(",", 1)[1], validate=False)
            except (binascii.Error, ValueError):
                return
            self.draft.part(Part(data=data, name=f"picture {self._pictures}", role=Role.EMBEDDED))


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if (
        node.tag in _UNSEEN
        or "hidden" in attributes
        or (node.tag == "input" and attributes.get("type") == "hidden")
    ):
        return True
    style = (attributes.get("style") or "")[:2_000]
    return bool(style) and (
        _HIDING.search(style) is not None
        or (_CLIPPED.search(style) is not None and _COLLAPSED.search(style) is not None)
        or _is_tone_on_tone(style)
    )


def _is_tone_on_tone(style: str) -> bool:
    """Ink and paper of one colour, as far as one element says both."""
    ink, paper = _INK.search(style), _PAPER.search(style)
    if ink is None or paper is None or ink[1].strip().lower() in _ELSEWHERE:
        return False
    return _colour(ink[1]) == _colour(paper[1])


def _colour(words: str) -> str:
    """One spelling of the usual ways to write a colour."""
    plain = "".join(words.lower().split())
    if len(plain) == 4 and plain.startswith("#"):
        plain = "#" + "".join(2 * digit for digit in plain[1:])
    return _NAMED.get(plain, plain)


_ANY_TAG = re.compile(r"<[^<>]{0,4000}>")
_HREF = re.compile(r"\bhref\s?=\s?[\"']?([^\"'\s>]{1,4000})", re.IGNORECASE)


def _read_flat(markup: str, draft: Draft) -> None:
    """Words and links without a tree, for markup made to exhaust a parser."""
    draft.gap(
        GapKind.LIMIT,
        f"made to exhaust a parser: nested deeper than {DEPTH}, more than {ELEMENTS} repeated elements, {ATTRIBUTES} attributes on a tag, or {PARSED_BYTES // 2**20} MiB of memory; read without its structure",
        f"结构异常（嵌套超过 {DEPTH} 层、重复元素超过 {ELEMENTS} 个、单个标签属性超过 {ATTRIBUTES} 个或占用内存超过 {PARSED_BYTES // 2**20} MiB），仅按平面文本读取",
    )
    draft.say(_SPACE.sub(" ", _ANY_TAG.sub(" ", markup)).strip())
    for match in _HREF.finditer(markup):
        draft.link(match.group(1))
    link_words(draft, draft.text, 0)
