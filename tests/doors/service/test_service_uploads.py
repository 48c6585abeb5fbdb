"""What is handed in to break out or to swell: names that lead elsewhere, archives that never end, mails within mails."""

import io
import os
import struct
import time
import zipfile
import zlib
from pathlib import Path

import httpx
import pytest

from brightline.doors.service.console.layout import STATIC
from brightline.doors.service.serve import open_state
from brightline.review import people
from brightline.review.people import Role
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting
from serving import served

MiB = 1024 * 1024
SWOLLEN = 256 * MiB  # what a bomb would become
SERVING = 128 * MiB  # that the service itself grows by: the bytes as they came, a few times over
WORKER = 420 * MiB  # of a worker at its height: 320 of data beside the code that it maps
SECONDS = 20.0  # for any of them, on a slow machine
UPWARDS = [
    "../../../../escaped.txt", "..\\..\\escaped.txt", "/etc/escaped.txt", "C:\\escaped.txt", "%2e%2e%2fescaped.txt", "a\x00b.txt",
    "\N{FULLWIDTH FULL STOP}\N{FULLWIDTH FULL STOP}/escaped.txt", "~/escaped.txt", "file:///etc/escaped.txt", "con", "", ".", "..", "\u202egnp.exe",
    "x" * 1000, "a\r\nset-cookie: owned=1.txt",
]  # fmt: skip


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    """A service, and a client that may hand in and read."""
    home = tmp_path_factory.mktemp("uploads")
    setting = ServiceSetting(undo_seconds=0.2, requests_per_minute=100_000)
    with open_state(Settings(home=home / "house", jobs=1, service=setting)) as state, served(state) as url:
        token = people.add_token(state.store, "house", "all", tuple(Role))[1]
        head = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=head, timeout=60) as client:
            client.post("/v1/submissions?wait=30", json={"text": "The workers are up."})
            yield client, home


def judged(client, data, name="upload", kind="application/octet-stream"):
    """A submission with its decision."""
    told = client.post(
        "/v1/submissions?wait=30", content=data, headers={"content-type": kind, "x-name": name}
    ).json()
    while told["state"] not in {"done", "dead"}:
        told = client.get(f"/v1/submissions/{told['id']}?wait=30").json()
    return told


# Names and addresses that lead elsewhere


def test_no_name_leads_anywhere(yard):
    """Names are words: nothing is written under them, nothing is sent back under them."""
    client, home = yard
    before = {path for path in home.rglob("*") if "house" not in path.parts}
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        for name in filter(None, UPWARDS):
            archive.writestr(name, f"the words of {name[:50]!r}")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16  # a symbolic link
        archive.writestr(link, str(home / "house" / "service.key"))
    for name in UPWARDS:
        made = client.post("/v1/submissions?wait=30", files={"file": (name or "x", b"tea" + name.encode())})
        assert made.status_code in {200, 202}, (name, made.text)
        assert len(made.json()["name"]) <= 200
        content = client.get(f"/v1/submissions/{made.json()['id']}/content")
        assert content.headers["content-disposition"] == f'attachment; filename="{made.json()["id"]}.bin"'
        assert content.headers["content-type"] == "application/octet-stream"
        assert "set-cookie" not in content.headers
    told = judged(client, bundle.getvalue(), "../bundle.zip")
    assert told["state"] == "done"
    answer = client.get(f"/v1/submissions/{told['id']}/answer").text
    assert "service.key" not in answer or "PRIVATE" not in answer
    assert {path for path in home.rglob("*") if "house" not in path.parts} == before
    assert not list(home.rglob("*escaped*"))
    assert not Path("/etc/escaped.txt").exists()
    assert not Path("/tmp/escaped.txt").exists()


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/%2e%2e/app.py", "/static/....//app.py", "/static//etc/passwd",
     "/static/console.css%00.js", "/static/..%5capp.py", "/static/", "/static/console.py", "/static/templates/base.html",
     "/detectors/..%2f..%2fpyproject", "/detectors/text.invisible%2f..", "/cases/..%2f..%2fetc%2fpasswd", "/ledger/..%2f1",
     "/v1/submissions/..%2fx/content", "/v1/submissions/../../etc/passwd", "/v1/campaigns/x/report.%2e%2e",
     "/v1/ledger/entries/-1", "/v1/ledger/entries/99999999999999999999", "/banks/items?bank=../../house/service.key",
     "/policies/new?from=file:///etc/passwd", "/policies/new?from=shipped:../../../../etc/passwd", "/policies/work?x=../.."],
)  # fmt: skip
def test_no_address_leads_out_of_the_service(yard, path):
    client, _ = yard
    request = client.build_request(
        "GET", str(client.base_url).rstrip("/") + "/x", headers={"accept": "application/json"}
    )
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = client.send(request)
    assert answer.status_code < 500
    assert "root:" not in answer.text
    assert "import " not in answer.text
    if not path.startswith("/policies/"):
        assert answer.status_code in {400, 404, 405, 422}, answer.text[:200]


