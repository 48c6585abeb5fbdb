"""Documents that people take along: PDF by ReportLab, DOCX by python-docx, both from one list of blocks."""

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import Response

MEDIA = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
# How routes that give one are described in the API's document.
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.partition(";")[0]: {} for kind in MEDIA.values()}, "description": "The document."}
}
STYLE = (
    "body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,'Noto Sans CJK SC',sans-serif}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:start;padding:.3rem .6rem;border-bottom:1px solid #999}"
    "p{white-space:pre-wrap;overflow-wrap:anywhere}@media print{body{margin:0}}"
)
# Opened from a disk, where no header guards it: nothing in it runs or fetches, whatever words it quotes.
GUARD = (
    "<meta http-equiv='content-security-policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)
FONT = "STSong-Light"  # a font of the standard CJK collection, which readers bring themselves: nothing is embedded
# What XML 1.0, 2.2 leaves out, and with it DOCX.
_NO_CHARACTER = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\U00010000-\U0010ffff]")
REPLACED = "\ufffd"
PAGE_POINTS = 510  # width of the text on A4 with our margins


class Heading(msgspec.Struct, frozen=True):
    """A line over what follows; the first level is the title."""

    text: str
    level: int = 2


class Text(msgspec.Struct, frozen=True):
    """A paragraph."""

    text: str


class Table(msgspec.Struct, frozen=True):
    """Rows under a head; numbers stand right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Text | Table


def as_pdf(made: Sequence[Block]) -> bytes:
    """The blocks as PDF, A4."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer
    from reportlab.platypus import Table as Grid

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    body = ParagraphStyle("body", fontName=FONT, fontSize=9.5, leading=14, wordWrap="CJK", spaceAfter=6)
    heads = {
        level: ParagraphStyle(f"head{level}", parent=body, fontSize=size, leading=size * 1.4, spaceBefore=10)
        for level, size in ((1, 18), (2, 13))
    }
    flow = []
    for block in made:
        match block:
            case Heading(text, level):
                flow.append(Paragraph(_escaped(text), heads[level]))
            case Text(text):
                flow.append(Paragraph(_escaped(text), body))
            case Table(head, rows):
                cells = [[Paragraph(_escaped(cell), body) for cell in row] for row in (head, *rows)]
                widths = _widths(len(head))
                style = [
                    ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
                    ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.grey),
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ]
                flow += [Grid(cells, colWidths=widths, repeatRows=1, style=style), Spacer(1, 8)]
    held = io.BytesIO()
    title = made[0].text if made and isinstance(made[0], Heading) else "Brightline"
    SimpleDocTemplate(
        held, pagesize=A4, leftMargin=42, rightMargin=42, topMargin=42, bottomMargin=42, title=title
    ).build(flow)
    return held.getvalue()


def as_docx(made: Sequence[Block]) -> bytes:
    """The blocks as a Word document."""
    import docx

    document = docx.Document()
    for block in made:
        match block:
            case Heading(text, level):
                document.add_heading(text, level=level - 1)
            case Text(text):
                document.add_paragraph(text)
            case Table(head, rows):
                grid = document.add_table(rows=1, cols=len(head), style="Light Grid Accent 1")
                for cell, said in zip(grid.rows[0].cells, head, strict=True):
                    cell.text = said
                for row in rows:
                    for cell, said in zip(grid.add_row().cells, row, strict=True):
                        cell.text = said
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def as_html(made: Sequence[Block]) -> bytes:
    """The blocks as one page that needs nothing beside itself; for keeping and printing."""
    title = made[0].text if made and isinstance(made[0], Heading) else "Brightline"
    body = "".join(_html(block) for block in made)
    page = f"<!doctype html><html><head><meta charset='utf-8'>{GUARD}<title>{_escaped(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    return page.encode()


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{_escaped(text)}</h{level}>"
        case Text(text):
            return f"<p>{_escaped(text)}</p>"
        case Table(head, rows):
            top = "".join(f"<th>{_escaped(cell)}</th>" for cell in head)
            lines = ("".join(f"<td>{_escaped(cell)}</td>" for cell in row) for row in rows)
            return f"<table><thead><tr>{top}</tr></thead><tbody><tr>{'</tr><tr>'.join(lines)}</tr></tbody></table>"


def served(made: Sequence[Block], form: str, name: str) -> Response:
    """The blocks as a download, `form` being `pdf`, `docx` or `html`."""
    data = {"pdf": as_pdf, "docx": as_docx, "html": as_html}[form]([_printable(block) for block in made])
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return Response(data, media_type=MEDIA[form], headers=headers)


def _printable(block: Block) -> Block:
    """The block with a sign for each character that no document may hold."""
    match block:
        case Heading(text, level):
            return Heading(_NO_CHARACTER.sub(REPLACED, text), level)
        case Text(text):
            return Text(_NO_CHARACTER.sub(REPLACED, text))
        case Table(head, rows):
            cells = ((tuple(_NO_CHARACTER.sub(REPLACED, cell) for cell in row)) for row in (head, *rows))
            return Table(next(cells), tuple(cells))


def day(time_ms: int) -> str:
    """The day of a moment, UTC."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d")


def moment(time_ms: int) -> str:
    """A moment to the minute, UTC."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _widths(columns: int) -> list[float]:
    """The first column holds words, the others numbers."""
    if columns <= 4:
        return [PAGE_POINTS / columns] * columns
    return [PAGE_POINTS * 0.4, *([PAGE_POINTS * 0.6 / (columns - 1)] * (columns - 1))]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
