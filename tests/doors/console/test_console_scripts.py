"""No script of what others hand in or write runs in the browser of who looks at it: every kind of content, every page.

Each page is opened twice: as it is served, where not even an attempt may meet the content security policy; and in a browser that
ignores that policy, so that the escaping has to hold by itself. A page of our own with the same words shows that each would be seen.
"""

import contextlib
import re
from functools import partial

import httpx
import pytest
from console_content import PASSWORD
from console_service import opened
from fastapi.routing import APIRoute
from hostile_content import ELSEWHERE, SHORT, evil, hostile

from brightline.detectors.known.rows import HashType, Row, write_rows
from brightline.doors.service.console.app import ROUTERS
from brightline.review.people import Role
from brightline.review.store import now_ms
from brightline.settings import BankSetting, Settings
from brightline.settings_service import ServiceSetting

pytestmark = pytest.mark.browser

HELD = """\
pack: house/held
version: 1
title: {en: Held, zh: 暂留}
jurisdiction: HOUSE
about: {en: Everything is looked at., zh: 全部复核。}
rules:
  - id: all
    when: subject.name != 'never.bin'
    action: review
    severity: low
    grounds: [{law: House rules, article: all, standing: house, as_of: 2026-11-24}]
    message: {en: Everything is looked at., zh: 全部复核。}
    cases:
      - {name: it, subject: {kind: text, name: a.txt}, expect: {matches: true, action: review}}
      - {name: other, subject: {kind: text, name: never.bin}, expect: {matches: false, action: allow}}
"""
WATCH = """
addEventListener("securitypolicyviolation", (event) => violated(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
ROLES = {"all": tuple(Role), "sub": (Role.SUBMITTER,), "rev": (Role.REVIEWER,), "judge": (Role.REVIEWER,)}
# What each file's page shows of it, as words: were one missing, its page would prove nothing.
SHOWN = {
    "txt", "md", "html", "svg", "csv", "chat", "chat-who", "json", "json-key", "docx", "docx-cell", "pdf", "subject", "from", "eml-html",
    "attached", "inner", "zip-name", "zip-html", "exif-mark", "xmp-mark", "xmp", "mp4", "docx-comment", "pdf-link", "name", "path",
}  # fmt: skip


class Watch:
    """A browser of somebody with every role, and everything that a script of others could do in it."""

    def __init__(self, url, chromium, login, *, csp):
        self.url, self.ran, self.violations, self.dialogs, self.errors, self.fetched, self.marks = (
            url,
            [],
            [],
            [],
            [],
            [],
            set(),
        )
        self.context = chromium.new_context(
            bypass_csp=not csp, locale="en-GB", viewport={"width": 1280, "height": 900}
        )
        self.context.expose_binding(
            "ran", lambda source, mark: self.ran.append(f"{mark} on {source['page'].url}")
        )
        self.context.expose_binding(
            "violated", lambda source, what: self.violations.append(f"{what} on {source['page'].url}")
        )
        self.context.add_init_script(WATCH)
        self.context.on("request", lambda request: self.fetched.append(request.url))
        self.context.route(re.compile("^https://elsewhere"), lambda route: route.abort())
        self.page = self.context.new_page()
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        if login:
            self.page.goto(f"{url}/sign-in")
            self.page.fill("#login", login)
            self.page.fill("#password", PASSWORD)
            self.page.press("#password", "Enter")
            self.page.wait_for_selector("nav")

    def look(self, path):
        """Open a page, reveal and unfold all that it has."""
        with contextlib.suppress(Exception):  # a download is no page
            self.page.goto(f"{self.url}{path}")
        self.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        if path.startswith("/cases/"):
            for key in ("r", "o"):  # uncover it, and fetch the original
                self.page.keyboard.press(key)
        self.marks |= set(
            re.findall(r"ran\('([\w-]+)'\)", self.page.evaluate("document.documentElement.outerHTML"))
        )

    def end(self):
        """Everything that was noticed."""
        self.page.wait_for_timeout(200)
        self.context.close()
        away = [url for url in self.fetched if not url.startswith((self.url, "data:", "blob:"))]
        return {
            "ran": self.ran, "violations": self.violations, "dialogs": self.dialogs, "errors": self.errors, "away": away,
        }  # fmt: skip


NOTHING = {"ran": [], "violations": [], "dialogs": [], "errors": [], "away": []}


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    """A console over everything hostile, all of it held for people."""
    home = tmp_path_factory.mktemp("scripts")
    pack = home / "held.yaml"
    pack.write_text(HELD)
    setting = ServiceSetting(undo_seconds=0.2, requests_per_minute=100_000)
    rows = [Row(type=HashType.TEXT, value=evil("bank") * 2, id=SHORT.format("bank"))]
    write_rows(rows, home / "frauds.jsonl")
    bank = BankSetting(name="frauds", path=home / "frauds.jsonl", harm="fraud_ai")
    house = Settings(jobs=1, policies=(*Settings().policies, str(pack)), banks=(bank,))
    with opened(home, setting, ROLES, hostile(), house=house) as made:
        yield made


def sent(client, path, **body):
    answer = client.post(path, json=body)
    assert answer.status_code in {200, 201}, (path, answer.text)
    return answer.json()


@pytest.fixture(scope="module")
def rows(yard):
    """One row of each kind that people write, all words hostile; the ids by what paths call them."""
    client, words, short = yard.program("all"), evil("row"), SHORT.format("row")
    submission, case = yard.ids["words.txt"], yard.case("words.txt")
    sent(client, f"/v1/cases/{case}/comment", note=words)
    sent(client, f"/v1/cases/{case}/escalate", note=words)
    sent(client, f"/v1/cases/{case}/decide", action="block", note=words, reason="impersonation_face")
    appeal = sent(client, "/v1/appeals", submission=submission, reason=words)
    sent(
        yard.program("judge"),
        f"/v1/appeals/{appeal['id']}/decide",
        outcome="upheld",
        notice=words,
        notice_zh=words,
    )
    again = sent(client, "/v1/appeals", submission=yard.ids["mail.eml"], reason=words)
    complaint = sent(
        client, "/v1/complaints", what="other", said=words, place=words, contact=short, submission=submission
    )
    sent(
        client,
        "/v1/measures",
        kind="item",
        deed="removed",
        target=words[:300],
        note=words,
        ground=short,
        complaint=complaint["id"],
    )
    incident = sent(
        client, "/v1/incidents", title=short, note=words, duties=["cn_other"], submissions=[submission]
    )
    sent(
        client,
        f"/v1/incidents/{incident['id']}/clocks/cn_other/report",
        authority=short,
        reference=short,
        said=words,
    )
    at = now_ms()
    campaign = sent(
        client, "/v1/campaigns", title=short, about=words, from_ms=at - 86_400_000, until_ms=at + 86_400_000,
        goals=[{"category": "QL26-1.6", "wanted": 1}],
    )  # fmt: skip
    sent(
        client,
        f"/v1/campaigns/{campaign['id']}/disposals",
        kind="item",
        count=1,
        category="QL26-1.6",
        note=words[:900],
    )
    sent(client, "/v1/tokens", name=short, roles=["submitter"])
    sent(client, "/v1/people", login="evil", shown=short, roles=["reviewer"], password=PASSWORD)
    sent(client, "/v1/hooks", url=f"http://127.0.0.1:9/{short}", events=[])
    draft = sent(
        client,
        "/v1/policies/drafts",
        source=HELD.replace("Held", short).replace("house/held", "house/evil"),
        note=words[:200],
    )
    shadow = sent(client, f"/v1/policies/drafts/{draft['id']}/shadow")
    promotion = sent(client, f"/v1/policies/drafts/{draft['id']}/propose", reason=words)
    change = sent(
        client,
        "/v1/banks/changes",
        deed="add",
        bank="frauds",
        item=short,
        reason=words,
        submission=submission,
    )
    return {
        "case": case, "submission": submission, "appeal": again["id"], "complaint": complaint["id"], "incident": incident["id"],
        "campaign": campaign["id"], "draft": draft["id"], "shadow": shadow["id"], "promotion": promotion["id"], "change": change["id"], "index": "1", "code": appeal["code"],
    }  # fmt: skip


def planted(page, headers, route):
    route.fulfill(body=page, headers=headers)


def test_each_way_in_which_a_script_could_run_would_have_been_seen(yard, chromium):
    """The same words in a page that does not escape them: without our policy they run and fetch, with it they are stopped and told of."""
    policy = httpx.get(f"{yard.url}/healthz").headers["content-security-policy"]
    told = {}
    for csp in ("", policy):
        watch = Watch(yard.url, chromium, "", csp=True)
        page = f"<!doctype html><body>{evil('planted').replace('<base', '<i').replace('<meta', '<i')}<script>alert('planted'); throw new Error('planted')</script>"
        headers = {"content-type": "text/html"} | ({"content-security-policy": csp} if csp else {})
        watch.context.route(f"{yard.url}/planted", partial(planted, page, headers))
        watch.page.goto(f"{yard.url}/planted", wait_until="load")
        told[bool(csp)] = watch.end()
    bare, guarded = told[False], told[True]
    assert len(bare["ran"]) >= 3  # a script, a picture, a drawing at least
    assert bare["dialogs"] == bare["errors"] == ["planted"]
    assert any(url.startswith(ELSEWHERE) for url in bare["away"])
    assert bare["violations"] == []
    assert guarded["ran"] == guarded["dialogs"] == []
    assert {what.split()[0] for what in guarded["violations"]} >= {
        "script-src-elem",
        "script-src-attr",
        "img-src",
        "style-src-elem",
    }


def pages(rows):
    """Every page of the router; once plainly, and once with hostile words in each field of its address."""
    for router in ROUTERS:
        for route in router.routes:
            if (
                not isinstance(route, APIRoute)
                or "GET" not in route.methods
                or route.path.startswith("/static")
            ):
                continue
            path = re.sub(r"\{(\w+)\}", lambda found: rows.get(found[1], "none"), route.path)
            yield path
            asked = {field.alias: evil("asked")[:190] for field in route.dependant.query_params}
            yield f"{path}?{httpx.QueryParams(asked)}"
    yield from (
        f"/banks/items?bank=frauds&find={SHORT.format('asked')}",
        "/banks/items?bank=frauds",
        f"/cases/{SHORT.format('odd')}",
        f"/{SHORT.format('odd')}",
        "/sign-in?next=javascript:ran('next')",
    )


@pytest.mark.parametrize("csp", [True, False], ids=["as it is served", "without a policy"])
def test_words_that_run_elsewhere_run_on_no_page_of_the_console(yard, rows, chromium, csp):
    watch = Watch(yard.url, chromium, "all", csp=csp)
    found = list(pages(rows))
    assert len(found) > 60
    for path in found:
        watch.look(path)
    watch.look("/appeal/status")
    watch.page.fill("#code", rows["code"])
    with watch.page.expect_navigation():
        watch.page.press("#code", "Enter")
    assert "ran('row')" in watch.page.content()  # the notice, as its author reads it
    watch.page.goto(f"{yard.url}/queue")
    watch.page.keyboard.press("Control+k")
    watch.page.keyboard.type("ran")
    assert watch.end() == NOTHING
    assert {"row", "asked"} <= watch.marks


@pytest.mark.parametrize("csp", [True, False], ids=["as it is served", "without a policy"])
def test_nothing_of_any_kind_runs_on_its_page_nor_where_its_bytes_are(yard, chromium, csp):
    watch = Watch(yard.url, chromium, "all", csp=csp)
    for name, submission in yard.ids.items():
        case = yard.case(name)
        where = [f"/cases/{case}", f"/cases/{case}/media"]
        if csp:
            where += [f"/v1/submissions/{submission}/{what}" for what in ("answer", "content")]
        for path in where:
            watch.look(path)
    assert watch.end() == NOTHING
    missing = SHOWN - watch.marks
    assert missing == set()
