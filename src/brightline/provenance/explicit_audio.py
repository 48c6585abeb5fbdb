"""The explicit mark in sound: a spoken label, or the rhythm `short long, short short`, at an end (GB 45438-2025 5.3).

Only Brightline's own recordings are recognised among spoken labels; other voices need a transcriber. The rhythm is
recognised at any pitch from 300 to 3000 Hz and at any usual speed.
"""

from collections.abc import Iterator

import av
import numpy as np

from brightline.core.errors import DetectorError
from brightline.core.finding import Finding, Seconds
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.media.audio import Samples, audio_blocks, opened, stated_seconds
from brightline.provenance.explicit_findings import defect_finding, found_finding, not_found_finding
from brightline.provenance.explicit_heard import RATE_HZ, HeardMark, marks_heard

NAME = "provenance.explicit_audio"
CLAUSE = "GB 45438-2025 5.3"
END_SECONDS = 15.0  # of either end that are heard: both languages and pauses take eight
AT_END_SECONDS = 3.0  # how far from an end a mark may begin or stop and still stand at it
MISSED = 0.2  # others' spoken labels are not recognised
_WHOLE_SECONDS = 60.0  # recordings up to this length are heard whole: seeking is no cheaper


def detect(subject: Subject) -> Iterator[Finding]:
    """One `mark.explicit`, found or not found; and a `mark.explicit.defect` for each breach of the standard.

    Raises:
        DetectorError: there is no sound track, or it cannot be decoded.
    """
    with opened(subject) as container:
        seconds = stated_seconds(container)
    marks = _heard(subject, seconds)
    if not marks:
        yield not_found_finding(NAME, "audio", MISSED)
        return
    yield from _findings(marks, seconds)


def _heard(subject: Subject, seconds: float) -> tuple[HeardMark, ...]:
    """Marks at the start and, in longer recordings, at the end; the standard's Chinese first."""
    first = _WHOLE_SECONDS if seconds <= _WHOLE_SECONDS else END_SECONDS
    blocks = list(audio_blocks(subject, RATE_HZ, first))
    marks = marks_heard(np.concatenate(blocks)) if blocks else ()
    if not marks and seconds > _WHOLE_SECONDS:
        begin = seconds - END_SECONDS
        marks = tuple(_later(mark, begin) for mark in marks_heard(_end_of(subject, begin)))
    return tuple(sorted(marks, key=lambda mark: (mark.language == "en", not mark.is_parted, mark.start)))


def _later(mark: HeardMark, seconds: float) -> HeardMark:
    return HeardMark(
        form=mark.form,
        language=mark.language,
        start=mark.start + seconds,
        end=mark.end + seconds,
        score=mark.score,
        is_parted=mark.is_parted,
    )


def _end_of(subject: Subject, begin: float) -> Samples:
    """Sound from about that second on."""
    blocks: list[Samples] = []
    with opened(subject) as container:
        stream = container.streams.audio[0]
        stream.codec_context.thread_count = 1  # the pool gives each worker one core
        container.seek(int(begin * av.time_base), backward=True)
        resampler = av.AudioResampler(format="fltp", rate=RATE_HZ)
        for frame in container.decode(stream):
            if (frame.time or 0.0) < begin - 1.0 and not blocks:
                continue
            blocks += [piece.to_ndarray().mean(axis=0) for piece in resampler.resample(frame)]
            if sum(map(len, blocks)) > 3 * END_SECONDS * RATE_HZ:
                raise DetectorError("the recording is longer than it states")
    return np.concatenate(blocks).astype(np.float32) if blocks else np.zeros(0, dtype=np.float32)


def _findings(marks: tuple[HeardMark, ...], seconds: float) -> Iterator[Finding]:
    mark, position = marks[0], _position(marks, seconds)
    defects = []
    if mark.language == "en":
        defects.append("wrong_wording")
    if not mark.is_parted:
        defects.append("missing_letter_gap")
    where = (Seconds(mark.start, mark.end),)
    details = {"position": position, "form": mark.form, "language": mark.language}
    what = (
        ("a spoken label", "语音标识")
        if mark.form == "spoken"
        else ("the rhythm for AI", "节奏标识（AI的摩尔斯码）")
    )
    why = Words(
        en=f"{what[0]} was heard from {mark.start:.1f} to {mark.end:.1f} s, at the {position}",
        zh=f"第{mark.start:.1f}秒至第{mark.end:.1f}秒可听到{what[1]}（{_PLACES[position]}）",
    )
    yield found_finding(NAME, "audio", mark.score, why, details, defects, where)
    for code in defects:
        yield defect_finding(NAME, "audio", CLAUSE, code, mark.score, where)


def _position(marks: tuple[HeardMark, ...], seconds: float) -> str:
    """Where all marks together begin or stop: two languages follow one another."""
    if min(mark.start for mark in marks) <= AT_END_SECONDS:
        return "start"
    return "end" if seconds and max(mark.end for mark in marks) >= seconds - AT_END_SECONDS else "middle"


_PLACES = {"start": "起始", "middle": "中间", "end": "末尾"}
