"""`generators.toml` as rules, and whether one matches a file's properties."""

import json
import tomllib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import msgspec
import re2

from brightline.core.errors import DetectorError
from brightline.provenance.property import Property

RULES_FILE = Path(__file__).parent / "generators.toml"
# A node that samples from a model: without one, a ComfyUI graph may only resize a photograph.
_SAMPLING_NODE = (
    r"(?i)sampler|txt2|text2|text_to|texttoi|texttov|img2img|imagegen|image_gen|diffus|dall-?e|imagine"
)
_NODE_LIMIT = 20_000  # nodes of one graph that are looked at; large workflows have 500


class Strength(StrEnum):
    """How sure a trace makes us that a model made the content."""

    WRITTEN = "written"
    NAMED = "named"
    LIKELY = "likely"
    EDITED = "edited"


_PROBABILITIES = {Strength.WRITTEN: 0.97, Strength.NAMED: 0.93, Strength.LIKELY: 0.8, Strength.EDITED: 0.7}


class Also(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another property that must match too."""

    fields: tuple[str, ...]
    pattern: str


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way in which a generator can be known; the keys are explained in the file."""

    name: str
    vendor: str
    fields: tuple[str, ...]
    pattern: str
    check: Literal["", "comfyui_graph", "json_object"] = ""
    keys: tuple[str, ...] = ()
    also: Also | None = None
    strength: Strength
    standing: Literal["seen", "memory"]

    @property
    def probability(self) -> float:
        """How sure the trace makes us, a house judgement."""
        return _PROBABILITIES[self.strength]


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    groups: dict[str, tuple[str, ...]]
    generator: tuple[Rule, ...]


@cache
def load_rules(path: Path = RULES_FILE) -> tuple[Rule, ...]:
    """All rules, groups of fields spelt out.

    Raises:
        DetectorError: the file is malformed or a pattern does not compile.
    """
    try:
        file = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
        rules = tuple(_spell_out(rule, file.groups) for rule in file.generator)
        for rule in rules:
            _compiled(rule.pattern)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, re2.error) as error:
        raise DetectorError(f"rules of generators `{path}` cannot be read: {error}") from error
    return rules


def matching(rule: Rule, found: Iterable[Property]) -> list[Property]:
    """The properties in which the rule recognises its generator; none if `also` finds nothing."""
    known = list(found)
    places = [each for each in known if each.name in rule.fields and _matches(rule, each.value)]
    if places and rule.also is not None:
        also = [each for each in known if each.name in rule.also.fields]
        return places if any(_compiled(rule.also.pattern).search(each.value) for each in also) else []
    return places


def _spell_out(rule: Rule, groups: dict[str, tuple[str, ...]]) -> Rule:
    names = [name for field in rule.fields for name in groups.get(field, (field,))]
    return msgspec.structs.replace(rule, fields=tuple(dict.fromkeys(names)))


def _matches(rule: Rule, value: str) -> bool:
    if not _compiled(rule.pattern).search(value):
        return False
    match rule.check:
        case "comfyui_graph":
            return any(_compiled(_SAMPLING_NODE).search(kind) for kind in node_kinds(value))
        case "json_object":
            return bool(set(_json_object(value)) & set(rule.keys))
        case "":
            return True


def node_kinds(value: str) -> Iterator[str]:
    """Class names of the nodes of a ComfyUI graph, in either of its forms; nothing if it is no graph.

    >>> list(node_kinds('{"3": {"class_type": "KSampler", "inputs": {}}}'))
    ['KSampler']
    >>> list(node_kinds('workflow:{"nodes": [{"type": "VAEDecode"}], "links": []}'))
    ['VAEDecode']
    >>> list(node_kinds('"class_type" is a word'))
    []
    """
    graph = _json_object(value[value.find("{") :] if "{" in value[:32] else value)
    for inner in (graph, _as_object(graph.get("prompt")), _as_object(graph.get("workflow"))):
        nodes = inner.get("nodes")
        listed = nodes if isinstance(nodes, list) else list(inner.values())
        for node in listed[:_NODE_LIMIT]:
            if isinstance(node, dict):
                kind = node.get("class_type") if nodes is None else node.get("type")
                if isinstance(kind, str):
                    yield kind


def _as_object(value: object) -> dict[str, object]:
    if isinstance(value, str):
        return _json_object(value)
    return value if isinstance(value, dict) else {}


def _json_object(value: str) -> dict[str, object]:
    try:
        found = json.loads(value)  # and not msgspec: ComfyUI writes NaN into its graphs
    except (RecursionError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> "re2._Regexp":
    return re2.compile(pattern)
