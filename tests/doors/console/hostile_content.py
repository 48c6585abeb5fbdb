"""Things that were made to run a script in a reviewer's browser, of every kind that people look at.

Each carries its own mark in the call that it would make, so that a test says which of them ran, and where.
"""

import io
import json
import zipfile
from collections.abc import Iterator

import docx
from console_content import HIDDEN, tone
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

import marks

ELSEWHERE = "https://elsewhere.example"
SHORT = "<img src=x onerror=ran('{}')>"

# A packet's own words, and those of the marks that the pages quote.
XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"
xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:CreatorTool><![CDATA[{words}]]></xmp:CreatorTool>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default"><![CDATA[{words}]]></rdf:li></rdf:Alt></dc:description>
<TC260:AIGC><![CDATA[{mark}]]></TC260:AIGC></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def evil(mark: str) -> str:
    """Words that break out of text, of attributes and of templates, and run `ran(mark)` in each way that we know."""
    deed = f"ran('{mark}')"
    return (
        f'\'"--></textarea></title></style><script>{deed}</script><img src=x onerror="{deed}"><svg/onload={deed}>'
        f'<iframe srcdoc="<script>parent.{deed}</script>"></iframe><input autofocus onfocus={deed}>'
        f'<details open ontoggle={deed}><a href="javascript:{deed}">x</a>{{{{ 7*191 }}}}${{7*191}}'
        f'<img src="{ELSEWHERE}/{mark}.png"><link rel=stylesheet href="{ELSEWHERE}/{mark}.css">'
        f'<base href="{ELSEWHERE}/"><meta http-equiv=refresh content="0;url={ELSEWHERE}/{mark}">'
    )


def hostile() -> Iterator[tuple[str, bytes]]:
    """Names and bytes: each kind that has words, or a name, or a picture."""
    yield f"{SHORT.format('name')}.txt", f"See you at noon.{HIDDEN}".encode()
    yield f"../../../{SHORT.format('path')}", b"Its name leads upwards."
    yield "words.txt", f"{evil('txt')} See you at noon.{HIDDEN}".encode()
    yield "words.md", f"# {evil('md')}\n\n[x](javascript:ran('md'))\n![x](x\" onerror=\"ran('md'))\n".encode()
    yield "page.html", _page("html").encode()
    yield "drawing.svg", _drawing("svg").encode()
    yield "mail.eml", _mail()
    yield (
        "feed.csv",
        f'time,account,text\n2026-11-19 09:02:11,"=cmd|\' /C calc\'!A0","{_quoted("csv")}"\n'.encode(),
    )
    yield (
        "chat.json",
        json.dumps([{"role": "user", "name": evil("chat-who"), "content": evil("chat")}] * 2).encode(),
    )
    yield (
        "values.json",
        json.dumps({evil("json-key"): evil("json"), "__proto__": {"x": evil("proto")}}).encode(),
    )
    yield "letter.docx", _letter()
    yield "paper.pdf", _paper()
    yield "bundle.zip", _bundle()
    yield from _pictures()
    yield (
        "tone.wav",
        marks.wav(
            marks.riff_chunk(b"LIST", b"INFO" + marks.riff_chunk(b"ICMT", evil("wav").encode() + b" "))
        ),
    )
    yield (
        "long-tone.wav",
        tone() + marks.riff_chunk(b"LIST", b"INFO" + marks.riff_chunk(b"INAM", evil("wav2").encode())),
    )
    yield "film.mp4", marks.mp4(marks.meta_box(_mark("mp4")))


def _pictures() -> Iterator[tuple[str, bytes]]:
    exif = marks.exif_segment(marks.image_description(evil("exif")))
    comment = marks.exif_segment(marks.user_comment(_mark("exif-mark")))
    packet = XMP.format(words=evil("xmp").replace("]]>", ""), mark=_mark("xmp-mark")).encode()
    yield "photo-exif.jpg", marks.jpeg(exif, marks.segment(0xFE, evil("jpeg-comment").encode()))
    yield "photo-comment.jpg", marks.jpeg(comment)
    yield "photo-xmp.jpg", marks.jpeg(marks.xmp_segment(packet))
    yield (
        "picture.png",
        marks.png(
            marks.xmp_chunk(packet),
            marks.text_chunk("Comment", evil("png")),
            marks.itxt("Title", evil("itxt").encode()),
        ),
    )
    yield "picture.webp", marks.webp(marks.riff_chunk(b"XMP ", packet))
    yield (
        "moving.gif",
        marks.gif(marks.gif_extension(0xFE, evil("gif").encode()), behind=_page("gif-behind").encode()),
    )
    yield (
        "both.jpg",
        marks.jpeg(marks.segment(0xFE, _page("polyglot").encode())) + _page("jpeg-behind").encode(),
    )
    yield "page.jpg", _page("html-named-jpg").encode() + b"\n"
    shown = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(shown, "PNG")
    yield "<svg onload=ran('png-name')>.png", shown.getvalue() + _page("png-behind").encode()


