"""Models that an operator owns: run as their card says, refused when they are more than arithmetic, gaps when they fail."""

import hashlib
import io
from contextlib import suppress
from math import log
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnxparts import block, brightness, integer, ints, model, node, number, port, tensor
from PIL import Image

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis
from brightline.core.harm import Harm
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.image.own import fitted, prepare
from brightline.detectors.image.own_card import CARD_BYTES, Input, read_card
from brightline.settings import ModelSetting, Settings
from brightline.weights.onnx_file import DEPTH, NODES, check

EXAMPLES = Path(__file__).parents[3] / "examples" / "image"
CONTEXT = Context(time="2026-11-23T00:00:00Z")
CARD = """
name = "{name}"
model = "{model}"
sha256 = "{sha256}"
claim = "synthetic.image"
harm = "unlabelled_aigc"
licence = "own work"
purpose = {{ en = "bright pictures", zh = "明亮的图片" }}
[input]
width = {side}
height = {side}
fit = "{fit}"
{more}
[output]
form = "{form}"
name = "{output}"
index = {index}
[calibration]
slope = {slope}
offset = 0.25
likely = 0.8
measured = "20 photographs, for a test"
"""
USUAL = {
    "name": "acme", "model": "acme.onnx", "side": "64", "fit": "shrink", "more": "", "form": "logit",
    "output": "logit", "index": "0", "slope": "1.0",
}  # fmt: skip


def owned(folder: Path, data: bytes | None = None, **changes: str) -> Settings:
    """Settings that name one model, written into a folder."""
    data = brightness(side=64) if data is None else data
    folder.mkdir(exist_ok=True)
    (folder / "acme.onnx").write_bytes(data)
    said = {**USUAL, "sha256": hashlib.sha256(data).hexdigest(), **changes}
    (folder / "acme.toml").write_text(CARD.format(**said), "utf-8")
    return Settings(models=(ModelSetting(path=folder / "acme.toml"),))


def photo(name: str = "cat.jpg") -> Subject:
    data = (EXAMPLES / name).read_bytes()
    return Subject(
        digest=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        kind=Kind.JPEG,
        context=CONTEXT,
        blob=Blob(data),
    )


def grey(level: int, width: int = 80, height: int = 64) -> Subject:
    stream = io.BytesIO()
    Image.new("L", (width, height), level).save(stream, "PNG")
    data = stream.getvalue()
    return Subject(
        digest=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        kind=Kind.PNG,
        context=CONTEXT,
        blob=Blob(data),
    )


def odds(probability: float) -> float:
    return log(probability / (1 - probability))


def test_a_model_runs_as_its_card_says(tmp_path):
    (finding,) = prepare(owned(tmp_path, slope="0.1"))(grey(200))
    assert (finding.detector, finding.claim, finding.basis) == (
        "image.own",
        "synthetic.image",
        Basis.ESTIMATE,
    )
    assert odds(finding.probability) == pytest.approx(0.1 * 40 * (200 / 255 - 0.5) + 0.25, abs=1e-3)
    assert finding.detail("model") == "acme"
    assert "acme" in finding.why.en
    assert "明亮的图片" in finding.why.zh


def test_a_harm_is_warned_of_only_from_likely_on(tmp_path):
    detect = prepare(owned(tmp_path, slope="0.2"))
    (bright,), (dark,) = detect(grey(250)), detect(grey(100))
    assert (bright.detail("verdict"), bright.harm) == ("likely", Harm.UNLABELLED_AIGC)
    assert (dark.detail("verdict"), dark.harm) == ("unlikely", None)


def test_no_estimate_is_surer_than_99_in_100(tmp_path):
    (finding,) = prepare(owned(tmp_path))(grey(255))
    assert 0.98 < finding.probability <= 0.9901


def two_scores(form: str) -> bytes:
    """Gives two numbers: of the mean m of the picture, [m, 1 - m]."""
    graph = (
        node("ReduceMean", ["pixels"], ["m"], ints("axes", [1, 2, 3]), integer("keepdims", 0))
        + node("Sub", ["one", "m"], ["rest"])
        + node("Concat", ["rest", "m"], ["flat"], integer("axis", 0))
        + node("Identity", ["flat"], [form])
        + block(5, tensor("one", [1.0], [1]))
        + port(11, "pixels", [1, 3, 64, 64])
        + port(12, form, [2])
    )
    return model(graph)


def test_probabilities_and_classes_become_log_odds(tmp_path):
    mean = 200 / 255
    for number_of, (form, expected) in enumerate((("probability", odds(mean)), ("classes", 2 * mean - 1))):
        settings_ = owned(tmp_path / str(number_of), two_scores("p"), form=form, output="p", index="1")
        (finding,) = prepare(settings_)(grey(200))
        assert odds(finding.probability) == pytest.approx(expected + 0.25, abs=1e-3)


