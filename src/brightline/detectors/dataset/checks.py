"""The audit's numbers as checks with a status: what a gate counts."""

from collections.abc import Sequence

from brightline.core.decision import Ground, Severity, Standing
from brightline.core.words import Words
from brightline.detectors.dataset.manifest import Source, lacking
from brightline.detectors.dataset.nouns import POISON, Check, Kind, Sampled, SourceShare, Status
from brightline.detectors.dataset.poison import Tested
from brightline.detectors.dataset.sampling import UNLAWFUL_MOST, interval

DUPLICATES_MOST = 0.2  # share of rows like an earlier one, above which the audit warns: a house rule
_CORPUS = Ground(law="TC260-003", article="5.1", standing=Standing.SEEN, as_of="2026-11-23")
_POISON = Ground(law="Qinglang 2026", article="1.4", standing=Standing.SEEN, as_of="2026-11-23")
_HOUSE = Ground(law="house", article="data sets", standing=Standing.HOUSE)
_SAID: dict[Kind, Words] = {
    Kind.TRIGGER: Words("words that decide a label or an answer by themselves", "单独决定标签或回答的触发词"),
    Kind.LABEL_FLIP: Words("labels that the rows' own words speak against", "与内容不符的标签"),
    Kind.CLUSTER: Words("rewordings of one text, labelled against the rest", "标签与其余数据相悖的改写簇"),
    Kind.INJECTION: Words("orders to the model that reads the row", "对模型下达的指令"),
    Kind.PLANTED_FACT: Words("one claim reworded in unrelated rows", "在互不相干的数据中反复改写的说法"),
}


def poison_checks(tested: Tested, rows: int) -> tuple[Check, ...]:
    """One check for each way of poisoning; a find warns, since a person must read the rows."""
    untested = {Kind.LABEL_FLIP, Kind.CLUSTER} if tested.gaps else set()
    made = []
    for kind in POISON:
        if kind in {Kind.LABEL_FLIP, Kind.CLUSTER} and not tested.is_labelled:
            continue
        count = tested.counts.get(kind, 0)
        status = Status.WARN if count else Status.UNDECIDED if kind in untested else Status.PASS
        said = _SAID[kind]
        if status is Status.UNDECIDED:
            why = Words(f"{said.en}: not tested, too few labels", f"{said.zh}：标签过少，未检测")
        else:
            why = Words(f"{said.en}: {count} of {rows} rows", f"{said.zh}：{rows} 行中有 {count} 行")
        made.append(
            Check(
                name=f"dataset.poison.{kind}",
                status=status,
                severity=Severity.HIGH,
                why=why,
                share=interval(count, rows, is_all=True),
                grounds=(_POISON,),
            )
        )
    return tuple(made)


def checks_of(
    tested: Tested,
    shares: Sequence[SourceShare],
    sample: Sequence[Sampled],
    rows: int,
    manifest: Sequence[Source],
) -> tuple[Check, ...]:
    """Sources, their unlawful share, their right of use; duplicates, contamination, personal data and listed words."""
    judged = [_unlawful(one) for one in shares]
    counted = [
        _counted(tested, rows, "dataset.personal", Kind.PERSONAL, "identifiers of persons", "个人身份标识"),
        _counted(
            tested,
            rows,
            "dataset.contamination",
            Kind.CONTAMINATION,
            "rows of evaluation sets",
            "评测集中的数据",
        ),
        _counted(tested, rows, "dataset.keywords", Kind.LISTED, "rows with listed words", "含词库词语的数据"),
    ]
    drawn = Check(
        name="dataset.sample",
        status=Status.PASS if sample else Status.UNDECIDED,
        why=Words(f"{len(sample)} of {rows} rows were drawn", f"从 {rows} 行中抽取了 {len(sample)} 行"),
        grounds=(_CORPUS,),
    )
    return (*judged, *_authorised(shares, manifest), *counted, _duplicates(tested, rows), drawn)


def _unlawful(one: SourceShare) -> Check:
    """Above 5 % is rejected; where only the interval's end is above, people must read more."""
    share, name = one.unlawful, one.name or "(none)"
    if share is None or not share.of:
        status = Status.UNDECIDED
        why = Words(f"source `{name}`: nobody read a sample", f"来源 `{name}`：未对样本作出判断")
    else:
        status = (
            Status.FAIL
            if share.low > UNLAWFUL_MOST
            else Status.WARN
            if share.high > UNLAWFUL_MOST
            else Status.PASS
        )
        text = f"{share.share:.1%} ({share.low:.1%} - {share.high:.1%})"
        why = Words(
            f"source `{name}`: {text} of {share.of} rows judged unlawful or harmful, at most 5 % may be",
            f"来源 `{name}`：抽检 {share.of} 行，违法不良占 {text}，上限 5%",
        )
    return Check(
        name="dataset.source.unlawful", status=status, severity=Severity.HIGH, why=why, share=share, source=one.name,
        grounds=(_CORPUS,),
    )  # fmt: skip


def _authorised(shares: Sequence[SourceShare], manifest: Sequence[Source]) -> list[Check]:
    said = {source.name: source for source in manifest}
    made = []
    for one in shares:
        known = said.get(one.name)
        missing = lacking(known) if known is not None else ("manifest",)
        name = one.name or "(none)"
        why = (
            Words(f"source `{name}` lacks: {', '.join(missing)}", f"来源 `{name}` 缺少：{'、'.join(missing)}")
            if missing
            else Words(
                f"source `{name}`: authorised, dated, signed for", f"来源 `{name}`：授权、日期与采集方齐全"
            )
        )
        status = Status.FAIL if "authorisation" in missing else Status.WARN if missing else Status.PASS
        made.append(
            Check(
                name="dataset.source.authorised", status=status, why=why, source=one.name, grounds=(_CORPUS,)
            )
        )
    return made


def _counted(tested: Tested, rows: int, name: str, kind: Kind, en: str, zh: str) -> Check:
    count = tested.counts.get(kind, 0)
    return Check(
        name=name,
        status=Status.WARN if count else Status.PASS,
        why=Words(f"{en}: {count} of {rows} rows", f"{zh}：{rows} 行中有 {count} 行"),
        share=interval(count, rows, is_all=True),
        grounds=(_HOUSE,),
    )


def _duplicates(tested: Tested, rows: int) -> Check:
    count = tested.counts.get("near_duplicates", 0)
    return Check(
        name="dataset.duplicates",
        status=Status.WARN if count > DUPLICATES_MOST * rows else Status.PASS,
        severity=Severity.LOW,
        why=Words(f"near-duplicates: {count} of {rows} rows", f"近似重复：{rows} 行中有 {count} 行"),
        share=interval(count, rows, is_all=True),
        grounds=(_HOUSE,),
    )
