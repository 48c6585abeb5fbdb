"""The course of a finding over a video in the report: drawn, bounded and told in both languages."""

import re
from xml.etree import ElementTree as ET

import pytest

from brightline.core.decision import Action, Decision
from brightline.core.finding import Basis, Detail, Examination, Finding, Seconds
from brightline.core.subject import facts_of
from brightline.core.words import Words
from brightline.doors.report.timeline import POINTS_MOST, timelines
from brightline.doors.report.writer import ReportWriter
from brightline.examine.messages import PartPreview
from brightline.line import Job, Judgement
from brightline.media.preview import preview
from films import encoded, filmed, shot


def finding(timeline: str, *where: Seconds) -> Finding:
    return Finding(
        detector="video.generated",
        claim="synthetic.video",
        basis=Basis.ESTIMATE,
        probability=0.9,
        why=Words("one shot differs from the rest", "有一段镜头与其余不同"),
        where=where,
        details=(Detail("timeline", timeline),),
    )


def test_a_curve_runs_over_the_whole_length_and_marks_its_stretches():
    (view,) = timelines("", [finding("0:10 5:90", Seconds(5.0, 10.0))], 10.0)
    assert view.path == "M0.0,100L0.0,90.0L200.0,10.0L400,10.0L400,100Z"
    assert view.stretches == ((200.0, 200.0),)
    assert "90 %" in view.words.en
    assert "5 s" in view.words.en
    assert "90%" in view.words.zh


@pytest.mark.parametrize("told", ["", "nonsense", "1:", ":5", "-1:5", "nan:3", "1e9:4", "5:1000000"])
def test_what_is_no_curve_is_not_drawn(told):
    assert list(timelines("", [finding(told)], 10.0)) == []


def test_a_curve_stays_within_its_drawing():
    told = " ".join(f"{second}:{second}" for second in range(999))
    (view,) = timelines("", [finding(told, Seconds(0.0, 9e9), Seconds(5000.0, 6000.0))], 0.0)
    numbers = [float(one) for one in re.findall(r"[\d.]+", view.path)]
    assert len(numbers) == 2 * (POINTS_MOST + 3)
    assert 0.0 <= min(numbers) <= max(numbers) <= 400.0
    assert view.stretches == ((0.0, 400.0),)


@pytest.mark.parametrize("in_time", [True, False])
def test_the_report_shows_the_curve_of_a_video(tmp_path, in_time):
    video = filmed(encoded(shot(1, 4)), name="film.mp4")
    examination = Examination(
        facts=facts_of(video),
        context=video.context,
        findings=(finding("0:10 2:80", Seconds(2.0, 4.0)),),
        gaps=(),
        detectors="0" * 64,
    )
    decision = Decision(
        action=Action.REVIEW, subject=video.digest, examination="0" * 64, policy="0" * 64, detectors="0" * 64
    )
    judgement = Judgement(
        job=Job(name="film.mp4", context=video.context),
        examination=examination,
        decision=decision,
        previews=(PartPreview("", preview(video)),) if in_time else (),
    )
    with ReportWriter(tmp_path / "r.html", language="en") as writer:
        writer.add(judgement)
        writer.finish(checkpoint="")
    page = (tmp_path / "r.html").read_text("utf-8")
    drawing = re.search(r'<svg class="wave course".*?</svg>', page)
    assert drawing is not None
    shapes = [child.tag for child in ET.fromstring(drawing[0])]
    # Without a preview the length is not known: the curve ends with its last point, where the stretch begins.
    assert shapes == (["path", "rect", "line"] if in_time else ["path", "line"])
    assert "逐时刻的可能性" in page
