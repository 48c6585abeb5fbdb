"""`text.unicode`: hidden, reordered and look-alike characters.

Facts of the characters (a payload that decodes, a control that nothing closes) have basis PROOF; what only looks
like deceit is an ESTIMATE with the probability that its card measures.
"""

from collections.abc import Iterator

import msgspec

from brightline.carriers.text_wrapper import find_wrapper
from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Field, Finding, details
from brightline.core.harm import Harm
from brightline.core.subject import Kind, Media, Subject
from brightline.core.words import Words
from brightline.detectors.text.bidi import Reordered, Reordering, find_reordered
from brightline.detectors.text.confusable import WORDS_LIMIT, Confusable, Confusion, find_confusable
from brightline.detectors.text.invisible import Hidden, Hiding, find_hidden
from brightline.detectors.text.payload import PAYLOAD_LIMIT, reads_as_order
from brightline.media.wellformed import well_formed

NAME = "text.unicode"

WORDS_QUOTED = 3  # look-alike words that a finding quotes
WORD_QUOTED = 24  # characters of each
SPANS_LIMIT = 100  # places that one finding lists
FIELD_LIMIT = 16_384  # characters of a header field that are looked at
SHOWN_FIELDS = ("subject", "from", "title")
_ENCODINGS_OF_MANIFESTS = frozenset({"", "utf-8", "utf-8-sig"})  # C2PA 2.4, A.8 knows no other

EVEN = 0.5  # fewer than ten hits in the data: even odds, which no rule may take for sure
# Precision at equal priors, conservative bound, held by source: see `unicode.card.toml`, [calibration].
PROBABILITY: dict[str, float] = {
    Hiding.VARIATION_RUN: EVEN,
    Hiding.ZERO_WIDTH_RUN: EVEN,
    Hiding.WORD_SPLIT: 0.9,
    Hiding.WORD_SHREDDED: EVEN,
    Hiding.STACKED_MARKS: EVEN,
    Hiding.SOFT_HYPHEN: EVEN,
    Hiding.FILLER: EVEN,
    Hiding.PADDING: EVEN,  # the data hold no modern newsletters, which pad honestly
    Reordering.OVERRIDE: 0.83,
    Confusion.MIXED_SCRIPT: 0.95,
    Confusion.WHOLE_SCRIPT: EVEN,
    Confusion.MIXED_STYLE: EVEN,
}