def test_static_files_are_those_of_a_list(yard):
    client, _ = yard
    for name in STATIC:
        assert client.get(f"/static/{name}").status_code == 200
    assert client.get("/static/layout.py").status_code == 404


# Little that becomes much


def zeros(size):
    """Deflated zeros."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(MiB)) for _ in range(size // MiB)) + packer.flush()


def archive(**files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            with made.open(name.replace("__", "/").replace("_dot_", "."), "w", force_zip64=True) as file:
                for piece in [data] if isinstance(data, bytes) else data:
                    file.write(piece)
    return held.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(side, *chunks, data=b""):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + b"".join(chunks)
        + chunk(b"IDAT", data or zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def within(depth):
    """A mail in a mail, so many times."""
    data = b"From: a@example.com\nSubject: inner\n\ntea\n"
    for _ in range(depth):
        data = b"From: a@example.com\nSubject: outer\nContent-Type: message/rfc822\n\n" + data
    return data


def nested_zips(depth):
    data = archive(inner_dot_txt=[bytes(MiB)] * 32)
    for _ in range(depth):
        data = archive(**{f"level{number}_dot_zip": data for number in range(3)})
    return data


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "hahahahahahahahahaha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 20) for n in range(8))
    + b"]>"
)
TYPES = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
RELATIONS = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
W = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def letter(document):
    return archive(
        **{"[Content_Types]_dot_xml": TYPES, "_rels__.rels": RELATIONS, "word__document_dot_xml": document}
    )


def paper(stream):
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    body += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>endobj "
    return (
        body
        + b"4 0 obj<</Filter/FlateDecode/Length %d>>stream\n" % len(stream)
        + stream
        + b"\nendstream endobj trailer<</Root 1 0 R>>\n%%EOF"
    )


BOMBS = {
    "zeros.zip": lambda: archive(zeros_dot_txt=[bytes(MiB)] * 256),
    "nested.zip": lambda: nested_zips(6),
    "many.zip": lambda: archive(**{f"f{number}_dot_txt": b"" for number in range(30_000)}),
    "zeros.txt.gz": lambda: b"\x1f\x8b\x08\0\0\0\0\0\0\3" + zeros(SWOLLEN)[2:-4] + bytes(8),
    "wide.png": lambda: picture(16_384, data=zeros(SWOLLEN + 16 * MiB)),
    "claimed.png": lambda: picture(2**31 - 1),
    "words.png": lambda: picture(8, chunk(b"zTXt", b"Comment\0\0" + zeros(SWOLLEN)), chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zeros(SWOLLEN))),
    "nested.eml": lambda: within(300),
    "parts.eml": lambda: b"From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\ntea\n" * 50_000 + b"--b--\n",
    "heads.eml": lambda: b"X-A: b\n" * 200_000 + b"\ntea\n",
    "zeros.docx": lambda: letter([b'<w:document xmlns:w="%s"><w:body><w:p><w:r><w:t>' % W, *[b" " * MiB] * 256, b"</w:t></w:r></w:p></w:body></w:document>"]),
    "laughs.docx": lambda: letter(LAUGHS + b'<w:document xmlns:w="%s"><w:body><w:p><w:r><w:t>&i;</w:t></w:r></w:p></w:body></w:document>' % W),
    "laughs.svg": lambda: LAUGHS.replace(b"DOCTYPE l", b"DOCTYPE svg") + b'<svg xmlns="http://www.w3.org/2000/svg"><text>&i;</text></svg>',
    "stream.pdf": lambda: paper(zeros(SWOLLEN)),
    "deep.html": lambda: b"<!doctype html><html><body>" + b"<div>" * 200_000 + b"tea",
    "deep.json": lambda: b"[" * 200_000 + b"1" + b"]" * 200_000,
}  # fmt: skip
TOLD = set(BOMBS) - {
    "deep.html",
    "heads.eml",
    "laughs.svg",
}  # those that cannot be looked at whole, so that a gap says so


def processes():
    """The status files of this process, which serves, and of its workers."""
    mine = os.getpid()
    children = Path(f"/proc/{mine}/task/{mine}/children").read_text().split()
    return Path(f"/proc/{mine}"), [Path(f"/proc/{child}") for child in children]


def memory(process, name):
    """`VmHWM`, the most that it used, or `VmRSS`, what it uses now; bytes."""
    try:
        return int((process / "status").read_text().partition(f"{name}:")[2].split()[0]) * 1024
    except (FileNotFoundError, ProcessLookupError, IndexError):  # it has ended
        return 0


@pytest.mark.parametrize("name", BOMBS)
def test_what_swells_is_bounded_in_time_and_memory_and_told(yard, name):
    client, _ = yard
    data = BOMBS[name]()
    assert len(data) < 20 * MiB
    service, _ = processes()
    (service / "clear_refs").write_text("5")  # its height begins here
    at_first, begun = memory(service, "VmRSS"), time.monotonic()
    told = judged(client, data, name)
    seconds = time.monotonic() - begun
    assert told["state"] == "done"
    assert seconds < SECONDS
    assert memory(service, "VmHWM") - at_first < SERVING
    assert max((memory(worker, "VmHWM") for worker in processes()[1]), default=0) < WORKER
    if name in TOLD:
        assert told["gaps"] > 0
        assert told["action"] != "allow"


def test_after_all_of_them_the_service_judges_on(yard):
    told = judged(yard[0], b"The library opens at nine on Monday, bring your card.")
    assert (told["state"], told["action"], told["gaps"]) == ("done", "allow", 0)


# Mails


MAIL = (
    b"From: Ivy <ivy@example.com>\r\nTo: rob@example.com\r\nSubject: Minutes\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
    b"Message-ID: <7@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
    b"The minutes are attached.\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=minutes.txt\r\n\r\n"
    b"We met at nine.\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    "kind", ["message/rfc822", "message/rfc822; charset=utf-8", "MESSAGE/RFC822", "application/octet-stream"]
)
def test_a_mail_is_taken_as_it_came(yard, kind):
    """As `message/rfc822` or as bytes alike: what it is, the bytes say; its parts are looked at; the same bytes come back."""
    client, _ = yard
    told = judged(client, MAIL, "minutes.eml", kind)
    assert (told["state"], told["kind"], told["name"]) == ("done", "email", "minutes.eml")
    parts = client.get(f"/v1/submissions/{told['id']}/answer").json()
    assert "minutes.txt" in str(parts)
    assert client.get(f"/v1/submissions/{told['id']}/content").content == MAIL


def test_a_mail_in_a_form_is_a_mail(yard):
    client, _ = yard
    made = client.post(
        "/v1/submissions?wait=30", files={"file": ("minutes.eml", MAIL, "message/rfc822")}
    ).json()
    assert made["kind"] == "email"


def test_what_calls_itself_a_mail_and_is_none_is_judged_as_what_it_is(yard):
    client, _ = yard
    assert judged(client, picture(8), "mail.eml", "message/rfc822")["kind"] == "png"
    assert judged(client, b"", "mail.eml", "message/rfc822")["state"] == "done"


# Characters that databases and documents do not take


ODD = [
    "nul \x00 within",
    "\x01\x02\x1f",
    "\ufffe\uffff",
    "\u202e\u2066",
    "𐀀" * 50,
    "'; DROP TABLE people; --",
    "{{7*7}}%s%n${x}",
]


@pytest.mark.parametrize("words", ODD, ids=range(len(ODD)))
def test_no_words_fail_a_form_or_its_document(running, words):
    """On both databases: told and read back, or refused; never a failure of the server, and documents are still made."""
    lead, admin = running.as_("lead"), running.as_("admin")
    now = int(time.time() * 1000)
    named = lead.post("/v1/submissions?wait=30", json={"text": "tea", "name": words})
    assert named.status_code in {200, 202, 422}, named.text
    submission = lead.post("/v1/submissions?wait=30", json={"text": words}).json()
    assert submission["state"] == "done"
    assert lead.post("/v1/submissions", files={"file": (words, b"tea")}).status_code == 202
    assert lead.get("/v1/cases", params={"harm": words[:30]}).status_code in {200, 400}
    assert lead.get("/v1/banks/search", params={"q": words}).status_code in {200, 400}
    forms = [
        (lead, "/v1/complaints", {"what": "other", "said": words, "place": words, "contact": words}),
        (
            lead,
            "/v1/measures",
            {"kind": "item", "deed": "removed", "target": words, "note": words, "ground": words},
        ),
        (lead, "/v1/appeals", {"submission": submission["id"], "reason": words}),
        (admin, "/v1/incidents", {"title": words, "note": words, "duties": ["cn_other"]}),
        (
            admin,
            "/v1/campaigns",
            {"title": words, "about": words, "from_ms": now - 1000, "until_ms": now + 1000},
        ),
        (admin, "/v1/tokens", {"name": words, "roles": ["submitter"]}),
        (
            admin,
            "/v1/people",
            {"login": words, "shown": words, "roles": ["submitter"], "password": "correct horse"},
        ),
        (admin, "/v1/hooks", {"url": "http://127.0.0.1:9/" + words, "events": []}),
        (running.as_("author"), "/v1/policies/drafts", {"source": words, "note": words}),
    ]
    for client, path, body in forms:
        answer = client.post(path, json=body)
        assert answer.status_code in {201, 404, 409, 422}, (path, answer.status_code, answer.text)
        if path in {"/v1/incidents", "/v1/campaigns"} and answer.status_code == 201:
            for form in ("html", "pdf", "docx"):
                made = client.get(f"{path}/{answer.json()['id']}/report.{form}")
                assert made.status_code == 200, (path, form)
