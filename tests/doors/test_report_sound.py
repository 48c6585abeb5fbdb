"""Sound in the report: waveform and spectrogram with the seconds that findings point at, told in both languages."""

import io
import re
import wave
from xml.etree import ElementTree as ET

import numpy as np

from brightline.core.decision import Action, Decision
from brightline.core.finding import Basis, Detail, Examination, Finding, Seconds
from brightline.core.preview import Preview
from brightline.core.subject import Blob, Context, Kind, Subject, facts_of
from brightline.core.words import Words
from brightline.doors.report.view import STRETCHES_MOST, item_view
from brightline.doors.report.writer import ReportWriter
from brightline.examine.messages import PartPreview
from brightline.line import Job, Judgement
from brightline.media.preview import preview

RATE = 16_000


def recording(seconds: float) -> Subject:
    times = np.arange(int(seconds * RATE)) / RATE
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((8000 * np.sin(2 * np.pi * 300 * times)).astype("<i2").tobytes())
    blob = Blob(out.getvalue())
    context = Context(time="2026-11-23T12:00:00Z")
    return Subject(
        digest="ab" * 32, size_bytes=blob.size, kind=Kind.WAV, context=context, name="call.wav", blob=blob
    )


def judgement(subject: Subject, shown: Preview, *where: Seconds) -> Judgement:
    finding = Finding(
        detector="speech.generated",
        claim="synthetic.speech",
        basis=Basis.ESTIMATE,
        probability=0.9,
        why=Words("a machine made the voice", "声音由机器合成"),
        where=where,
        details=(Detail("timeline", "1:10 3:90 5:90 7:10"),),
    )
    examination = Examination(
        facts=facts_of(subject), context=subject.context, findings=(finding,), gaps=(), detectors="0" * 64
    )
    decision = Decision(
        action=Action.REVIEW, subject=subject.digest, examination="0" * 64, policy="0" * 64, detectors="0" * 64
    )  # fmt: skip
    return Judgement(
        job=Job(name="call.wav", context=subject.context),
        examination=examination,
        decision=decision,
        previews=(PartPreview("", shown),),
    )


def test_suspicious_seconds_are_coloured_in_waveform_and_spectrogram(tmp_path):
    subject = recording(8.0)
    judged = judgement(subject, preview(subject), Seconds(2.0, 6.0))
    with ReportWriter(tmp_path / "r.html", language="en") as writer:
        writer.add(judged)
        writer.finish(checkpoint="")
    page = (tmp_path / "r.html").read_text("utf-8")
    drawing = re.search(r'<svg class="wave" .*?</svg>', page)
    over = re.search(r'<div class="spectrum">.*?(<svg.*?</svg>)</div>', page)
    assert drawing is not None
    assert over is not None
    for drawn in (drawing[0], over[1]):
        (rect,) = ET.fromstring(drawn).iter("rect")
        assert (float(rect.attrib["x"]), float(rect.attrib["width"])) == (100.0, 200.0)
    assert "coloured seconds 2.0-6.0" in drawing[0]
    assert "着色处为各项发现所指的秒段 2.0-6.0" in drawing[0]
    assert 'data-zh="同一时段的声谱图，低频在下"' in page
    assert page.count('class="wave course"') == 1


def test_stretches_stay_within_what_is_drawn_and_are_few():
    shown = Preview(waveform=(0.5,) * 400, drawn_s=60.0, seconds=600.0)
    places = [Seconds(at / 4, at / 4 + 5000.0) for at in range(400)]
    (view,) = item_view(judgement(recording(1.0), shown, *places)).views
    assert len(view.stretches) == STRETCHES_MOST
    assert all(0.0 <= x <= x + width <= 400.01 for x, width in view.stretches)
    assert "the first 60.0 of 600.0 s" in view.sound_words.en
    assert "全长 600.0 秒中的前 60.0 秒" in view.sound_words.zh


def test_sound_without_findings_says_only_its_length():
    shown = Preview(waveform=(0.5,) * 400, drawn_s=8.0, seconds=8.0)
    (view,) = item_view(judgement(recording(1.0), shown)).views
    assert view.stretches == ()
    assert view.sound_words.en == "Sound: 8.0 s."
