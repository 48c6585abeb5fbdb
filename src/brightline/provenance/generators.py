"""Declarations and traces in metadata: IPTC digital source types, records of generators, cameras and editors.

What traces look like is data (`generators.toml`); nothing here knows a generator by name. A trace is a declaration:
anyone can write one and anyone can strip it.
"""

from collections.abc import Iterator

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Detail, Field, Finding
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.provenance.generator_rules import Rule, load_rules, matching
from brightline.provenance.manifest import AI_SOURCE_TYPES
from brightline.provenance.metadata import properties_of
from brightline.provenance.property import Property

NAME = "provenance.generators"

QUOTE_LIMIT = 80  # characters of content in a finding
PLACE_LIMIT = 16  # places and source types in a finding; honest files need a few
# The IPTC term is the most deliberate declaration there is; platforms label by it. House judgement, see the card.
PROBABILITY_SOURCE_TYPE = 0.97
PROBABILITY_SYSTEM_NAMED = 0.95
_SOURCE_TYPE = frozenset({"xmp.DigitalSourceType", "xmp.DigitalSourcetype"})
_AI_WORDS = {term.lower(): term for term in AI_SOURCE_TYPES}  # some tools write `Trained Algorithmic Media`
_SYSTEM_USED = "xmp.AISystemUsed"  # IPTC Photo Metadata 2025.1
_SOFTWARE = (
    "exif.Software",
    "xmp.CreatorTool",
    "png.Software",
    "iim.program",
    "exif.ProcessingSoftware",
    "media.encoder",
)
_MAKERS = (("exif.Make", "exif.Model"), ("xmp.Make", "xmp.Model"))


def detect(subject: Subject) -> Iterator[Finding]:
    """Findings `origin.ai_declared`, one a generator or source type, and one `origin.trace` of everything else.

    Raises:
        DetectorError: the metadata is broken or over a limit; what was read before has been judged.
    """
    found: list[Property] = []
    failure: DetectorError | None = None
    try:
        found.extend(properties_of(subject.blob, subject.kind))
    except DetectorError as error:
        failure = error
    yield from _judge(found)
    if failure is not None:
        raise failure


def _judge(found: list[Property]) -> Iterator[Finding]:
    yield from _declared_by_iptc(found)
    records = _records(found)
    yield from (_finding_of(rule, places) for rule, places in records.values())
    used = {place.name for _, places in records.values() for place in places}
    yield _trace([each for each in found if each.name not in used])


def _records(found: list[Property]) -> dict[str, tuple[Rule, list[Property]]]:
    """The strongest rule that matched for each generator, with the properties where it did."""
    records: dict[str, tuple[Rule, list[Property]]] = {}
    for rule in load_rules():
        places = matching(rule, found)
        if not places:
            continue
        best, earlier = records.get(rule.name, (rule, []))
        stronger = rule if rule.probability > best.probability else best
        records[rule.name] = (stronger, earlier + [place for place in places if place not in earlier])
    return records


def _declared_by_iptc(found: list[Property]) -> Iterator[Finding]:
    types = {_last_word(each.value): each for each in found if each.name in _SOURCE_TYPE}
    systems = [each for each in found if each.name == _SYSTEM_USED]
    system = _quote(systems[0].value) if systems else ""
    for kind in sorted(types.keys() & AI_SOURCE_TYPES):
        words = Words(
            en=f"the IPTC digital source type in its metadata is {kind}",
            zh=f"元数据中的 IPTC 数字来源类型为 {kind}（AI 生成）",
        )
        details = {"by": "iptc", "generator": system, "source_type": kind}
        yield _declared(words, details, [types[kind]], PROBABILITY_SOURCE_TYPE)
    if systems and not types.keys() & AI_SOURCE_TYPES:
        words = Words(
            en=f"its IPTC metadata names the AI system “{system}”",
            zh=f"IPTC 元数据写明使用的 AI 系统为“{system}”",
        )
        yield _declared(words, {"by": "iptc", "generator": system}, systems[:1], PROBABILITY_SYSTEM_NAMED)


def _finding_of(rule: Rule, places: list[Property]) -> Finding:
    shown = _quote(places[0].value)
    words = Words(
        en=f"`{_quote(places[0].name)}` carries a trace of {rule.name}: “{shown}”",
        zh=f"元数据字段 `{_quote(places[0].name)}` 带有 {rule.name} 的痕迹：“{shown}”",
    )
    details = {"by": "generator", "generator": rule.name, "vendor": rule.vendor, "strength": rule.strength}
    return _declared(words, details, places, rule.probability)


def _declared(why: Words, details: dict[str, str], places: list[Property], probability: float) -> Finding:
    return Finding(
        detector=NAME,
        claim="origin.ai_declared",
        basis=Basis.DECLARED,
        probability=probability,
        why=why,
        where=_places(places),
        details=_details(details),
    )


def _trace(found: list[Property]) -> Finding:
    """What the metadata says of cameras, editors and other source types; `found=no` when it says nothing."""
    values = {each.name: each.value for each in reversed(found)}
    types = (_last_word(each.value) for each in found if each.name in _SOURCE_TYPE)
    types = (kind for kind in types if kind not in AI_SOURCE_TYPES)
    details = {
        "camera": _camera(values),
        "software": _quote("; ".join(dict.fromkeys(values[name] for name in _SOFTWARE if name in values))),
        "source_type": ",".join(list(dict.fromkeys(types))[:PLACE_LIMIT]),
    }
    said = ", ".join(value for value in details.values() if value)
    return Finding(
        detector=NAME,
        claim="origin.trace",
        basis=Basis.DECLARED,
        probability=1.0,
        why=Words(
            en=f"its metadata names “{_quote(said)}”"
            if said
            else "its metadata names no camera and no program",
            zh=f"元数据写有“{_quote(said)}”" if said else "元数据未写明相机或软件",
        ),
        where=_places([each for each in found if each.name in _SOFTWARE or "Make" in each.name]),
        details=_details({**details, "found": "yes" if said else "no"}),
    )


def _camera(values: dict[str, str]) -> str:
    for make, model in _MAKERS:
        if values.get(make) or values.get(model):
            return _quote(f"{values.get(make, '')} {values.get(model, '')}".strip())
    return ""


def _places(found: list[Property]) -> tuple[Field, ...]:
    return tuple(Field(name) for name in sorted({_quote(each.name) for each in found})[:PLACE_LIMIT])


def _details(values: dict[str, str]) -> tuple[Detail, ...]:
    return tuple(Detail(name, value) for name, value in sorted(values.items()) if value)


def _last_word(iri: str) -> str:
    """`http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia` -> `trainedAlgorithmicMedia`."""
    path = iri.strip().partition("?")[0].rstrip("/").replace(":", "/").replace("#", "/")
    word = _quote(path.rsplit("/", 1)[-1])
    return _AI_WORDS.get(word.replace(" ", "").lower(), word)


def _quote(text: str) -> str:
    """At most 80 characters, on one line, without control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:QUOTE_LIMIT]).strip()
