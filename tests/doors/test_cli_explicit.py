"""The checker of explicit marks at the door: what `scan` and `mark verify` say of marks that are faulty or missing."""

import io
import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import brightline.marking.explicit.layout as layout
from brightline.core.subject import Kind
from brightline.doors.cli.main import outcome
from brightline.marking.explicit.image import label_image
from brightline.marking.explicit.lettering import FONT
from brightline.marking.explicit.style import Language, Style

BLACK, GREY = (0, 0, 0), (170, 170, 170)
STYLE = Style(language=Language.ZH)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    # The commands run as people run them, who set these; nobody's own settings or ledger come into it.
    monkeypatch.setenv("BRIGHTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRIGHTLINE_JOBS", "1")
    monkeypatch.chdir(tmp_path)


def picture(words: str = "", height: int = 60, ink: tuple[int, int, int] = BLACK) -> bytes:
    """A white picture of 800 x 600 with words in a corner, as somebody else might write them."""
    image = Image.new("RGB", (800, 600), "white")
    font = ImageFont.truetype(str(Path(layout.__file__).parent / "data" / FONT), height)
    _left, _top, right, bottom = font.getbbox(words)
    ImageDraw.Draw(image).text((788 - right, 588 - bottom), words, fill=ink, font=font)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def film(path: str, last: float) -> None:
    """Four seconds that show our mark until `last`."""
    plain = np.full((270, 480, 3), 200, np.uint8)
    marked = layout.paint(plain, layout.plan_labels(plain, STYLE, plate=True))
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for number in range(40):
            shown = marked if number < last * 10 else plain
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode())


def scanned(name, capfd):
    """Verdict and codes of defects, from the JSON answer of a scan."""
    outcome(["scan", name, "--json", "--quiet"])
    (answer,) = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    details = [
        (one["claim"], {detail["name"]: detail["value"] for detail in one["details"]})
        for one in answer["findings"]
        if one["claim"].startswith("mark.explicit")
    ]
    verdicts = [facts["verdict"] for claim, facts in details if claim == "mark.explicit"]
    return verdicts, {facts["code"] for claim, facts in details if claim == "mark.explicit.defect"}


PICTURES = {
    "sound": (label_image(picture(), Kind.PNG, STYLE), ["found"], set()),
    "undersized": (picture("AI生成", 20), ["found"], {"undersized"}),
    "grey-on-white": (picture("AI生成", 60, GREY), ["found"], {"low_contrast"}),
    "missing": (picture(), ["not_found"], set()),
}


@pytest.mark.parametrize("name", PICTURES)
def test_scan_names_what_is_wrong_with_the_words_on_a_picture(name, capfd):
    data, verdicts, codes = PICTURES[name]
    Path("a.png").write_bytes(data)
    assert scanned("a.png", capfd) == (verdicts, codes)


@pytest.mark.parametrize("name", PICTURES)
def test_verify_tells_a_sound_mark_from_a_faulty_and_a_missing_one(name, capfd):
    data, verdicts, codes = PICTURES[name]
    Path("a.png").write_bytes(data)
    assert outcome(["mark", "verify", "a.png"]) == 1  # the implicit mark is missing from all
    said = capfd.readouterr().err
    assert ("= explicit mark: image" in said) == (verdicts == ["found"])
    assert ("! explicit mark: demanded of generated content, and not found" in said) == (name == "missing")
    assert ("which breaks GB 45438-2025" in said) == bool(codes)


@pytest.mark.parametrize(("last", "codes"), [(3.0, set()), (1.0, {"too_short"})])
def test_words_that_go_before_two_seconds_are_told(last, codes, capfd):
    film("a.mp4", last)
    assert scanned("a.mp4", capfd) == (["found"], codes)
    outcome(["mark", "verify", "a.mp4"])
    assert ("which breaks GB 45438-2025" in capfd.readouterr().err) == bool(codes)


def test_a_film_without_words_lacks_them(capfd):
    film("a.mp4", 0.0)
    assert scanned("a.mp4", capfd) == (["not_found"], set())
    assert outcome(["mark", "verify", "a.mp4"]) == 1
    assert "! explicit mark: demanded" in capfd.readouterr().err
