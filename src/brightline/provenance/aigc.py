"""The implicit mark of GB 45438-2025 in a file: found or not, what it says, and every clause it breaks.

Verdicts: `compliant`, `noncompliant`, `not_found`, `inconclusive`. A place that could not be read never makes
`not_found`. For Art. 6 of the Labelling Measures look at `label`; for the standard look at `verdict`.
"""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from brightline.carriers.candidate import CANDIDATE_LIMIT, Candidate, Unread
from brightline.carriers.readers import READERS
from brightline.core.errors import CarrierError, DetectorError
from brightline.core.finding import Basis, ByteRange, Detail, Field, Finding, Place
from brightline.core.subject import GapKind, Kind, Subject
from brightline.core.words import Words
from brightline.provenance.annex_e import LABELS, Mark, has_signature, producer_form, read_mark
from brightline.provenance.annex_e_defects import DETAIL_CHARACTERS, Defect, Level, quote

NAME = "provenance.aigc"
_DEFECT_LIMIT = 100  # defects told of one file; the rest changes nothing
REASON_CHARACTERS = 120  # of a carrier's own sentence
_SAYS = {
    "1": Words(en="is AI-generated", zh="属于人工智能生成合成内容"),
    "2": Words(en="may be AI-generated", zh="可能为人工智能生成合成内容"),
    "3": Words(en="is suspected to be AI-generated", zh="疑似人工智能生成合成内容"),
}


class Trouble(msgspec.Struct, frozen=True):
    """Why the file was not read to its end, and where."""

    kind: GapKind
    why: str
    place: Place


def detect(subject: Subject) -> Iterator[Finding]:
    """One `aigc.mark` for the file and one `aigc.mark.defect` for each defect.

    Plain text has no carrier of its own, so its silence is not reported; a mark in it is.

    Raises:
        DetectorError: no carrier reads this kind, or the bytes cannot be read at all.
    """
    marks, troubles = _read(subject)
    if subject.kind is Kind.TEXT and not marks and not troubles:
        return
    marks = _with_duplicates(marks)
    yield _mark_finding(marks, troubles)
    defects = [(mark, defect) for mark in marks for defect in mark.defects]
    for mark, defect in defects[:_DEFECT_LIMIT]:
        yield _defect_finding(mark, defect)


def _read(subject: Subject) -> tuple[list[Mark], list[Trouble]]:
    """Everything the carrier gives, and everything it could not read."""
    reader = READERS.get(subject.kind)
    if reader is None:
        raise DetectorError(f"no carrier reads `{subject.kind}`; known: {', '.join(READERS)}")
    marks: list[Mark] = []
    troubles: list[Trouble] = []
    try:
        for item in reader(subject.blob.view()):
            if len(marks) + len(troubles) >= CANDIDATE_LIMIT:
                why = f"more than {CANDIDATE_LIMIT} marks and unread places"
                troubles.append(Trouble(GapKind.LIMIT, why, ByteRange(item.start, subject.size_bytes)))
                break
            match item:
                case Candidate():
                    marks.append(read_mark(item))
                case Unread():
                    troubles.append(Trouble(item.kind, item.why, ByteRange(item.start, item.end)))
    except CarrierError as error:
        troubles.append(Trouble(GapKind.MALFORMED, str(error), ByteRange(0, subject.size_bytes)))
    except OSError as error:
        raise DetectorError(f"the bytes cannot be read: {error.strerror}") from error
    return marks, troubles


def _with_duplicates(marks: list[Mark]) -> list[Mark]:
    """Give the second and every later mark its defect under 6.1 c."""
    judged = marks[:1]
    for before, mark in pairwise(marks):
        differing = _differing(before, mark)
        defect = Defect("contradiction", differing) if differing else Defect("duplicate")
        judged.append(msgspec.structs.replace(mark, defects=(defect, *mark.defects)))
    return judged


def _differing(first: Mark, second: Mark) -> str:
    """The first field in which two marks say different things; empty if they agree or one says nothing."""
    for value in first.values:
        other = [theirs.text for theirs in second.values if theirs.name == value.name]
        if other and other[0] != value.text:
            return value.name
    return ""


