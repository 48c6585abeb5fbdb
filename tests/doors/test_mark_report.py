"""The report of marks in a real browser: both languages, dark mode, nothing executed, nothing fetched."""

import shutil

import pytest

from brightline.core.preview import Excerpt, Preview
from brightline.core.words import Words
from brightline.doors.mark_answer import Ending, LayerAnswer, MarkAnswer
from brightline.doors.report.mark_writer import MARKED_LISTED, MarkReportWriter
from brightline.marking.found import FoundMark, Layer

CHROMIUM = shutil.which("chromium")
EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def answer(name, ending=Ending.MARKED, **changes):
    mark = FoundMark(layer=Layer.IMPLICIT, name=EVIL, place="png:tEXt:AIGC")
    written = LayerAnswer(layer=Layer.IMPLICIT, words=Words("implicit mark `1`", "隐式标识"))
    return MarkAnswer(name=name, ending=ending, kind="png", written=(written,), marks=(mark,), **changes)


@pytest.fixture
def report(tmp_path):
    shown = Preview(excerpts=(Excerpt(0, EVIL),), characters=len(EVIL))
    with MarkReportWriter(tmp_path / "r.html", language="en") as writer:
        writer.add(answer("a.png"), shown, shown)
        writer.add(answer(EVIL, Ending.REFUSED, error=f"refused `{EVIL}`"), None, None)
        writer.add(answer("c.png", complete=False), None, shown)
        writer.finish()
    return tmp_path / "r.html"


def test_what_files_say_is_escaped_and_refusals_come_first(report):
    page = report.read_text("utf-8")
    assert EVIL not in page
    ranks = [page.index(f'<article class="{one}"') for one in ("block", "review", "allow")]
    assert ranks == sorted(ranks)
    for outside in ('src="http', 'href="http', "url(http", "@import"):
        assert outside not in page


def test_very_many_files_are_counted_and_not_all_listed(tmp_path):
    with MarkReportWriter(tmp_path / "r.html", language="zh") as writer:
        for number in range(MARKED_LISTED + 3):
            writer.add(answer(f"{number}.png"), None, None)
        writer.finish()
    page = (tmp_path / "r.html").read_text("utf-8")
    assert page.count("<article") == MARKED_LISTED
    assert "另有 3 个文件仅计数" in page


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_people_can_read_it_in_both_languages_and_schemes(report, scheme):
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; .ci/run installs Debian's")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(color_scheme=scheme)
        complaints, fetched = [], []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: fetched.append(request.url))
        page.goto(report.as_uri())
        assert page.title() == "Brightline: marks"
        page.click("article.allow summary")
        assert page.locator("article.allow .inside").is_visible()
        page.click("#language")
        assert page.locator("h1").inner_text() == "Brightline 标识报告"
        page.fill("#search", "c.png")
        assert page.locator("article:visible").count() == 1
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(20, 23, 27)") is (scheme == "dark")
        browser.close()
    assert complaints == []
    assert [url for url in fetched if not url.startswith(("file:", "data:"))] == []