def _mark(mark: str) -> str:
    """A mark of GB 45438 whose values are hostile, so that its findings quote them."""
    words = evil(mark)
    return marks.bare(marks.fields(Label=words[:80], ContentProducer=words, ProduceID=SHORT.format(mark)))


def _page(mark: str) -> str:
    return f"<!doctype html><html><head><title>{SHORT.format(mark)}</title></head><body onload=\"ran('{mark}')\">{evil(mark)}<p>{HIDDEN}</p></body></html>"


def _drawing(mark: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="ran(\'{mark}\')">'
        f"<script>ran('{mark}')</script><a xlink:href=\"javascript:ran('{mark}')\"><text>ran('{mark}'){HIDDEN}</text></a>"
        f'<image xlink:href="{ELSEWHERE}/{mark}.png"/><foreignObject><body xmlns="http://www.w3.org/1999/xhtml">'
        f'<img src="x" onerror="ran(\'{mark}\')"/></body></foreignObject></svg>'
    )


def _quoted(mark: str) -> str:
    return evil(mark).replace('"', '""')


def _mail() -> bytes:
    """Hostile in its headers, in both bodies, in an attachment's name and in attachments."""
    within = f"From: {SHORT.format('inner-from')} <a@example.com>\nSubject: {SHORT.format('inner')}\nContent-Type: text/html\n\n{_page('inner')}"
    parts = (
        ("text/plain; charset=utf-8", "", evil("eml-text")),
        ("text/html; charset=utf-8", "", _page("eml-html")),
        (
            "image/svg+xml",
            f'Content-Disposition: attachment; filename="{SHORT.format("attached")}.svg"\n',
            _drawing("eml-svg"),
        ),
        ("text/html", 'Content-Disposition: attachment; filename="a.html"\n', _page("eml-attached")),
        ("message/rfc822", "", within),
    )
    body = "".join(f"--b1\nContent-Type: {kind}\n{more}\n{data}\n" for kind, more, data in parts)
    told = (
        f'From: "{SHORT.format("from")}" <ivy@example.com>\nTo: rob@example.com\nSubject: {SHORT.format("subject")}\n'
        f"Reply-To: <javascript:ran('reply')@example.com>\nX-Mailer: {SHORT.format('mailer')}\nList-Unsubscribe: <javascript:ran('list')>\n"
        "Date: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <2@example.com>\nMIME-Version: 1.0\n"
        f"Content-Type: multipart/mixed; boundary=b1\n\n{body}--b1--\n"
    )
    return told.encode()


def _letter() -> bytes:
    """A Word document, hostile in its text, its properties, a comment and a link."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    made = docx.Document()
    run = made.add_paragraph().add_run(evil("docx") + HIDDEN)
    made.add_table(1, 1).rows[0].cells[0].text = evil("docx-cell")
    made.add_comment(run, text=evil("docx-comment"), author=SHORT.format("docx-author"))
    made.core_properties.title = SHORT.format("docx-title")
    made.part.relate_to("javascript:ran('docx-link')", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def _paper() -> bytes:
    """A PDF, hostile in its text, its title and a link."""
    held = io.BytesIO()
    page = Canvas(held)
    page.setTitle(evil("pdf-title"))
    page.setAuthor(SHORT.format("pdf-author"))
    page.drawString(20, 700, evil("pdf"))
    page.linkURL("javascript:ran('pdf-link')", (20, 600, 200, 650))
    page.save()
    return held.getvalue()


def _bundle() -> bytes:
    """An archive whose entries are named to run, and to lie elsewhere."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as bundle:
        bundle.writestr(f"{SHORT.format('zip-name')}.txt", f"in a zip{HIDDEN}")
        bundle.writestr("../../../../tmp/brightline-escaped.txt", "elsewhere")
        bundle.writestr("page.html", _page("zip-html"))
        bundle.writestr("drawing.svg", _drawing("zip-svg"))
        bundle.comment = evil("zip-comment").encode()
    return held.getvalue()
