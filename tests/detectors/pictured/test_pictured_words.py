"""What pictures say goes down the lanes of text, with places in the picture; pictures without words stay cheap."""

import io
import time
from pathlib import Path

import numpy as np
import pytest
from drawn_pictures import poster, qr
from PIL import Image

from brightline.core.finding import Basis, Box
from brightline.core.harm import Harm
from brightline.core.subject import Blob, Context
from brightline.detectors.pictured.codes import CODES_LIMIT, find_codes
from brightline.detectors.pictured.lines import LINES_READ, TILES_LIMIT, read_page
from brightline.detectors.pictured.words import prepare
from brightline.intake.open import open_file, open_subject
from brightline.media import ocr
from brightline.media.image import size
from brightline.settings import BankSetting, Limits, Settings

DRAWN = Path(__file__).parents[2] / "golden" / "pictured"
EXAMPLES = Path(__file__).parents[3] / "examples" / "image"
CONTEXT = Context(time="2026-11-23T00:00:00Z")
LURES = ["chat-lure-en.png", "chat-lure-zh.png", "flyer-lure-en.jpg", "flyer-lure-zh.jpg"]


@pytest.fixture(scope="module")
def detect(tmp_path_factory):
    return prepare(Settings(home=tmp_path_factory.mktemp("home")))


def opened(picture, kind="PNG"):
    stream = io.BytesIO()
    picture.save(stream, kind)
    return open_subject(Blob(stream.getvalue()), name="picture", context=CONTEXT, limits=Limits())


def claims(findings):
    return {finding.claim for finding in findings}


def of(findings, claim):
    return next(finding for finding in findings if finding.claim == claim)


@pytest.mark.parametrize("name", LURES)
def test_a_lure_in_a_picture_is_suspected_where_it_stands(detect, name):
    subject = open_file(DRAWN / name, context=CONTEXT, limits=Limits())
    found = list(detect(subject))
    scam, full = of(found, "text.scam"), size(subject)
    assert scam.harm is Harm.FRAUD_AI
    assert scam.basis is Basis.ESTIMATE
    assert scam.detail("language") == ("zh" if "-zh" in name else "en")
    assert scam.where
    for place in scam.where:
        assert isinstance(place, Box)
        assert 0 <= place.x < place.x + place.width <= full.width
        assert 0 <= place.y < place.y + place.height <= full.height
    assert len(scam.where) == len(scam.detail("contribution").split())


def test_boxes_lie_on_the_bubbles_that_say_it(detect):
    subject = open_file(DRAWN / "chat-lure-en.png", context=CONTEXT, limits=Limits())
    hurry = next(one for one in detect(subject) if one.detail("tactic") == "urgency")
    assert all(
        box.x + box.width / 2 < size(subject).width / 2 for box in hurry.where
    )  # the other person's side


@pytest.mark.parametrize("name", ["chat-honest-en.png", "chat-honest-zh.png"])
def test_honest_chats_are_read_and_not_suspected(detect, name):
    found = list(detect(open_file(DRAWN / name, context=CONTEXT, limits=Limits())))
    assert int(of(found, "picture.text").detail("lines")) >= 3
    assert "text.scam" not in claims(found)


def test_a_code_that_leads_to_a_lookalike_is_told_with_its_place(detect):
    found = list(detect(opened(poster("https://www.paypa1-login.example/verify", turned=12))))
    code, link = of(found, "picture.code"), of(found, "link.imitates_brand")
    assert code.basis is Basis.PROOF
    assert code.detail("host") == "www.paypa1-login.example"
    assert link.detail("brand") == "PayPal"
    assert link.probability > 0.5
    assert link.where == code.where


def test_an_honest_code_accuses_nobody(detect):
    found = list(detect(opened(poster("https://www.library.example/opening-hours"))))
    assert claims(found) == {"picture.code"}
    assert all(finding.harm is None for finding in found)


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("WIFI:T:WPA;S:Example;P:secret;;", "wifi"),
        ("tel:+440000000", "tel"),
        ("Table 12", "text"),
        ("https://a.example/", "link"),
    ],
)
def test_codes_say_what_they_lead_to(detect, text, leads):
    assert of(list(detect(opened(qr(text)))), "picture.code").detail("leads") == leads


