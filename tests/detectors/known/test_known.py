import hashlib
import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from brightline.core.errors import BankError, DetectorError
from brightline.core.finding import Basis, Span
from brightline.core.harm import Harm
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.known.banks import bank_from_subjects
from brightline.detectors.known.hits import LOOKED_UP_CHARACTERS, passages
from brightline.detectors.known.known import NAME, prepare
from brightline.detectors.known.rows import Row, write_rows
from brightline.settings import BankSetting, Limits, Settings

SHIPPED = Path(find_spec("skimage").origin).parent / "data"
SCAM_EN = (
    "Dear customer, your parcel is held at the depot because a customs fee of $2.99 was not paid. "
    "Please confirm your address and pay within 24 hours, or it will be returned to the sender."
)
SCAM_ZH = "尊敬的客户，您的账户积分即将过期，可兑换现金500元，请立即点击链接登录手机银行办理兑换，逾期作废。"
ORDINARY = (
    "The museum opens at nine on weekdays. The guided tour of the old town starts an hour later at the gate."
)


def subject(data: bytes, kind: Kind, text: str = "", name: str = "item") -> Subject:
    digest = hashlib.sha256(data).hexdigest()
    context = Context(time="2026-11-23T12:00:00Z")
    return Subject(
        digest=digest, size_bytes=len(data), kind=kind, context=context, blob=Blob(data), text=text, name=name
    )


def words(text: str) -> Subject:
    return subject(text.encode(), Kind.TEXT, text)


def photograph(name: str) -> Image.Image:
    return Image.open(SHIPPED / name).convert("RGB")


def picture(image: Image.Image, kind: Kind = Kind.PNG, **options: object) -> Subject:
    stream = io.BytesIO()
    image.save(stream, kind.upper(), **options)
    return subject(stream.getvalue(), kind)


