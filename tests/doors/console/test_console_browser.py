"""The console in a real browser: a shift's work by keyboard alone, nothing executed, accessible, a proof verified there."""

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from console_content import EVIL, PASSWORD

from brightline.doors.service.console.layout import PLACES

pytestmark = pytest.mark.browser


class Shift:
    """Somebody at a browser, and what the browser complained of."""

    def __init__(self, console, chromium, who, **looks):
        self.url = console.url
        self.context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"} | looks
        )
        self.page = self.context.new_page()
        self.complaints, self.fetched = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.fetched.append(request.url))
        self.page.goto(f"{self.url}/")
        self.page.wait_for_selector("input:focus")  # the page focuses it a moment after it has loaded
        self.page.keyboard.type(who)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("nav")

    def press(self, keys):
        for key in keys.split():
            self.page.keyboard.press(key)

    def key_that_leads_on(self, key):
        with self.page.expect_navigation():
            self.page.keyboard.press(key)


@pytest.fixture
def shift(console, chromium):
    begun = []

    def begin(who, **looks):
        begun.append(Shift(console, chromium, who, **looks))
        return begun[-1]

    yield begin
    for one in begun:
        one.context.close()
        assert [said for said in one.complaints if "Failed to load resource" not in said] == []
        assert [url for url in one.fetched if not url.startswith((one.url, "data:", "blob:"))] == []


def test_a_shift_of_mixed_cases_is_worked_by_keyboard_alone(console, shift):
    one = shift("rev")
    page = one.page
    one.press("j")
    one.key_that_leads_on("Enter")
    seen = []
    for key, action in (("a", "allow"), ("l", "label"), ("h", "review"), ("b", "block")):
        seen.append((page.url.split("/cases/")[1][:32], action))
        one.key_that_leads_on(key)
        assert page.locator(".toast").inner_text().startswith("Decided:")
    told = console.program("rev").get(f"/v1/cases/{seen[-1][0]}").json()
    assert (told["state"], told["decided"]) == ("decided", "block")
    one.key_that_leads_on("u")  # the last one again
    assert seen[-1][0] in page.url
    assert console.program("rev").get(f"/v1/cases/{seen[-1][0]}").json()["state"] == "open"
    one.press("c")
    page.keyboard.type("asked the uploader b a l")  # letters in a note decide nothing
    one.press("Escape")
    page.get_by_role("button", name=re.compile("^Comment")).focus()
    one.key_that_leads_on("Enter")
    assert "asked the uploader" in page.locator(".events").inner_text()
    one.key_that_leads_on("e")
    assert console.program("rev").get(f"/v1/cases/{seen[-1][0]}").json()["state"] == "escalated"
    one.key_that_leads_on("n")
    assert "/cases/" in page.url
    for case, action in seen[:3]:
        assert console.program("rev").get(f"/v1/cases/{case}").json()["decided"] == action
    page.keyboard.press("Control+k")
    page.keyboard.type("queue")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url == f"{one.url}/queue"
    one.press("?")
    assert page.locator("#help").is_visible()
    one.press("Escape g")
    one.key_that_leads_on("o")
    assert page.url.endswith("/overview")


def test_nothing_that_was_handed_in_is_executed(console, shift):
    one = shift("rev2")
    for name in (f"{EVIL}.txt", "message.eml", "drawing.svg", "page.html", "page.jpg"):
        one.page.goto(f"{one.url}/cases/{console.case(name)}")
        one.page.wait_for_selector("html.scripted")
        assert one.page.title() != "owned"
        assert (
            one.page.evaluate(
                "document.querySelectorAll('main script, main img[onerror], main svg[onload], main iframe').length"
            )
            == 0
        )
        assert one.page.locator("a[href^='javascript']").count() == 0


def test_pictures_are_covered_until_asked_for_and_lie_under_their_heat(console, shift):
    one = shift("rev2")
    one.page.goto(f"{one.url}/cases/{console.case('coffee-cup-altered.jpg')}")
    figure = one.page.locator("figure.picture").first
    assert "blur" in figure.evaluate("node => getComputedStyle(node).filter")
    one.press("r")
    assert figure.evaluate("node => getComputedStyle(node).filter") == "none"
    assert "grayscale" in one.page.locator("figure.picture > img").first.evaluate(
        "node => getComputedStyle(node).filter"
    )
    before = len(one.fetched)
    with one.page.expect_response(lambda answer: answer.url.endswith("/media")) as answer:
        one.press("o")
    assert answer.value.status == 200
    assert [url for url in one.fetched[:before] if url.endswith("/media")] == []  # no byte of it before that


def test_a_film_plays_from_its_guarded_address(console, shift):
    one = shift("rev2")
    one.page.goto(f"{one.url}/cases/{console.case('tone-cut.wav')}")
    player = one.page.locator("audio")
    assert player.evaluate("node => node.muted")
    seconds = player.evaluate(
        "node => new Promise((done) => { node.onloadedmetadata = () => done(node.duration); node.onerror = () => done(-1); node.load(); node.preload = 'metadata'; })"
    )
    assert seconds > 1