_HIDING_WORDS: dict[Hiding, Words] = {
    Hiding.TAGS: Words(
        en="invisible tag characters, outside any flag", zh="含有不可见的标签字符，且不属于旗帜表情"
    ),
    Hiding.VARIATION_CODE: Words(
        en="variation selectors spell hidden bytes", zh="变体选择符编码了隐藏的字节"
    ),
    Hiding.VARIATION_RUN: Words(
        en="runs of variation selectors that no writing system uses",
        zh="出现任何文字都不会使用的连续变体选择符",
    ),
    Hiding.ZERO_WIDTH_CODE: Words(
        en="zero-width characters spell a hidden message", zh="零宽字符编码了隐藏的信息"
    ),
    Hiding.ZERO_WIDTH_RUN: Words(
        en="long runs of different zero-width characters", zh="出现成串的多种零宽字符"
    ),
    Hiding.WORD_SPLIT: Words(
        en="words are broken by invisible characters, so that filters miss them",
        zh="词语被不可见字符拆开，可能是为了躲过过滤",
    ),
    Hiding.WORD_SHREDDED: Words(
        en="the letters of a word are kept apart by invisible characters, so that filters miss it",
        zh="词语的每个字之间都夹有不可见字符，可能是为了躲过过滤",
    ),
    Hiding.STACKED_MARKS: Words(
        en="letters carry piles of combining marks, more than any language writes",
        zh="字母上叠加了任何语言都不会用到的大量组合符号",
    ),
    Hiding.SOFT_HYPHEN: Words(
        en="soft hyphens stand where no hyphenation puts them", zh="软连字符出现在不应断词的位置"
    ),
    Hiding.FILLER: Words(en="blank letters that look like nothing", zh="含有显示为空白的填充字母"),
    Hiding.PADDING: Words(
        en="blank padding, usual behind the preview line of newsletters",
        zh="含有空白填充，常见于邮件的预览行之后",
    ),
}
# What is worth a warning when nothing was decoded: measured on mail, it goes with fraud.
_EVASIONS = frozenset({Hiding.WORD_SPLIT, Hiding.WORD_SHREDDED, Hiding.SOFT_HYPHEN, Hiding.ZERO_WIDTH_RUN})
_CONFUSION_WORDS: dict[Confusion, Words] = {
    Confusion.MIXED_SCRIPT: Words(
        en="words mix Latin with look-alike letters of another script",
        zh="词语混用了拉丁字母和其他文字的形近字母",
    ),
    Confusion.WHOLE_SCRIPT: Words(
        en="words of another script read as Latin words", zh="整词用其他文字的字母冒充拉丁字母"
    ),
    Confusion.MIXED_STYLE: Words(
        en="words mix plain letters with fullwidth or mathematical ones",
        zh="词语混用了普通字母和全角或数学字母",
    ),
}


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `text.hidden`, `text.bidi` and `text.confusable`, at most one finding for each kind of them.

    The text is looked at, and the header fields that a reader sees; their findings point at the field. A well-formed
    C2PA manifest in a plain text hides nothing: `provenance.c2pa` reads it.

    Raises:
        DetectorError: the text mixes scripts in more words than are looked at.
    """
    for name in SHOWN_FIELDS:
        value = subject.header(name)
        if not value.isascii():
            for finding in _findings(value[:FIELD_LIMIT], to_people=True):
                yield msgspec.structs.replace(finding, where=(Field(name),))
    if not subject.text.isascii():
        # Letters shown backwards deceive the reader of a message; in a plain file, code as a rule, they hide a change.
        to_people = subject.kind.media is Media.MESSAGE or subject.kind is Kind.HTML
        yield from _findings(_without_manifest(subject), to_people=to_people)


def _without_manifest(subject: Subject) -> str:
    """The text with spaces in place of its C2PA wrapper, so that what is found behind it keeps its place."""
    if subject.kind is not Kind.TEXT or subject.header("encoding") not in _ENCODINGS_OF_MANIFESTS:
        return subject.text
    wrapper = find_wrapper(subject.text)
    if wrapper is None:
        return subject.text
    return subject.text[: wrapper.start] + " " * (wrapper.end - wrapper.start) + subject.text[wrapper.end :]


def _findings(text: str, *, to_people: bool) -> Iterator[Finding]:
    text = well_formed(text)
    for hidden in find_hidden(text):
        yield _hidden_finding(hidden)
    for reordered in find_reordered(text):
        yield _reordered_finding(reordered, to_people=to_people)
    confusables = find_confusable(text)
    for kind in Confusion:
        if words := [word for word in confusables.words if word.kind is kind]:
            yield _confusable_finding(words)
    if not confusables.is_complete:
        raise DetectorError(f"more than {WORDS_LIMIT} words of mixed script: the rest was not looked at")


def _hidden_finding(hidden: Hidden) -> Finding:
    payload = hidden.payload[:PAYLOAD_LIMIT]
    is_fact = hidden.kind is Hiding.TAGS or bool(payload)
    is_order = reads_as_order(hidden.payload)
    words = _HIDING_WORDS[hidden.kind]
    return Finding(
        detector=NAME,
        claim="text.hidden",
        basis=Basis.PROOF if is_fact else Basis.ESTIMATE,
        probability=1.0 if is_fact else PROBABILITY[hidden.kind],
        harm=_hidden_harm(hidden.kind, is_order),
        why=_quoting(words, payload),
        where=hidden.spans,
        details=details(
            count=str(hidden.count),
            kind=hidden.kind.value,
            payload=payload,
            reads_as_order="yes" if is_order else "",
        ),
    )


def _hidden_harm(kind: Hiding, is_order: bool) -> Harm | None:
    if is_order:
        return Harm.PROMPT_INJECTION
    return Harm.FRAUD_AI if kind in _EVASIONS else None


def _reordered_finding(reordered: Reordered, *, to_people: bool) -> Finding:
    is_override = reordered.kind is Reordering.OVERRIDE
    if is_override:
        words = _quoting(
            Words(en="Latin letters are shown backwards", zh="拉丁字母被反向显示"),
            reordered.shown[:PAYLOAD_LIMIT],
        )
    else:
        words = Words(
            en="a direction control is still open where its line ends: what is shown may differ from what is there",
            zh="双向控制符在行尾仍未关闭：显示的内容可能与实际内容不同",
        )
    return Finding(
        detector=NAME,
        claim="text.bidi",
        basis=Basis.ESTIMATE if is_override else Basis.PROOF,
        probability=PROBABILITY[Reordering.OVERRIDE] if is_override else 1.0,
        harm=Harm.FRAUD_AI if is_override and to_people else None,
        why=words,
        where=reordered.spans,
        details=details(count=str(reordered.count), kind=reordered.kind.value),
    )


def _confusable_finding(words: list[Confusable]) -> Finding:
    kind = words[0].kind
    quoted = ", ".join(word.looks_like[:WORD_QUOTED] for word in words[:WORDS_QUOTED])
    return Finding(
        detector=NAME,
        claim="text.confusable",
        basis=Basis.ESTIMATE,
        probability=PROBABILITY[kind],
        harm=Harm.FRAUD_AI,
        why=_quoting(_CONFUSION_WORDS[kind], quoted),
        where=tuple(word.span for word in words[:SPANS_LIMIT]),
        details=details(
            count=str(len(words)), kind=kind.value, level=words[0].level.value, looks_like=quoted
        ),
    )


def _quoting(words: Words, quote: str) -> Words:
    if not quote:
        return words
    return Words(en=f"{words.en}: “{quote}”", zh=f"{words.zh}：“{quote}”")
