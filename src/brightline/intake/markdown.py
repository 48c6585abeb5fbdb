"""Markdown: the words a reader sees once it is rendered, and the links."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from brightline.core.subject import Blob, GapKind
from brightline.intake.draft import Draft
from brightline.intake.html import read_html
from brightline.intake.links import link_words

CHARACTERS = 1024 * 1024  # parsed as Markdown; a long novel's worth. More is read as it stands
LINE_CHARACTERS = 20_000  # inline parsing is quadratic in places; a longer paragraph is read as it stands

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)


def read(blob: Blob, draft: Draft) -> None:
    """Read a Markdown text; its front matter becomes a header, and text that stays hidden a part."""
    source = draft.decoded(blob)
    front = _FRONT_MATTER.match(source[: 64 * 1024])
    if front:
        draft.header("front-matter", front.group(1))
        source = source[front.end() :]
    if _is_too_long(source):
        draft.gap(
            GapKind.LIMIT,
            f"more than {CHARACTERS} characters, or a paragraph of more than {LINE_CHARACTERS}; read as plain text",
            f"超过 {CHARACTERS} 个字符或单段超过 {LINE_CHARACTERS} 个字符，按纯文本读取",
        )
        draft.say(source)
    else:
        _read_tokens(MarkdownIt("commonmark").enable("table").parse(source), draft)
    linked = {(link.start, link.end) for link in draft.links}
    _link_rest(draft, linked)


def _is_too_long(source: str) -> bool:
    return len(source) > CHARACTERS or any(
        len(block) > LINE_CHARACTERS for block in re.split(r"\n[ \t]*\n", source)
    )


def _read_tokens(tokens: list[Token], draft: Draft) -> None:
    for token in tokens:
        draft.budget.check_time()
        if token.type == "inline":
            _read_inline(token.children or [], draft)
            draft.say("\n")
        elif token.type in {"fence", "code_block"}:
            draft.say(token.content)
        elif token.type == "html_block":
            read_html(token.content, draft)


def _read_inline(tokens: list[Token], draft: Draft) -> None:
    opened: list[tuple[str, int]] = []
    for token in tokens:
        match token.type:
            case "text" | "code_inline":
                draft.say(token.content)
            case "image":
                draft.say(token.content)
            case "softbreak" | "hardbreak":
                draft.say("\n")
            case "link_open":
                opened.append((str(token.attrs.get("href", "")), draft.length))
            case "link_close" if opened:
                target, start = opened.pop()
                draft.link(target, draft.tail(start), start, draft.length)
            case "html_inline" if token.content.startswith("<!--"):
                read_html(token.content, draft)


def _link_rest(draft: Draft, linked: set[tuple[int, int]]) -> None:
    """Add bare addresses that no Markdown link covers."""
    bare = draft.inner()
    link_words(bare, draft.text, 0)
    for link in bare.links:
        if (link.start, link.end) not in linked:
            draft.link(link.target, link.shown, link.start, link.end)