class Desk:
    """Banks made from example subjects, and a detector that looks things up in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.banks: list[BankSetting] = []

    def accuse(self, *examples: Subject, name: str = "accused", only: str = "") -> "Desk":
        return self._add(
            BankSetting(name=name, path=self.folder / f"{name}.jsonl", harm="fraud_ai"), examples, only
        )

    def allow(self, *examples: Subject, name: str = "allowed", only: str = "") -> "Desk":
        return self._add(
            BankSetting(name=name, path=self.folder / f"{name}.jsonl", allow=True), examples, only
        )

    def _add(self, bank: BankSetting, examples: tuple[Subject, ...], only: str) -> "Desk":
        rows: list[Row] = [row for row in bank_from_subjects(examples) if not only or row.type == only]
        assert rows
        write_rows(rows, bank.path)
        self.banks.append(bank)
        return self

    def ask(self, one: Subject) -> dict[str, list]:
        detect = prepare(Settings(home=self.folder / "home", banks=tuple(self.banks)))
        found: dict[str, list] = {"known.match": [], "known.allowed": [], "known.not_compared": []}
        for finding in detect(one):
            assert finding.detector == NAME
            found[finding.claim].append(finding)
        return found

    def methods(self, one: Subject) -> set[str]:
        return {finding.detail("method") for finding in self.ask(one)["known.match"]}


@pytest.fixture
def desk(tmp_path) -> Desk:
    return Desk(tmp_path)


def test_the_same_bytes_are_known_for_certain(desk):
    desk.accuse(words(SCAM_EN), only="sha256")
    (match,) = desk.ask(words(SCAM_EN))["known.match"]
    assert (match.basis, match.probability, match.harm) == (Basis.MATCH, 1.0, Harm.FRAUD_AI)
    assert match.detail("bank") == "accused"
    assert match.detail("distance") == "0"
    assert match.detail("id") == "item"
    assert len(match.detail("bank_digest")) == 64
    assert desk.ask(words(SCAM_EN + " "))["known.match"] == []


def test_without_banks_nothing_is_said():
    assert list(prepare(Settings())(words(SCAM_EN))) == []


@pytest.mark.parametrize(
    "copy",
    [
        lambda image: picture(image, Kind.JPEG, quality=90),
        lambda image: picture(image, Kind.JPEG, quality=20),
        lambda image: picture(image, Kind.WEBP, quality=50),
        lambda image: picture(image, Kind.AVIF, quality=50),
        lambda image: picture(image.resize((image.width // 2, image.height // 2))),
        lambda image: picture(image.resize((image.width * 2, image.height * 2)), Kind.JPEG),
        lambda image: picture(image.filter(ImageFilter.GaussianBlur(1))),
        lambda image: picture(image.convert("L")),
        lambda image: picture(ImageOps.mirror(image)),
        lambda image: picture(ImageEnhance.Contrast(image).enhance(1.3)),
    ],
    ids=[
        "jpeg 90",
        "jpeg 20",
        "webp",
        "avif",
        "half size",
        "double size",
        "blur",
        "grey",
        "mirrored",
        "contrast",
    ],
)
@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png"])
def test_copies_of_a_photograph_are_known_again(desk, name, copy):
    desk.accuse(picture(photograph(name)))
    (match,) = desk.ask(copy(photograph(name)))["known.match"]
    assert match.detail("method") == "pdq"
    assert 0 <= int(match.detail("distance")) <= 31
    assert match.probability < 1.0


def test_other_photographs_are_not_known(desk):
    desk.accuse(picture(photograph("astronaut.png")), picture(photograph("coffee.png")))
    for name in ("chelsea.png", "rocket.jpg", "motorcycle_left.png", "retina.jpg", "ihc.png"):
        assert desk.methods(picture(photograph(name))) == set()


def test_a_flat_or_tiny_picture_is_said_not_to_be_compared(desk):
    desk.accuse(picture(photograph("coffee.png")))
    for image in (Image.new("RGB", (300, 200), "white"), photograph("coffee.png").resize((40, 30))):
        found = desk.ask(picture(image))
        assert found["known.match"] == []
        assert found["known.not_compared"][0].harm is None


def test_a_known_picture_in_an_animation_is_found(desk):
    known = photograph("chelsea.png").resize((300, 200))
    desk.accuse(picture(known), only="pdq")
    others = [photograph(name).resize((300, 200)) for name in ("coffee.png", "rocket.jpg")]
    animation = picture(others[0], Kind.GIF, save_all=True, append_images=[others[1], known], duration=100)
    assert desk.methods(animation) == {"pdq"}


def test_a_broken_picture_is_compared_by_bytes_and_leaves_an_error(desk):
    broken = subject(picture(photograph("coffee.png")).blob.head(20_000), Kind.PNG)
    desk.accuse(broken, picture(photograph("chelsea.png")))
    findings = prepare(Settings(home=desk.folder, banks=tuple(desk.banks)))(broken)
    assert next(iter(findings)).detail("method") == "sha256"
    with pytest.raises(DetectorError, match="cannot be decoded"):
        list(findings)


@pytest.mark.parametrize(
    "copy",
    [
        SCAM_EN.upper(),
        SCAM_EN.replace("parcel", "par\u200bcel").replace(",", ""),
        SCAM_EN.replace("a", "а").replace("o", "о"),
        SCAM_EN.replace("parcel", "package"),
        SCAM_EN.replace("$2.99", "$ 4.50"),
        f"Look what I got today:\n\n{SCAM_EN}\n\nIs this real?",
        SCAM_ZH.replace("，", " "),
        "\u200b".join(SCAM_ZH),
        SCAM_ZH.replace("立即", "尽快"),
        f"大家小心这条短信：\n{SCAM_ZH}\n千万别点。",
    ],
)
def test_texts_are_known_again_however_they_are_dressed(desk, copy):
    desk.accuse(words(SCAM_EN), words(SCAM_ZH), only="text")
    (match,) = desk.ask(words(copy))["known.match"]
    assert match.detail("method") == "text"
    assert match.probability >= 0.9
    (place,) = match.where
    assert isinstance(place, Span)
    assert 0 <= place.start < place.end <= len(copy)


def test_a_quoted_text_is_pointed_at(desk):
    desk.accuse(words(SCAM_ZH), only="text")
    text = f"大家小心这条短信：\n{SCAM_ZH}\n千万别点。"
    (match,) = desk.ask(words(text))["known.match"]
    assert text[match.where[0].start : match.where[0].end] == SCAM_ZH


def test_ordinary_texts_are_not_known(desk):
    desk.accuse(words(SCAM_EN), words(SCAM_ZH))
    assert desk.methods(words(ORDINARY)) == set()
    assert desk.methods(words("今天下午三点在图书馆二楼会议室召开读书分享会，欢迎各位同学参加。")) == set()
    assert desk.methods(words("您好")) == set()
    assert desk.methods(words("")) == set()


def test_a_short_text_is_known_by_the_same_words_only(desk):
    desk.accuse(words("send gift cards now please"), only="text")
    assert desk.methods(words("SEND gift-cards now, please!")) == {"text"}
    assert desk.methods(words("send gift cards now thanks")) == set()


def test_a_near_copy_of_a_file_is_known(desk):
    letter = "\n".join(f"{number}. {SCAM_EN} {ORDINARY[number:]}" for number in range(20))
    desk.accuse(words(letter), only="tlsh")
    changed = letter.replace("1. Dear customer", "1. Dear Sir", 1)
    (match,) = desk.ask(subject(changed.encode(), Kind.TEXT))["known.match"]
    assert match.detail("method") == "tlsh"
    assert 0 < int(match.detail("distance")) <= 50


def test_a_text_beyond_the_limit_keeps_its_matches_and_leaves_an_error(desk):
    desk.accuse(words(SCAM_EN), only="text")
    long = f"{SCAM_EN}\n" + ORDINARY * (LOOKED_UP_CHARACTERS // len(ORDINARY) + 1)
    findings = prepare(Settings(home=desk.folder, banks=tuple(desk.banks)))(words(long))
    assert next(iter(findings)).detail("method") == "text"
    with pytest.raises(DetectorError, match=f"first {LOOKED_UP_CHARACTERS} characters"):
        list(findings)


def test_an_allowed_picture_is_not_accused_by_likeness(desk):
    original = photograph("coffee.png")
    cropped = original.crop((6, 4, original.width - 6, original.height - 4))
    desk.accuse(picture(cropped), only="pdq")
    assert desk.methods(picture(original)) == {"pdq"}
    desk.allow(picture(original), only="pdq")
    found = desk.ask(picture(original, Kind.JPEG, quality=80))
    assert found["known.match"] == []
    (allowed,) = found["known.allowed"]
    assert allowed.harm is None
    assert allowed.detail("bank") == "allowed"


def test_a_picture_nearer_to_the_accused_than_to_the_allowed_is_accused(desk):
    original = photograph("coffee.png")
    cropped = original.crop((6, 4, original.width - 6, original.height - 4))
    desk.accuse(picture(cropped), only="pdq").allow(picture(original), only="pdq")
    assert desk.methods(picture(cropped, Kind.JPEG, quality=80)) == {"pdq"}


def test_allowed_bytes_are_not_accused_by_any_likeness(desk):
    desk.accuse(words(SCAM_EN), only="text")
    warning = words(f"Our bank warns of this message:\n{SCAM_EN}")
    assert desk.methods(warning) == {"text"}
    desk.allow(warning, only="sha256")
    found = desk.ask(warning)
    assert found["known.match"] == []
    assert len(found["known.allowed"]) == 1


@pytest.mark.parametrize("only", ["sha256", "text", "pdq"])
def test_the_same_item_in_both_banks_stays_accused(desk, only):
    one = picture(photograph("coffee.png")) if only == "pdq" else words(SCAM_EN)
    desk.accuse(one, only=only).allow(one, only=only)
    found = desk.ask(one)
    assert len(found["known.match"]) == 1
    assert len(found["known.allowed"]) == 1


def test_allowed_bytes_never_outweigh_accused_bytes(desk):
    desk.accuse(words(SCAM_EN), name="one").allow(words(SCAM_EN))
    methods = desk.methods(words(SCAM_EN))
    assert methods == {"sha256"}


def test_each_accusing_bank_speaks_for_itself(desk):
    desk.accuse(words(SCAM_EN), name="first", only="text").accuse(
        words(SCAM_EN), words(SCAM_ZH), name="second", only="text"
    )
    found = desk.ask(words(SCAM_EN))["known.match"]
    assert {finding.detail("bank") for finding in found} == {"first", "second"}


def test_a_malformed_bank_stops_the_detector_loudly(tmp_path):
    (tmp_path / "bank.csv").write_text("type,value\npdq,zz\n")
    with pytest.raises(BankError, match=r"bank\.csv:2"):
        prepare(
            Settings(home=tmp_path, banks=(BankSetting(name="b", path=tmp_path / "bank.csv", harm="rumour"),))
        )


def test_the_limit_of_pixels_comes_from_the_settings(desk):
    desk.accuse(picture(photograph("coffee.png")), only="pdq")
    detect = prepare(Settings(home=desk.folder, banks=tuple(desk.banks), limits=Limits(pixels=1000)))
    with pytest.raises(DetectorError, match="more than 1000 pixels"):
        list(detect(picture(photograph("coffee.png"))))


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab 字\n\r\t"), max_size=400))
def test_passages_lie_inside_the_text_and_are_distinct(text):
    found = passages(text)
    assert len(set(found)) == len(found)
    assert found[0] == Span(0, len(text))
    assert all(0 <= span.start <= span.end <= len(text) for span in found)


def test_noise_is_not_known(desk):
    desk.accuse(picture(photograph("coffee.png")), only="pdq")
    rng = np.random.default_rng(5)
    for _ in range(5):
        noise = Image.fromarray(rng.integers(0, 255, (90, 90, 3), dtype=np.uint8)).resize((300, 300))
        assert desk.methods(picture(noise)) == set()