def test_input_is_fitted_as_the_card_says():
    pixels = np.zeros((40, 100, 3), dtype=np.uint8)
    pixels[:, 50:] = (255, 100, 0)
    squashed = fitted(pixels, Input(width=10, height=10, fit="squash"))
    assert squashed.shape == (1, 3, 10, 10)
    assert squashed[0, 0, 5, 8] == pytest.approx(1.0)
    shrunk = fitted(pixels, Input(width=20, height=20, fit="shrink", colours="bgr"))
    assert shrunk[0, 2, 10, 16] == pytest.approx(1.0)
    assert shrunk[0, 0, 10, 16] == pytest.approx(0.0)
    cropped = fitted(
        pixels, Input(width=60, height=60, fit="crop", layout="nhwc", mean=(0.5,) * 3, std=(0.5,) * 3)
    )
    assert cropped.shape == (1, 60, 60, 3)
    assert cropped[0, 5, 59, 0] == pytest.approx(1.0)
    assert cropped[0, 5, 0, 0] == pytest.approx(-1.0)


@pytest.mark.parametrize("fit", ["crop", "shrink", "squash"])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 3000), (3000, 1), (63, 65)])
def test_pictures_of_any_shape_fit(fit, width, height):
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    assert fitted(pixels, Input(width=64, height=64, fit=fit)).shape == (1, 3, 64, 64)


def test_without_models_nothing_is_decoded():
    broken = Subject(digest="", size_bytes=3, kind=Kind.JPEG, context=CONTEXT, blob=Blob(b"abc"))
    assert list(prepare(Settings())(broken)) == []


def test_one_failing_model_does_not_silence_the_others(tmp_path):
    good, bad = owned(tmp_path / "a"), owned(tmp_path / "b", name="broken", sha256="0" * 64)
    steps = prepare(Settings(models=(*bad.models, *good.models)))(photo())
    assert next(iter(steps)).detail("model") == "acme"
    with pytest.raises(DetectorError, match="`broken` is not the one that its card names"):
        next(iter(steps))


def test_two_models_of_one_name_are_refused(tmp_path):
    first = owned(tmp_path)
    with pytest.raises(DetectorError, match="two models are called `acme`"):
        prepare(Settings(models=first.models * 2))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Acme!"},
        {"model": "../acme.onnx"},
        {"model": "/etc/passwd"},
        {"sha256": "abc"},
        {"side": "4096"},
        {"fit": "stretch"},
        {"form": "magic"},
        {"slope": "nan"},
        {"slope": "inf"},
        {"more": "std = [1.0, 0.0, 1.0]"},
        {"more": "url = 'https://example.com/model.onnx'"},
        {"more": "scale = 0.0"},
    ],
)
def test_cards_that_say_too_little_or_too_much_are_refused(tmp_path, changes):
    with pytest.raises(DetectorError, match="card"):
        prepare(owned(tmp_path, **changes))


def test_a_card_must_state_licence_calibration_and_purpose(tmp_path):
    owned(tmp_path)
    whole = (tmp_path / "acme.toml").read_text("utf-8")
    for line in ("licence", "purpose", "measured", "slope", "sha256"):
        less = "\n".join(one for one in whole.splitlines() if not one.startswith(line))
        (tmp_path / "less.toml").write_text(less, "utf-8")
        with pytest.raises(DetectorError, match=f"`{line}`"):
            read_card(tmp_path / "less.toml")
    (tmp_path / "long.toml").write_text(whole + "#" * CARD_BYTES, "utf-8")
    with pytest.raises(DetectorError, match="larger than"):
        read_card(tmp_path / "long.toml")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"output": "nowhere"}, "no output `nowhere`"),
        ({"side": "32"}, "its card says"),
        ({"index": "7"}, "asks for number 7"),
        ({"form": "classes"}, "asks for several"),
        ({"form": "probability", "output": "map"}, "no probability"),
        ({"more": 'layout = "nhwc"'}, "its card says"),
    ],
)
def test_a_model_that_is_not_as_its_card_says_is_a_failure(tmp_path, changes, said):
    detect = prepare(owned(tmp_path, **changes))
    for _ in range(2):
        with pytest.raises(DetectorError, match=said):
            list(detect(grey(255)))


def test_a_model_that_gives_no_number_is_a_failure(tmp_path):
    with pytest.raises(DetectorError, match="gave"):
        list(prepare(owned(tmp_path, brightness(side=64, gain=float("nan"))))(photo()))


# What is more than arithmetic on the file's own numbers

PORTS = port(11, "pixels", ["N", 3, 64, 64]) + port(12, "logit", ["N", 3, 64, 64])
PLAIN = node("Identity", ["pixels"], ["logit"]) + PORTS
LOCATION = block(1, "location") + block(2, "../../../etc/passwd")
BEYOND = block(5, tensor("w", [1.0], [1]) + block(13, LOCATION) + number(14, 1))
QUIETLY = block(5, tensor("w", [1.0], [1]) + number(14, 1))