def test_an_address_read_from_letters_is_only_a_guess(detect):
    """The reader may take l for 1 itself, which is what imitators do."""
    found = list(detect(open_file(DRAWN / "notice-link.png", context=CONTEXT, limits=Limits())))
    link = of(found, "link.imitates_brand")
    assert link.basis is Basis.ESTIMATE
    assert link.probability == 0.5


def test_a_photograph_without_words_says_nothing_and_is_quick(detect):
    subject = open_file(EXAMPLES / "cat.jpg", context=CONTEXT, limits=Limits())
    list(detect(subject))  # the networks are loaded
    ocr.forget()
    began = time.process_time()
    assert list(detect(subject)) == []
    assert time.process_time() - began < 0.4  # 0.06 s on a quiet core


def test_the_pass_that_other_detectors_made_is_not_made_again(detect):
    subject = open_file(EXAMPLES / "cat.jpg", context=CONTEXT, limits=Limits())
    list(detect(subject))
    before = dict(ocr._recent)
    list(detect(subject))
    assert dict(ocr._recent) == before


def test_the_same_picture_is_told_in_the_same_words(detect):
    subject = open_file(DRAWN / "flyer-lure-zh.jpg", context=CONTEXT, limits=Limits())
    first = list(detect(subject))
    ocr.forget()
    assert list(detect(subject)) == first


def test_a_wall_of_words_and_codes_is_bounded():
    wall = np.full((3000, 3000, 3), 255, np.uint8)
    code = np.asarray(qr("https://a.example/", scale=4))
    for number in range(16):
        y, x = 50 + 700 * (number // 4), 50 + 700 * (number % 4)
        wall[y : y + code.shape[0], x : x + code.shape[1]] = code
    assert len(find_codes(wall)) <= CODES_LIMIT
    lined = np.asarray(Image.open(DRAWN / "chat-lure-en.png").convert("RGB"))[:700]
    page = read_page(np.concatenate([lined] * 8), lambda: pytest.fail("large letters need no sharper copy"))
    assert len(page.lines) <= LINES_READ
    assert page.found > LINES_READ
    assert TILES_LIMIT >= 8


def test_small_letters_are_read_on_a_sharper_copy():
    sharp = np.asarray(Image.open(DRAWN / "chat-lure-en.png").convert("RGB"))
    small = np.asarray(Image.fromarray(sharp).resize((sharp.shape[1] // 4, sharp.shape[0] // 4)))
    asked = []
    page = read_page(small, lambda: asked.append(1) or sharp)
    assert asked
    assert page.width == sharp.shape[1]
    assert "transfer" in " ".join(line.text for line in page.lines)


@pytest.mark.parametrize("side", [(1, 1), (23, 400), (24, 24), (8000, 24)])
def test_tiny_and_thin_pictures_are_no_trouble(detect, side):
    assert list(detect(opened(Image.new("RGB", side, "#336699")))) == []


def test_a_bank_of_accounts_is_asked_about_pictures_too(tmp_path):
    """The account stands in a code: letters of a picture may be misread, and then its checksum fails."""
    from brightline.detectors.message.fraud_entities import find_entities

    wallet = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
    known = next(iter(find_entities(f"pay to {wallet}"))).fingerprint.hex()
    (tmp_path / "bank.csv").write_text(f"type,value,id\nsha256,{known},one\n")
    settings = Settings(
        home=tmp_path, banks=(BankSetting(name="wallets", path=tmp_path / "bank.csv", harm="fraud_ai"),)
    )
    found = list(prepare(settings)(opened(qr(f"bitcoin:{wallet}"))))
    assert of(found, "entity.known").basis is Basis.MATCH
    assert of(found, "entity.known").where == of(found, "picture.code").where