def _mark_finding(marks: list[Mark], troubles: list[Trouble]) -> Finding:
    verdict = _verdict(marks, troubles)
    mark = _strongest(marks)
    details = {"verdict": verdict, "complete": "no" if troubles else "yes", "marks": str(len(marks))}
    if mark is not None:
        details |= _facts(mark)
    places = [place for mark in marks for place in _places(mark.candidate)]
    places += [trouble.place for trouble in troubles]
    return Finding(
        detector=NAME,
        claim="aigc.mark",
        basis=Basis.DECLARED if marks else Basis.PROOF,
        probability=1.0,
        why=_why(verdict, mark, troubles),
        where=tuple(dict.fromkeys(places)),
        details=tuple(Detail(name, value) for name, value in sorted(details.items())),
    )


def _strongest(marks: list[Mark]) -> Mark | None:
    """The mark that claims most (`1` before `2` before `3`), so that one mark more never weakens the claim."""
    legal = [mark for mark in marks if mark.value("Label") in LABELS]
    return min(legal, key=lambda mark: mark.value("Label"), default=marks[0] if marks else None)


def _verdict(marks: list[Mark], troubles: list[Trouble]) -> str:
    if any(defect.kind.level is Level.ERROR for mark in marks for defect in mark.defects):
        return "noncompliant"
    if troubles:
        return "inconclusive"
    return "compliant" if marks else "not_found"


def _facts(mark: Mark) -> dict[str, str]:
    facts = {
        "carrier": mark.candidate.carrier,
        "form": mark.candidate.form.value,
        "label": mark.value("Label"),
        "producer": mark.producer,
        "producer_form": producer_form(mark.producer),
        "produce_id": mark.produce_id,
        "propagator": mark.value("ContentPropagator"),
        "propagate_id": mark.value("PropagateID"),
        "signature": "present_unverifiable" if has_signature(mark) else "absent",
    }
    return {name: quote(value, DETAIL_CHARACTERS) for name, value in facts.items()}


def _why(verdict: str, mark: Mark | None, troubles: list[Trouble]) -> Words:
    if verdict == "not_found":
        return Words(
            en="no implicit mark in the file's metadata", zh="文件元数据中未发现人工智能生成合成内容隐式标识"
        )
    if mark is None:
        return _unread_words(troubles[0])
    said = _SAYS.get(
        mark.value("Label"), Words(en="carries an unreadable label", zh="带有无法识别的标识取值")
    )
    en = (
        f"the file's own mark says that it {said.en}"
        if mark.value("Label") in LABELS
        else f"the file {said.en}"
    )
    zh = f"文件自带的隐式标识表明：{said.zh}"
    ends = {
        "compliant": Words(en="; it follows the standard", zh="；符合标准"),
        "noncompliant": Words(en="; it breaks the standard", zh="；不符合标准"),
        "inconclusive": Words(en="; the file could not be read to its end", zh="；但文件未能完整读取"),
    }
    return Words(en=en + ends[verdict].en, zh=zh + ends[verdict].zh)


def _unread_words(trouble: Trouble) -> Words:
    if trouble.kind is GapKind.LIMIT:
        zh = "文件超过读取上限，无法判断是否含有隐式标识"
    else:
        zh = "文件结构损坏或不完整，无法判断是否含有隐式标识"
    return Words(
        en=f"cannot tell whether the file carries an implicit mark: {quote(trouble.why, REASON_CHARACTERS)}",
        zh=zh,
    )


def _defect_finding(mark: Mark, defect: Defect) -> Finding:
    details = {
        "clause": defect.clause,
        "code": defect.code,
        "level": defect.kind.level.value,
        "field": quote(defect.field),
        "carrier": quote(mark.candidate.carrier),
    }
    return Finding(
        detector=NAME,
        claim="aigc.mark.defect",
        basis=Basis.PROOF,
        probability=1.0,
        why=defect.why,
        harm=defect.kind.harm,
        where=_places(mark.candidate),
        details=tuple(Detail(name, value) for name, value in sorted(details.items()) if value),
    )


def _places(candidate: Candidate) -> tuple[Place, ...]:
    return (ByteRange(candidate.start, candidate.end), Field(quote(candidate.carrier)))
