"""Heat maps over pictures in the report: seen, named in both languages, switched by button and by key."""

import hashlib
import io
import shutil

import numpy as np
import pytest
from PIL import Image

from brightline.core.decision import Action, Decision
from brightline.core.finding import Basis, Examination, Finding, Heat
from brightline.core.heat_words import heat_words
from brightline.core.subject import Blob, Context, Facts, Kind, Subject
from brightline.core.words import Words
from brightline.doors.places import place_words
from brightline.doors.report.writer import ReportWriter
from brightline.examine.messages import PartPreview
from brightline.line import Job, Judgement
from brightline.media.heat import OPACITY, heat_png
from brightline.media.preview import preview

CHROMIUM = shutil.which("chromium")
CONTEXT = Context(time="2026-11-23T00:00:00Z")
COLUMNS, ROWS = 12, 8


def photograph() -> bytes:
    from skimage import data  # a CC0 photograph

    stream = io.BytesIO()
    Image.fromarray(data.coffee()).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def heat() -> Heat:
    """Hot at the lower right."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    near = np.exp(-((x - 10) ** 2 + (y - 6.5) ** 2) / 6)
    return Heat(COLUMNS, ROWS, (255 * near).astype(np.uint8).tobytes())


def judgement() -> Judgement:
    photo = photograph()
    digest = hashlib.sha256(photo).hexdigest()
    subject = Subject(digest=digest, size_bytes=len(photo), kind=Kind.JPEG, context=CONTEXT, blob=Blob(photo))
    findings = [
        Finding(
            detector=f"image.{name}",
            claim=claim,
            basis=Basis.ESTIMATE,
            probability=0.93,
            why=Words("one place differs from the rest", "有一处与其余部分不同"),
            where=(heat(),),
        )
        for name, claim in (("generated", "synthetic.image"), ("spliced", "manipulated.region"))
    ]
    examination = Examination(
        facts=Facts(digest=digest, size_bytes=len(photo), kind=Kind.JPEG),
        context=CONTEXT,
        findings=tuple(findings),
        gaps=(),
        detectors="0" * 64,
    )
    decision = Decision(
        action=Action.REVIEW, subject=digest, examination="0" * 64, policy="0" * 64, detectors="0" * 64
    )
    return Judgement(
        job=Job(name="cup.jpg", context=CONTEXT),
        examination=examination,
        decision=decision,
        previews=(PartPreview("", preview(subject)),),
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("heat") / "r.html"
    with ReportWriter(path, language="en") as writer:
        writer.add(judgement())
        writer.finish(checkpoint="")
    return path


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; .ci/run installs Debian's")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


def test_a_map_must_have_one_level_a_cell():
    for columns, rows, levels in ((0, 4, b""), (2, 2, b"abc"), (65, 64, bytes(65 * 64))):
        with pytest.raises(ValueError, match="heat map"):
            Heat(columns, rows, levels)


def test_cold_cells_are_clear_and_hot_ones_strong():
    drawn = Image.open(io.BytesIO(heat_png(Heat(2, 1, bytes([0, 255])))))
    assert drawn.size == (2, 1)
    assert drawn.getpixel((0, 0))[3] == 0
    red, green, _, alpha = drawn.getpixel((1, 0))
    assert red > 5 * green
    assert alpha == round(255 * OPACITY)


def test_words_say_where_a_map_is_strongest():
    assert heat_words(heat()) == Words("strongest at the lower right", "右下方最强")
    assert place_words(heat()).zh == "热力图（右下方最强）"
    assert heat_words(Heat(3, 3, bytes(9))).en == "much the same everywhere"
    assert heat_words(Heat(3, 3, bytes([7] * 9))).zh == "各处相近"
    for index, said in enumerate(("upper left", "top", "upper right", "left", "middle", "right")):
        levels = bytearray(9)
        levels[index] = 200
        assert heat_words(Heat(3, 3, bytes(levels))).en.endswith(said)


def test_the_page_carries_each_map_with_its_words(report):
    page = report.read_text("utf-8")
    assert page.count('class="heat"') == 2
    assert 'data-zh="image.generated 热力图：颜色越深，该处越支持此判断；右下方最强。"' in page


@pytest.mark.browser
def test_maps_are_switched_by_button_and_key_and_named_in_both_languages(report, browser):
    page = browser.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(report.as_uri())
    page.locator("article summary").first.click()
    first = page.locator("img.heat").first
    assert page.locator("img.heat:visible").count() == 2
    photo = page.locator("figure.picture > img").first.bounding_box()
    assert first.bounding_box() == photo
    assert first.get_attribute("alt").startswith("Heat map of image.generated")
    page.locator("button[data-heat='0']").focus()
    page.keyboard.press("Space")
    assert page.locator("img.heat:visible").count() == 1
    assert page.locator("button[data-heat='0']").get_attribute("aria-pressed") == "false"
    page.keyboard.press("h")
    assert page.locator("img.heat:visible").count() == 0
    page.keyboard.press("h")
    assert page.locator("img.heat:visible").count() == 2
    page.keyboard.press("l")
    assert first.get_attribute("alt").startswith("image.generated 热力图")
    assert page.locator("button[data-heat='0']").inner_text() == "热力图"
    assert complaints == []
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_lies_under_a_map_stays_visible(report, browser, scheme, tmp_path):
    page = browser.new_page(color_scheme=scheme, viewport={"width": 900, "height": 1100})
    page.goto(report.as_uri())
    page.locator("article summary").first.click()
    figure = page.locator("figure.picture")
    page.locator("button[data-heat='1']").click()
    with_map = np.asarray(Image.open(io.BytesIO(figure.screenshot())).convert("RGB"), dtype=float)
    page.keyboard.press("h")
    without = np.asarray(Image.open(io.BytesIO(figure.screenshot())).convert("RGB"), dtype=float)
    height, width = without.shape[:2]
    quiet, hot = np.s_[: height // 4, : width // 4], np.s_[height * 3 // 4 :, width * 3 // 4 :]
    assert np.abs(with_map[quiet] - without[quiet]).mean() < 1
    assert np.abs(with_map[hot] - without[hot]).mean() > 10
    assert np.corrcoef(with_map[hot].mean(2).ravel(), without[hot].mean(2).ravel())[0, 1] > 0.5
    page.close()