def within(depth: int) -> bytes:
    inner = PLAIN
    for _ in range(depth):
        inner = node(
            "If", ["c"], ["logit"], block(5, block(1, "then_branch") + block(6, inner) + number(20, 5))
        )
    return inner


REFUSED = {
    "another domain": (model(PLAIN, domains=("com.example",)), "needs operators of `com.example`"),
    "a domain of a node alone": (
        model(node("Identity", ["pixels"], ["logit"], domain="com.microsoft") + PORTS),
        "needs operators of `com.microsoft`",
    ),
    "numbers in another file": (model(PLAIN + BEYOND), "another file"),
    "numbers said to be elsewhere": (model(PLAIN + QUIETLY), "another file"),
    "numbers of a constant elsewhere": (
        model(
            node("Constant", [], ["k"], block(5, block(1, "value") + block(5, BEYOND[2:]) + number(20, 4)))
            + PLAIN
        ),
        "another file",
    ),
    "a loop": (model(node("Loop", ["n"], ["logit"]) + PORTS), "`Loop`, which may run without end"),
    "a loop in a branch": (
        model(
            node(
                "If",
                ["c"],
                ["logit"],
                block(5, block(1, "then_branch") + block(6, node("Scan", [], ["a"])) + number(20, 5)),
            )
        ),
        "`Scan`",
    ),
    "functions of its own": (model(PLAIN, rest=block(25, block(1, "f"))), "functions"),
    "too many operators": (model(node("Identity", ["a"], ["b"]) * (NODES + 1)), "more than"),
    "graphs too deep": (model(within(DEPTH + 1)), "deeper than"),
    "a string tensor": (model(PLAIN + block(5, number(2, 8) + block(8, "s"))), "type 8"),
    "nothing": (b"", "no operators"),
    "no protobuf": (b"\xff" * 40, "no ONNX file"),
    "cut short": (model(PLAIN)[:-7], "no ONNX file"),
    "another format of ONNX Runtime": (b"\x18\x00\x00\x00ORTM" + bytes(64), "no ONNX file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_more_than_arithmetic_is_refused(tmp_path, name):
    data, said = REFUSED[name]
    with pytest.raises(DetectorError, match=said):
        list(prepare(owned(tmp_path, data))(grey(100)))


def test_numbers_beside_the_model_are_never_opened(tmp_path):
    (tmp_path / "passwd").write_bytes(bytes(4))
    with pytest.raises(DetectorError, match="another file"):
        list(prepare(owned(tmp_path, REFUSED["numbers in another file"][0]))(grey(100)))


def test_a_real_export_is_read_whole():
    """The networks of the `rapidocr` wheel, exported by other programs than ours."""
    import importlib.util

    folder = Path(importlib.util.find_spec("rapidocr").origin).parent / "models"
    for file in sorted(folder.glob("*.onnx")):
        found = check(file.read_bytes(), file.name)
        assert found.nodes > 100
        assert "Conv" in found.operators


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_no_bytes_break_the_walk(data):
    whole = bytearray(brightness(side=64))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DetectorError):
        assert check(bytes(whole), "damaged").nodes


def test_settings_name_cards_beside_themselves(tmp_path):
    from brightline.settings import load_settings

    (tmp_path / "brightline.toml").write_text('[[models]]\npath = "models/acme.toml"\n')
    loaded = load_settings(tmp_path / "brightline.toml", {})
    assert loaded.models == (ModelSetting(path=tmp_path / "models" / "acme.toml"),)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(
            {"models": [{"path": "x", "url": "y"}]}, Settings, dec_hook=lambda kind, value: kind(value)
        )


def test_in_a_worker_a_model_makes_findings_and_a_broken_one_a_gap(tmp_path):
    """Through the whole line: settings, sandbox without network, memory limit, policy, ledger."""
    from brightline.assembly import assemble
    from brightline.line import Job

    good, bad = owned(tmp_path / "a"), owned(tmp_path / "b", REFUSED["another domain"][0], name="broken")
    settings_ = Settings(home=tmp_path / "home", jobs=1, models=(*good.models, *bad.models))
    with assemble(settings_) as house:
        (done,) = house.line.judge([Job(name="cat.jpg", path=str(EXAMPLES / "cat.jpg"), context=CONTEXT)])
    own = [one for one in done.examination.findings if one.detector == "image.own"]
    gaps = [one for one in done.examination.gaps if one.source == "image.own"]
    assert [one.detail("model") for one in own] == ["acme"]
    assert len(gaps) == 1
    assert "com.example" in gaps[0].why.en
    assert done.decision.action.rank >= 2  # a gap is never allowed


def test_another_card_judges_anew(tmp_path):
    from brightline.examine.catalogue import CATALOGUE, digest_of

    first = owned(tmp_path)
    before = digest_of(CATALOGUE, first)
    assert before != digest_of(CATALOGUE, Settings())
    owned(tmp_path, slope="0.5")
    assert digest_of(CATALOGUE, first) != before
