"""The data files of a target: read as rows, audited as one data set, and a sample of them judged on the line."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from brightline.assembly import House
from brightline.core.chinese import words_of
from brightline.core.decision import Action
from brightline.core.errors import DetectorError
from brightline.core.subject import Context, Kind
from brightline.core.words import Words
from brightline.detectors.dataset.audit import Plan, audit
from brightline.detectors.dataset.nouns import Audit, Check
from brightline.doors.answer import OWN_RULES
from brightline.governance.checks import CheckResult, Measurement, Status, Target, exact, undecided
from brightline.line import Job, Judgement

NAME = "dataset"
DATA_ENDINGS = (".jsonl", ".csv", ".tsv", ".parquet", ".arrow", ".feather")
PIECE_CHARACTERS = 8 * 1024  # of a row, at most 32 KiB in UTF-8: what one job of the line takes
PIECES_LIMIT = 64  # of one row; a longer one is not judged
ROW_KINDS = frozenset({Kind.TEXT, Kind.CSV, Kind.JSON, Kind.FEED, Kind.CHAT, Kind.MARKDOWN, Kind.HTML})
_MAGICS = (b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit of a target says.

    Attributes:
        results: of its checks; what could not be looked at is undecided.
        paths: files that it read whole as rows, so that a scan's limits on rows say nothing more.
    """

    results: tuple[CheckResult, ...] = ()
    paths: frozenset[str] = frozenset()


def audited(house: House, target: Target, context: Context, plan: Plan) -> Audited:
    """Audit the data files of a target as one data set; nothing where it has none.

    Raises:
        LedgerError: a judgement of a sampled row could not be made durable.
    """
    paths = [one.path for one in target.manifest.files if is_data(target, one.path)]
    if not paths:
        return Audited()
    try:
        said = audit([target.place(path) for path in paths], plan, partial(judged, house, context))
    except DetectorError as error:
        return Audited(results=(undecided(NAME, target, words_of(str(error)), rule=f"{NAME}#unread"),))
    digests = {one.path: one.digest for one in target.manifest.files}
    if [digest for _, digest in said.files] != [digests[path] for path in paths]:
        why = Words("a data file changed while it was looked at", "数据文件在检查期间发生变化")
        return Audited(results=(undecided(NAME, target, why, rule=f"{NAME}#changed"),))
    return Audited(results=(*_results(target, said),), paths=frozenset(paths))


def is_data(target: Target, path: str) -> bool:
    """Whether a file is meant as rows; whether it is, its bytes tell when they are read."""
    name = target.path.name if path == "." else path
    return name.lower().endswith(DATA_ENDINGS)


def is_covered(judgement: Judgement, place: Path) -> bool:
    """Whether the bytes of an audited file are rows indeed: a program or pickle that is named so stays the scan's."""
    assert judgement.examination is not None
    if judgement.examination.facts.kind in ROW_KINDS:
        return True
    with place.open("rb") as stream:
        return stream.read(6).startswith(_MAGICS)


def judged(house: House, context: Context, texts: Sequence[str]) -> Iterator[Sequence[Words] | None]:
    """For each row, the rules that ask for a person or a block; None where something left a gap and no rule asks.

    Rows are judged on the line like everything else, so each judgement is in the ledger.
    """
    asked = (
        Job(name=f"{number}", context=context, data=piece.encode("utf-8", "replace"))
        for number, text in enumerate(texts)
        for piece in _pieces(text)
    )
    reasons: list[dict[str, Words]] = [{} for _ in texts]
    has_gap = [bool(text.strip()) and not any(_pieces(text)) for text in texts]
    for judgement in house.line.judge(asked):
        number = int(judgement.job.name)
        if judgement.decision is None:
            has_gap[number] = True
            continue
        for match in judgement.decision.matches:
            if match.rule.startswith(OWN_RULES) or match.error:
                has_gap[number] = True
            elif match.action >= Action.REVIEW:
                reasons[number][match.rule] = match.message
    for found, is_unsure in zip(reasons, has_gap, strict=True):
        yield tuple(found.values()) if found or not is_unsure else None


def _pieces(text: str) -> Iterator[str]:
    if len(text) > PIECE_CHARACTERS * PIECES_LIMIT or not text.strip():
        return
    for start in range(0, len(text), PIECE_CHARACTERS):
        yield text[start : start + PIECE_CHARACTERS]


def _results(target: Target, said: Audit) -> Iterator[CheckResult]:
    for check in said.checks:
        yield _result(target, check)
    for gap in said.gaps:
        yield undecided(NAME, target, gap.why, rule=f"{NAME}#gap")
    yield CheckResult(
        check=NAME,
        rule=f"{NAME}#read",
        status=Status.PASS,
        title=Words("data set", "数据集"),
        why=Words(f"{said.rows} rows of {len(said.files)} files were read", f"已读取 {len(said.files)} 个文件共 {said.rows} 行"),
        digest=target.digest,
        measurements=(exact("dataset.rows", Words("rows", "行数"), said.rows),),
    )  # fmt: skip


def _result(target: Target, check: Check) -> CheckResult:
    title = Words(check.name, check.name)
    source = f":{check.source}" if check.source else ""
    share = check.share
    numbers = () if share is None or not share.of else (
        Measurement(
            name=check.name, title=title, value=share.share, low=share.low, high=share.high,
            level=0.0 if share.method == "all" else 0.95, size=share.of, higher_is_worse=True,
        ),
    )  # fmt: skip
    return CheckResult(
        check=NAME,
        rule=f"{NAME}#{check.name.removeprefix('dataset.')}{source}",
        status=Status(check.status.value),
        title=title,
        why=check.why,
        severity=check.severity,
        digest=target.digest,
        measurements=numbers,
        grounds=check.grounds,
    )
