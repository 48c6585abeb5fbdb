"""A campaign's report as a document: PDF by ReportLab, DOCX by python-docx, both from one list of blocks."""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from brightline.core.decision import Action
from brightline.core.words import Words
from brightline.doors.words import ACTIONS
from brightline.review.campaigns import Disposed, Report

DISPOSED = {
    Disposed.PRODUCT: Words("products", "产品"),
    Disposed.ACCOUNT: Words("accounts", "账号"),
    Disposed.SITE: Words("sites and apps", "网站与应用"),
    Disposed.DATASET: Words("data sets", "数据集"),
    Disposed.ITEM: Words("items", "内容"),
}
ABOVE = (Action.LABEL, Action.REVIEW, Action.BLOCK)
FONT = "STSong-Light"  # a font of the standard CJK collection, which readers bring themselves: nothing is embedded
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


def blocks(report: Report, language: str, head: str) -> Iterator[Block]:
    """The report, block after block.

    Args:
        report: what was counted.
        language: `en` or `zh`.
        head: the ledger's head when it was counted, so that the numbers can be held to it.
    """

    def say(en: str, zh: str) -> str:
        return Words(en, zh).in_language(language)

    campaign = report.campaign
    yield Heading(campaign.title, 1)
    yield Text(f"{_day(campaign.from_ms)} – {_day(campaign.until_ms)}")
    if campaign.about:
        yield Text(campaign.about)
    yield Text(
        say(
            f"{report.examined:,} subjects were decided; people decided {sum(report.people.values()):,} cases,"
            f" {report.changed:,} of them otherwise than the policy asked.",
            f"共对 {report.examined:,} 项内容作出决定；人工决定 {sum(report.people.values()):,} 件，"
            f"其中 {report.changed:,} 件与策略请求不同。",  # Chinese signs
        )
    )
    yield Heading(say("By category", "按类别"))
    yield _categories(report, language)
    yield Heading(say("By day", "按日"))
    yield Table(
        (say("day", "日期"), *(ACTIONS[action].in_language(language) for action in ABOVE)),
        tuple(
            (day.day, *(f"{day.actions.get(action.value, 0):,}" for action in ABOVE)) for day in report.days
        ),
    )
    yield Heading(say("Appeals", "申诉"))
    yield Table(
        (say("open", "处理中"), say("upheld", "成立"), say("rejected", "驳回")),
        (tuple(f"{report.appeals.get(name, 0):,}" for name in ("open", "upheld", "rejected")),),
    )
    yield Text(
        say(
            f"Counted {_time(report.made_ms)} from what the service holds; every decision is in the ledger, whose head then was:",
            f"统计时间 {_time(report.made_ms)}；每项决定均记入账本，当时的账本头为：",  # Chinese signs
        )
    )
    yield Text(head)


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


def _categories(report: Report, language: str) -> Table:
    kinds = [kind for kind in Disposed if any(row.disposals.get(kind.value) for row in report.rows)]
    head = (
        Words("category", "类别").in_language(language),
        *(ACTIONS[action].in_language(language) for action in ABOVE),
        *(DISPOSED[kind].in_language(language) for kind in kinds),
        Words("goal", "目标").in_language(language),
    )
    rows = tuple(
        (
            f"{row.category} {row.words.in_language(language)}",
            *(f"{row.actions.get(action.value, 0):,}" for action in ABOVE),
            *(f"{row.disposals.get(kind.value, 0):,}" for kind in kinds),
            f"{row.wanted:,}" if row.wanted is not None else "–",
        )
        for row in report.rows
    )
    return Table(head, rows)


def _widths(columns: int) -> list[float]:
    """The first column holds words, the others numbers."""
    if columns <= 4:
        return [PAGE_POINTS / columns] * columns
    return [PAGE_POINTS * 0.4, *([PAGE_POINTS * 0.6 / (columns - 1)] * (columns - 1))]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d")


def _time(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