def test_a_proof_is_verified_in_the_browser_and_a_wrong_key_is_told(console, shift):
    one = shift("boss")
    one.page.goto(f"{one.url}/ledger/1")
    one.press("v")
    one.page.wait_for_selector("#steps li:nth-child(5)")
    told = one.page.locator("#steps li")
    assert [row.get_attribute("class") for row in told.all()] == ["good"] * 5
    assert "verified: the entry is in the log" in told.last.inner_text()
    proof = console.state.house.ledger.prove(1)
    vkey = console.state.house.ledger.vkey
    broken = one.page.evaluate(
        """async ([proof, vkey, source]) => {
          const { verify } = await import(source);
          const turned = (text, at) => text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
          const lines = proof.split("\\n");
          const marks = [proof.indexOf("extra ") + 60, proof.lastIndexOf(" ") + 30, proof.indexOf(lines[3]) + 4];
          const found = [];
          for (const at of marks) {
            const told = [];
            try { await verify(turned(proof, at), vkey, "1", (held) => told.push(held)); } catch { told.push(false); }
            found.push(told.includes(false));
          }
          const whole = [];
          await verify(proof, vkey, "1", (held) => whole.push(held));
          return [found, whole];
        }""",
        [proof, vkey, f"{one.url}/static/verify.js"],
    )
    assert broken == [[True, True, True], [True] * 4]
    one.page.locator("#key").fill(vkey[:-6] + "AAAAAA")
    one.page.locator("[data-verify]").click()
    one.page.wait_for_selector("#steps li.bad")


@pytest.fixture(scope="module")
def rows(console):
    """Pages of one row each: an appeal, a complaint, an incident, a campaign, a statement; and those without an account."""
    boss, rev = console.program("boss"), console.program("rev")
    submission = console.ids["bank-phishing.eml"]
    now = int(time.time() * 1000)
    made = {
        "appeals": rev.post("/v1/appeals", json={"submission": submission, "reason": "it is ours " * 40}),
        "complaints": rev.post("/v1/complaints", json={"what": "minor", "said": "x" * 300, "submission": submission}),
        "incidents": boss.post(
            "/v1/incidents", json={"title": "Cloned voice", "duties": ["cn_cii", "eu_serious"], "submissions": [submission]}
        ),
        "campaigns": boss.post(
            "/v1/campaigns",
            json={
                "title": "Clear spring", "from_ms": now - 86_400_000, "until_ms": now + 86_400_000,
                "goals": [{"category": "QL26-1.6", "wanted": 3}], "shadow": ["cn/qinglang-2026"], "rules": ["house/default"],
            },
        ),
    }  # fmt: skip
    for answer in made.values():
        assert answer.status_code == 201, answer.text
    campaign = made["campaigns"].json()["id"]
    boss.post(
        f"/v1/campaigns/{campaign}/disposals", json={"kind": "account", "count": 3, "category": "QL26-1.6"}
    )
    rev.post(
        "/v1/measures",
        json={"kind": "site", "deed": "disabled", "target": f"https://example.com/{'x' * 300}"},
    )
    return [
        *(f"/{place}/{answer.json()['id']}" for place, answer in made.items()),
        f"/cases/{console.case('bank-phishing.eml')}/statement", "/queue/clusters", "/appeal", "/appeal/status",
        f"/incidents?submission={submission}", f"/register?submission={submission}", f"/complaints?submission={submission}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scheme", "language", "width"), [("light", "en", 1280), ("dark", "zh", 360), ("dark", "en", 3840)]
)
def test_every_page_is_accessible_and_fits(console, shift, rows, scheme, language, width):
    locale = "zh-CN" if language == "zh" else "en-GB"
    one = shift("boss", color_scheme=scheme, locale=locale, viewport={"width": width, "height": 900})
    cases = [
        console.case(name)
        for name in ("message.eml", "coffee-cup-altered.jpg", "grandson-scam.zh.txt", "waves-cut.mp4")
    ]
    paths = (
        [place.path for place in PLACES]
        + [f"/cases/{case}" for case in cases]
        + ["/ledger/1", "/cases/none", *rows]
    )
    axe, found = Axe(), []
    for path in paths:
        one.page.goto(one.url + path)
        one.page.evaluate("for (const node of document.querySelectorAll('details')) node.open = true")
        assert one.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert one.page.locator("html").get_attribute("data-language") == language
        results = axe.run(one.page).response["violations"]
        found += [
            (
                path,
                rule["id"],
                rule["nodes"][0]["html"][:200],
                rule["nodes"][0].get("failureSummary", "")[:300],
            )
            for rule in results
            if rule["impact"] in {"serious", "critical"}
        ]
    assert found == []


def test_language_and_look_are_switched_and_kept(shift):
    one = shift("aud")
    page = one.page
    with page.expect_navigation():
        page.get_by_role("button", name="中文").click()
    assert page.locator("h1").inner_text() == "待办"
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    with page.expect_navigation():
        page.get_by_role("button", name="深色").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_single_keys_can_be_switched_off(shift):
    one = shift("coded2")
    page = one.page
    page.goto(f"{one.url}/settings")
    page.locator("input[name=shortcuts]").uncheck()
    with page.expect_navigation():
        page.get_by_role("button", name="Keep").click()
    page.keyboard.press("?")
    assert not page.locator("#help").is_visible()
    page.keyboard.press("Control+k")
    assert page.locator("#palette").is_visible()
