"""The watermark in words: text chosen under a key is found, all other text tosses fair coins."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.errors import MarkingError
from brightline.watermark.keyring import Key
from brightline.watermark.words import MINIMUM_PAIRS, choose, detect

KEYS = tuple(
    Key(id=name, secret=name.encode().ljust(32, b"."), created="2026-11-23T12:00:00Z")
    for name in ("first", "second")
)
WORDS = [
    a + b + c
    for a in ("ba", "do", "ki", "lu", "me", "no", "pa")
    for b in ("ra", "ti", "vo", "su", "ne", "gi", "lo")
    for c in ("n", "r", "st", "l", "m", "d", "k")
]
SIGNS = [chr(0x4E00 + number) for number in range(600)]


def sentence(rng: random.Random, *, chinese: bool = False) -> str:
    """A sentence of words at random."""
    if chinese:
        return "".join(rng.choices(SIGNS, k=20)) + "。"
    return " ".join(rng.choices(WORDS, k=14)).capitalize() + ". "


def written(sentences: int, samples: int, seed: int, *, chinese: bool = False) -> str:
    """A text whose sentences were each chosen among some samples."""
    rng = random.Random(seed)
    text = ""
    for _ in range(sentences):
        candidates = [sentence(rng, chinese=chinese) for _ in range(samples)]
        text += candidates[choose(candidates, text, KEYS[0])]
    return text


@pytest.mark.parametrize("chinese", [False, True])
def test_chosen_text_is_found(chinese):
    found = detect(written(20, 8, 1, chinese=chinese), KEYS)
    assert found is not None
    assert found.key == "first"
    assert found.p_value < 1e-5
    assert found.heads > found.pairs / 2


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_sample_alone_is_not_found(seed):
    assert detect(written(20, 1, seed), KEYS) is None


def test_case_width_and_layout_do_not_matter():
    text = written(24, 8, 2)
    assert detect(text.upper().replace(" ", "\n  "), KEYS) is not None


def test_a_passage_inside_other_text_is_found_and_placed():
    rng = random.Random(5)
    before, after = ("".join(sentence(rng) for _ in range(30)) for _ in range(2))
    inside = written(40, 16, 3)
    found = detect(before + inside + after, KEYS)
    assert found is not None
    assert found.start < len(before) + len(inside)
    assert found.end > len(before)


def test_repeating_a_sentence_proves_nothing_more():
    rng = random.Random(6)
    lucky = max(
        (sentence(rng) for _ in range(200)), key=lambda one: detect(one, KEYS, threshold=1.0) is not None
    )
    assert detect(lucky * 100, KEYS) is None


@given(text=st.text(max_size=300))
def test_any_text_is_read(text):
    detect(text, KEYS)


def test_short_text_is_not_judged():
    assert detect(" ".join(WORDS[: MINIMUM_PAIRS // 2]), KEYS) is None


def test_nothing_to_choose_from_is_an_error():
    with pytest.raises(MarkingError):
        choose([], "text", KEYS[0])
