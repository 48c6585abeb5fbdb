"""A whole shift in a real browser by keyboard alone: twenty mixed cases, one undone, one appealed, a campaign, a proof."""

import io

import docx
import pypdfium2
import pytest
from console_content import EXAMPLES, HIDDEN, MAIL, PAGE, SVG, tone
from console_service import opened
from test_console_browser import Shift

from brightline.review.people import Role
from brightline.settings_service import ServiceSetting

pytestmark = pytest.mark.browser

ROLES = {
    "sub": (Role.SUBMITTER,), "rev": (Role.REVIEWER,), "rev2": (Role.REVIEWER,), "boss": (Role.LEAD, Role.ADMIN),
}  # fmt: skip
CASES = 20
KEYS = (("b", "block"), ("l", "label"), ("h", "review"), ("a", "allow"))
KINDS = {
    "text", "markdown", "html", "email", "chat", "feed", "pdf", "zip", "png", "webp", "jpeg", "mp4", "wav",
}  # fmt: skip
UNDONE = 4  # which decision is taken back
TABS_MOST = 120  # to any field of a page


def mixed():
    """Names and bytes of a shift: pictures, films, sounds, texts, mails, chats, documents."""
    yield "message.eml", MAIL.encode()
    yield "drawing.svg", SVG.encode()
    yield "page.html", PAGE.encode()
    for path in (
        "text/hidden-instructions.md", "text/reordered-code.txt", "mail/bank-phishing.eml", "mail/boss-transfer.zh.eml",
        "image/cut-short.png", "image/drawing-bad-mark.webp", "image/coffee-cup-altered.jpg", "chat/grandson-scam.zh.txt",
        "chat/stock-group.zh.txt", "chat/investment-friend.en.json", "document/forwarded.zip", "feed/sms.zh.csv",
    ):  # fmt: skip
        yield path.partition("/")[2], (EXAMPLES / path).read_bytes()
    yield "invoice-cut.pdf", (EXAMPLES / "document/invoice.pdf").read_bytes()[:-400]
    yield "waves-cut.mp4", (EXAMPLES / "video/waves.mp4").read_bytes()[:-3000]
    yield "tone-cut.wav", tone()[:-20_000]
    for number in range(3):
        yield f"note-{number}.txt", f"Note {number}: see you at noon.{HIDDEN}".encode()


@pytest.fixture
def floor(tmp_path):
    """A console of its own, so that what others decide does not matter."""
    setting = ServiceSetting(undo_seconds=5, requests_per_minute=100_000)
    with opened(tmp_path, setting, ROLES, mixed()) as made:
        yield made


def tab_to(page, selector):
    """Press Tab until the focus is there."""
    for _ in range(TABS_MOST):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never led to {selector}")


def key(page, name):
    """Press a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(name)


def to(page, place):
    """Go to a page of the navigation by its key."""
    page.keyboard.press("g")
    key(page, place)


def test_a_shift_of_twenty_mixed_cases_an_appeal_a_campaign_and_a_proof_by_keyboard_alone(floor, chromium):
    begun = [Shift(floor, chromium, who) for who in ("rev", "rev2", "boss")]
    rev, rev2, boss = (one.page for one in begun)
    decided, kinds = work_through(rev)
    assert kinds >= KINDS
    known = {one["id"]: one for one in floor.program("rev").get("/v1/cases?count=200&state=decided").json()}
    known |= {one["id"]: one for one in floor.program("rev").get("/v1/cases?count=200&state=closed").json()}
    assert {case: known[case]["decided"] for case in decided} == decided
    blocked = next(case for case, action in decided.items() if action == "block")
    appeal_of(rev, rev2, boss.context.browser, floor.url, blocked)
    campaign(boss)
    to(boss, "l")
    boss.keyboard.press("j")
    key(boss, "Enter")
    boss.keyboard.press("v")
    boss.wait_for_selector("#steps li:nth-child(5)")
    assert {row.get_attribute("class") for row in boss.locator("#steps li").all()} == {"good"}
    for one in begun:
        one.context.close()
        assert [said for said in one.complaints if "Failed to load resource" not in said] == []
        assert [url for url in one.fetched if not url.startswith((floor.url, "data:", "blob:"))] == []


def work_through(page):
    """Decide twenty cases, one of them twice; gives what was decided of each, and the kinds that were met."""
    page.keyboard.press("j")
    key(page, "Enter")
    decided, kinds = {}, set()
    for number in range(CASES):
        case = page.url.split("/cases/")[1][:32]
        assert case not in decided
        kinds.add(page.locator(".head .tag").first.inner_text())
        name, action = KEYS[number % len(KEYS)]
        key(page, name)
        assert page.locator(".toast").inner_text().startswith("Decided:")
        if number == UNDONE:
            key(page, "u")
            assert case in page.url
            name, action = KEYS[0]
            key(page, name)
        decided[case] = action
    return decided, kinds


def appeal_of(rev, rev2, browser, url, case):
    """Fetch the code of a blocked case's notice, appeal with it without an account, uphold, and read the outcome."""
    rev.goto(f"{url}/cases/{case}")
    while (
        "recorded in the ledger" not in rev.locator(".events").inner_text()
    ):  # when the undo window has closed
        rev.wait_for_timeout(200)
        rev.reload()
    key(rev, "s")
    key(rev, "c")
    code = rev.locator("strong.mono").inner_text()
    outside = browser.new_context(locale="zh-CN")
    page = outside.new_page()
    page.goto(f"{url}/appeal")
    tab_to(page, "#code")
    page.keyboard.type(code)
    page.keyboard.press("Tab")
    page.keyboard.type("这是我们自己的水印。")
    page.keyboard.press("Tab")
    key(page, "Enter")
    to(rev2, "a")
    rev2.keyboard.press("j")
    key(rev2, "Enter")
    key(rev2, "y")
    assert "upheld" in rev2.locator(".head").inner_text()
    page.goto(f"{url}/appeal/status")
    tab_to(page, "#code")
    page.keyboard.type(code)
    key(page, "Enter")
    assert "撤销原决定" in page.locator(".notice").inner_text()
    outside.close()


def campaign(page):
    """Begin a campaign with a goal and a pack in shadow, try it, and take its report along."""
    to(page, "n")
    page.keyboard.press("w")
    page.keyboard.type("Clear spring")
    tab_to(page, "[name='goal.QL26-1.6']")
    page.keyboard.type("5")
    tab_to(page, "[name=shadow]")
    page.keyboard.press("Space")
    tab_to(page, "main button.main")
    key(page, "Enter")
    assert int(page.locator(".number strong").first.inner_text()) >= CASES
    assert page.locator("figure.days rect").count() > 0
    assert page.locator(".tall tbody tr").count() == 1
    key(page, "s")
    assert "would be stricter" in page.locator("[role=status]").inner_text()
    with page.expect_download() as pdf:
        page.keyboard.press("d")
    with pypdfium2.PdfDocument(pdf.value.path()) as document:
        text = "".join(one.get_textpage().get_text_bounded() for one in document)
    assert "Clear spring" in text
    assert "QL26-1.6" in text
    with page.expect_download() as written:
        page.keyboard.press("w")
    told = docx.Document(io.BytesIO(written.value.path().read_bytes()))
    assert told.paragraphs[0].text == "Clear spring"
