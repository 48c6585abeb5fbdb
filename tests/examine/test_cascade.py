"""What a file says of itself spares the estimate of the same; anything less does not."""

import time
from pathlib import Path

import msgspec
import pytest

from brightline.core.finding import Basis, Detail, Finding
from brightline.core.subject import Context, Gap, GapKind
from brightline.core.words import Words
from brightline.examine.cascade import spared
from brightline.examine.catalogue import CATALOGUE, Entry
from brightline.examine.run import Resume, examine, load_all, plan
from brightline.intake.open import open_file
from brightline.settings import Settings

CONTEXT = Context(time="2026-11-23T00:00:00Z")
EXAMPLES = Path(__file__).parents[2] / "examples" / "image"
SETTINGS = Settings()
NAMES = ("image.generated", "provenance.aigc", "provenance.c2pa", "provenance.generators")
ENTRIES = tuple(sorted((one for one in CATALOGUE if one.name in NAMES), key=lambda one: one.name))
ESTIMATE = Entry("image.generated", "brightline.detectors.image.generated", spared=True)


@pytest.fixture(scope="module")
def detectors():
    return load_all(ENTRIES, SETTINGS)


def judge(path: Path, detectors, **more):
    subject = open_file(path, context=CONTEXT, limits=SETTINGS.limits)
    return examine(subject, detectors, SETTINGS, "0" * 64, **more)


def said(
    claim: str = "origin.ai_declared",
    probability: float = 0.97,
    basis: Basis = Basis.DECLARED,
    part: str = "",
    **details,
):
    return Finding(
        detector="provenance.generators", claim=claim, basis=basis, probability=probability, why=Words("a", "甲"),
        details=tuple(Detail(name, value) for name, value in details.items()), part=part,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("drawing-parameters.png", "provenance.generators"),
        ("drawing-iptc.jpg", "provenance.generators"),
        ("drawing-signed.png", "provenance.c2pa"),
        ("drawing-marked.png", "provenance.aigc"),
    ],
)
def test_a_file_that_says_ai_made_it_is_not_estimated(detectors, name, by):
    findings = [
        one for one in judge(EXAMPLES / name, detectors).findings if one.detector == "image.generated"
    ]
    assert [one.claim for one in findings] == ["estimate.spared"]
    assert (findings[0].detail("by"), findings[0].detail("verdict")) == (by, "not_needed")
    assert findings[0].basis is Basis.PROOF
    assert findings[0].harm is None


@pytest.mark.parametrize("name", ["cat.jpg", "coffee-cup-signed.jpg", "grass.jpg"])
def test_a_photograph_is_estimated_signed_or_not(detectors, name):
    claims = [
        one.claim for one in judge(EXAMPLES / name, detectors).findings if one.detector == "image.generated"
    ]
    assert claims == ["synthetic.image"]


def test_what_can_be_spared_comes_last_whatever_its_name(detectors):
    subject = open_file(EXAMPLES / "cat.jpg", context=CONTEXT, limits=SETTINGS.limits)
    assert [step.loaded.entry.name for step in plan(subject, detectors)] == [*NAMES[1:], "image.generated"]


@pytest.mark.parametrize(
    "finding",
    [
        said(probability=0.8),
        said(probability=0.7, strength="edited"),
        said(basis=Basis.ESTIMATE),
        said(claim="origin.trace"),
        said(claim="synthetic.image"),
        said(claim="aigc.mark", verdict="not_found"),
        said(claim="aigc.mark", label="2"),
        said(claim="aigc.mark", label="3"),
        said(part="0"),
        Gap(source="provenance.c2pa", kind=GapKind.FAILED, why=Words("a", "甲")),
    ],
)
def test_weaker_words_and_other_parts_spare_nothing(finding):
    assert spared(ESTIMATE, "", [finding]) is None


@pytest.mark.parametrize(
    "finding", [said(), said(basis=Basis.PROOF, probability=0.99), said(claim="aigc.mark", label="1")]
)
def test_sure_words_spare_the_estimate_and_nothing_else(finding):
    assert spared(ESTIMATE, "", [finding]) is not None
    assert spared(msgspec.structs.replace(ESTIMATE, spared=False), "", [finding]) is None


def test_each_part_speaks_for_itself_alone():
    assert spared(ESTIMATE, "0/1", [said(part="0/1")]).part == "0/1"
    assert spared(ESTIMATE, "0", [said(part="0/1")]) is None


def test_sparing_costs_less_than_a_millisecond():
    made = [said(claim=f"other.{number}") for number in range(200)] + [said()]
    began = time.process_time()
    for _ in range(100):
        assert spared(ESTIMATE, "", made) is not None
    assert (time.process_time() - began) / 100 < 0.001


def test_the_network_is_not_even_opened_for_such_a_file(tmp_path):
    """A network that is missing leaves a gap only where it is asked."""
    from brightline.examine.run import Loaded

    others = load_all([one for one in ENTRIES if one.name != "image.generated"], SETTINGS)
    broken = Loaded(next(one for one in ENTRIES if one.name == "image.generated"), None, "not there")
    assert judge(EXAMPLES / "drawing-parameters.png", [broken, *others]).gaps == ()
    assert [gap.source for gap in judge(EXAMPLES / "cat.jpg", [broken, *others]).gaps] == ["image.generated"]


def test_a_fresh_worker_spares_what_the_dead_one_had_learnt(detectors):
    whole = judge(EXAMPLES / "drawing-parameters.png", detectors)
    before = tuple(one for one in whole.findings if one.detector != "image.generated")
    resumed = judge(
        EXAMPLES / "drawing-parameters.png",
        detectors,
        resume=Resume(step=2, kind=GapKind.CRASH, findings=before),
    )
    assert "estimate.spared" in {one.claim for one in resumed.findings}
    assert "synthetic.image" not in {one.claim for one in resumed.findings}


def test_who_is_told_of_steps_is_told_of_this_one_too(detectors):
    heard = []
    judge(
        EXAMPLES / "drawing-parameters.png", detectors, report=lambda step, item: heard.append((step, item))
    )
    assert heard[-2] == (3, None)
    assert heard[-1][1].claim == "estimate.spared"
