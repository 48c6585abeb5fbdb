import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mediaparts import scene
from PIL import Image, ImageOps

from brightline.core.errors import DetectorError
from brightline.media.fingerprint import (
    is_tlsh,
    pdq,
    pdq_dihedral,
    similarity,
    text_print,
    text_tokens,
    tlsh_distance,
    tlsh_of,
)

SCAM_EN = (
    "Dear customer, your parcel is held at the depot because a customs fee of $2.99 was not paid. "
    "Please confirm your address and pay within 24 hours, or it will be returned to the sender."
)
SCAM_ZH = "尊敬的客户，您的账户积分即将过期，可兑换现金500元，请立即点击链接登录手机银行办理兑换，逾期作废。"
LOOKALIKES = str.maketrans("aeopcx", "аеорсх")


def bits_apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def alike(one: str, other: str) -> float:
    return float(similarity(text_print(one).signature, text_print(other).signature[None, :])[0])


@pytest.mark.parametrize("seed", range(4))
def test_copies_of_a_picture_keep_its_pdq_and_strangers_do_not(seed):
    original = scene(640, 480, seed)
    known = pdq(np.asarray(original))
    assert known.quality >= 50
    for copy in (original.resize((320, 240)), original.resize((900, 700)), ImageOps.autocontrast(original)):
        assert bits_apart(pdq(np.asarray(copy)).bits, known.bits) <= 31
    assert bits_apart(pdq(np.asarray(scene(640, 480, seed + 50))).bits, known.bits) > 60


def test_mirrored_and_turned_copies_are_among_the_forms():
    original = scene(640, 480)
    known = pdq(np.asarray(original)).bits
    mirrored = pdq_dihedral(np.asarray(ImageOps.mirror(original)))
    assert bits_apart(mirrored[5].bits, known) == 0
    for angle in (90, 180, 270):
        turned = pdq_dihedral(np.asarray(original.rotate(angle, expand=True)))
        assert min(bits_apart(form.bits, known) for form in turned) <= 31


def test_a_flat_picture_has_no_quality_and_a_tiny_one_no_hash():
    assert pdq(np.full((100, 100, 3), 7, dtype=np.uint8)).quality < 50
    with pytest.raises(DetectorError, match="63 x 200"):
        pdq(np.asarray(Image.new("RGB", (63, 200))))


def test_tlsh_needs_bytes_and_variety():
    assert tlsh_of([b"short"]) == ""
    assert tlsh_of([b"\0" * 10_000]) == ""
    text = SCAM_EN.encode() * 2
    whole = tlsh_of([text])
    assert is_tlsh(whole)
    assert tlsh_of([text[:100], text[100:]]) == whole
    assert tlsh_distance(whole, tlsh_of([text.replace(b"parcel", b"packet")])) < 50


@pytest.mark.parametrize(
    "copy",
    [
        SCAM_EN.upper(),
        SCAM_EN.replace(" ", "  \n"),
        SCAM_EN.replace(" ", " "),
        SCAM_EN.replace("customer", "cus\u200btom\u00ader"),
        SCAM_EN.replace(",", " !!! ").replace(".", ";"),
        SCAM_EN.translate(LOOKALIKES),
        SCAM_EN.replace("2 99", "7.49").replace("24 hours", "48 hours"),
        "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in SCAM_EN),
        SCAM_EN.replace("e", "e\u0301"),
    ],
    ids=[
        "case",
        "line breaks",
        "no-break spaces",
        "invisible",
        "punctuation",
        "look-alikes",
        "numbers",
        "full width",
        "accents",
    ],
)
def test_what_a_copyist_varies_unseen_does_not_count_in_english(copy):
    assert text_print(copy).normal == text_print(SCAM_EN).normal


@pytest.mark.parametrize(
    "copy",
    [
        SCAM_ZH.replace("，", ",").replace("。", ""),
        " ".join(SCAM_ZH),
        "\u200b".join(SCAM_ZH),
        SCAM_ZH.replace("500", "888"),
        SCAM_ZH.replace("，", "\n\n"),
        SCAM_ZH.replace("500", "５００"),
    ],
    ids=["punctuation", "spaces", "invisible", "numbers", "line breaks", "full width"],
)
def test_what_a_copyist_varies_unseen_does_not_count_in_chinese(copy):
    assert text_print(copy).normal == text_print(SCAM_ZH).normal


def test_reworded_texts_stay_near_and_strangers_do_not():
    assert alike(SCAM_EN, SCAM_EN.replace("parcel", "package")) >= 0.7
    assert alike(SCAM_ZH, SCAM_ZH.replace("立即", "尽快")) >= 0.7
    assert (
        alike(SCAM_EN, "The museum opens at nine and the guided tour of the old town starts an hour later.")
        < 0.1
    )
    assert alike(SCAM_ZH, "今天下午三点在图书馆二楼会议室召开读书分享会，欢迎各位同学参加。") < 0.1


def test_tokens_mix_words_and_characters():
    assert text_tokens("请加VX：abc１２３ 领Café奖励") == [
        "请",
        "加",
        "vx",
        "abc",
        "0",
        "领",
        "cafe",
        "奖",
        "励",
    ]
    assert text_tokens("한국어 かな") == ["한", "국", "어", "か", "な"]
    assert text_tokens("") == []


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_fingerprint_that_only_depends_on_its_tokens(text):
    one, other = text_print(text), text_print(" ".join(text_tokens(text)))
    assert one.signature.shape == (128,)
    assert one.normal == other.normal
    assert (one.signature == other.signature).all()


def test_the_estimate_of_similarity_is_right_on_average():
    rng = np.random.default_rng(3)
    words = [
        f"w{chr(97 + a)}{chr(97 + b)}{chr(97 + c)}" for a in range(26) for b in range(26) for c in range(5)
    ]
    errors = []
    for _ in range(40):
        picked = list(rng.choice(words, 120, replace=False))
        one, other = " ".join(picked[:90]), " ".join(picked[30:])
        runs = [
            {tuple(part[at : at + 3]) for at in range(len(part) - 2)} for part in (one.split(), other.split())
        ]
        errors.append(alike(one, other) - len(runs[0] & runs[1]) / len(runs[0] | runs[1]))
    assert abs(np.mean(errors)) < 0.03
    assert np.std(errors) < 0.08
