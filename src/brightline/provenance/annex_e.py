"""GB 45438-2025 Annex E: what a mark's text says, and everything that is wrong with it.

Reading is lenient (Base64, JSON in JSON, other wrappers and field orders are undone), judging is strict: whatever had
to be undone is a defect.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from brightline.carriers.candidate import TEXT_LIMIT_BYTES, Candidate, Form, Oddity, Shape
from brightline.provenance.annex_e_defects import FIELDS, GUIDES, Defect
from brightline.provenance.provider_code import CodeFault, ProviderCode, parse_provider_code

LABELS = frozenset({"1", "2", "3"})
REQUIRED = ("Label", "ContentProducer", "ProduceID")
RESERVED = ("ReservedCode1", "ReservedCode2")
_ALLOWED = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]*")  # E j
_NOT_ALLOWED = re.compile(r"[^\x21\x23-\x5b\x5d-\x7e]")
_FOREIGN = ("ServiceProvider", "ServiceUser", "Time", "ContentId")  # Tencent Cloud's variant
_LAYERS = 6  # wrappers, JSON strings and Base64 around the fields; in files at most two were seen
_UNKNOWN_LIMIT = 16  # unknown keys that get a defect of their own
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_PREFIX = re.compile(r'AIGC["\']?\s*[=:]?\s*(?=\{)')
_ODD_DEFECTS = {
    oddity: oddity.value for oddity in Oddity
}  # each oddity of a place is the defect of that name


class Value(msgspec.Struct, frozen=True):
    """One field of a mark as it was found."""

    name: str
    text: str
    is_string: bool


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One implicit mark: its fields in their order, where it lies, and its defects."""

    candidate: Candidate
    values: tuple[Value, ...]
    defects: tuple[Defect, ...]

    def value(self, name: str) -> str:
        """The first value of a field, or the empty string."""
        return next((value.text for value in self.values if value.name == name), "")

    @property
    def producer(self) -> str:
        """Who generated it, by the standard's field or by a cloud service's own."""
        return self.value("ContentProducer") or self.value("ServiceProvider")

    @property
    def produce_id(self) -> str:
        """The content's number, by the standard's field or by a cloud service's own."""
        return self.value("ProduceID") or self.value("ContentId")


class _Object(list[tuple[str, object]]):
    """A JSON object as its pairs: order and repeated keys are what we judge."""


class _Unwrapped(msgspec.Struct, frozen=True):
    values: tuple[Value, ...]
    defects: tuple[Defect, ...]
    wrapped: bool = False


def read_mark(candidate: Candidate) -> Mark:
    """Read a candidate and find its defects. Never raises: what cannot be read is a defect."""
    if candidate.form in {Form.YAML, Form.XMP_STRUCTURE}:
        values = tuple(Value(pair.name, pair.value, pair.quoted) for pair in candidate.fields)
        kinds = (Defect("laid_out"),) if candidate.form is Form.XMP_STRUCTURE else ()
        found = _Unwrapped(values, kinds if values else (Defect("empty"),))
    else:
        found = _unwrap(candidate.text)
    defects = [*found.defects, *_shape_defects(candidate, found), *_place_defects(candidate)]
    if found.values:
        defects += _field_defects(found.values, yaml=candidate.form is Form.YAML)
    return Mark(candidate=candidate, values=found.values, defects=tuple(dict.fromkeys(defects)))


def producer_form(producer: str) -> str:
    """`code`, `name` or `malformed_code`; empty for no producer."""
    if not producer:
        return ""
    parsed = parse_provider_code(producer)
    if isinstance(parsed, ProviderCode):
        return "code"
    return "name" if parsed is CodeFault.NAME else "malformed_code"


def has_signature(mark: Mark) -> bool:
    """Whether a reserved code carries the security data of TC260-PG-202511A; it is not verified here."""
    return any('"SecurityData"' in mark.value(name).replace("\\", "") for name in RESERVED)


def _unwrap(text: str) -> _Unwrapped:
    """Undo what lies around the fields, layer by layer, noting each as a defect."""
    defects: list[Defect] = []
    wrapped = False
    if len(text) > TEXT_LIMIT_BYTES:
        return _Unwrapped((), (Defect("too_large"),))
    if not text.strip(" \t\r\n\x00"):
        return _Unwrapped((), (Defect("empty"),))
    value: object = text
    raw = True  # not yet taken for JSON: a string that JSON gave us and that holds JSON is encoded twice
    for _ in range(_LAYERS):
        if isinstance(value, str):
            defects += [] if raw else [Defect("double_encoded")]
            value, peeled = _parse(value)
            raw = bool(peeled)
            defects += peeled
        elif isinstance(value, _Object) and _wrapper_key(value):
            wrapped, raw, key = True, False, _wrapper_key(value)
            defects += [
                Defect("unknown_key", name, name) for name, _ in value[:_UNKNOWN_LIMIT] if name != key
            ]
            value = next(inner for name, inner in value if name == key)
        else:
            break
    if isinstance(value, _Object):
        empty = () if value else (Defect("empty"),)
        return _Unwrapped(tuple(_value_of(*pair) for pair in value), (*defects, *empty), wrapped)
    if not any(defect.code in {"not_json", "too_large"} for defect in defects):
        defects.append(Defect("not_object"))
    return _Unwrapped((), tuple(defects), wrapped)


def _parse(text: str) -> tuple[object, list[Defect]]:
    """One layer of text: JSON, or what is behind a prefix, behind backslashes or in Base64, with its defect."""
    text = text.strip(" \t\r\n\x00\ufeff")
    try:
        return _loads(text), []
    except RecursionError:
        return None, [Defect("too_large")]
    except ValueError:
        pass
    prefix = _PREFIX.match(text)
    if prefix:
        return text[prefix.end() :], [Defect("glued")]
    if text.startswith('{\\"'):
        return text.replace('\\"', '"').replace("\\\\", "\\"), [Defect("double_encoded")]
    plain = _from_base64(text)
    if plain:
        return plain, [Defect("base64")]
    return None, [Defect("not_json", "", text)]


def _loads(text: str) -> object:
    return json.loads(text, object_pairs_hook=_Object)


def _from_base64(text: str) -> str:
    """The text inside Base64 (either alphabet) that holds an object, or the empty string."""
    joined = re.sub(r"\s", "", text)
    if not _BASE64.fullmatch(joined):
        return ""
    try:
        data = base64.b64decode(joined.replace("-", "+").replace("_", "/") + "=" * (-len(joined) % 4))
        plain = data.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return plain if "{" in plain else ""


def _wrapper_key(value: _Object) -> str:
    """The key that wraps the fields, or the empty string."""
    return next((key for key, inner in value if "AIGC" in key and isinstance(inner, _Object | str)), "")


def _value_of(name: str, value: object) -> Value:
    if isinstance(value, str):
        return Value(name, value, is_string=True)
    try:
        text = json.dumps(_plain(value))
    except (RecursionError, ValueError):  # nested too deeply, or a number of too many digits
        text = "{...}"
    return Value(name, text, is_string=False)


def _plain(value: object) -> object:
    if isinstance(value, _Object):
        return {key: _plain(inner) for key, inner in value}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _shape_defects(candidate: Candidate, found: _Unwrapped) -> Iterator[Defect]:
    if candidate.form in {Form.YAML, Form.XMP_STRUCTURE} or not found.values:
        return
    if candidate.shape is Shape.WRAPPED and not found.wrapped:
        yield Defect("bare", guide=_guide(candidate))
    if candidate.shape is Shape.BARE and found.wrapped:
        yield Defect("wrapped", guide=_guide(candidate))


def _place_defects(candidate: Candidate) -> Iterator[Defect]:
    yield from (Defect(_ODD_DEFECTS[oddity], guide=_guide(candidate)) for oddity in candidate.oddities)


def _guide(candidate: Candidate) -> str:
    return GUIDES.get(candidate.carrier.partition(":")[0], "TC260-PG")


def _field_defects(values: tuple[Value, ...], *, yaml: bool) -> Iterator[Defect]:
    yield from _key_defects(values)
    yield from _order_defects(values, yaml=yaml)
    empty = "unknown_producer" if _is_of_platform(values) else "empty_field"
    for name in FIELDS:
        value = next((value for value in values if value.name == name), None)
        if value is None:
            yield Defect("missing_field" if name in REQUIRED else "missing_optional", name)
        elif not value.text and name in REQUIRED:
            yield Defect("empty_field" if name == "Label" else empty, name)
        else:
            yield from _value_defects(value, yaml=yaml)


def _is_of_platform(values: tuple[Value, ...]) -> bool:
    """Whether a platform says that it may be, or is suspected to be, generated: it need not know by whom (Art. 6)."""
    named = {value.name: value.text for value in values}
    return named.get("Label") in {"2", "3"} and bool(named.get("ContentPropagator"))


def _key_defects(values: tuple[Value, ...]) -> Iterator[Defect]:
    unknown = [value.name for value in values if value.name not in FIELDS]
    if any(name in _FOREIGN for name in unknown):
        yield Defect("foreign_fields", "", ", ".join(name for name in unknown if name in _FOREIGN))
    for name in [name for name in unknown if name not in _FOREIGN][:_UNKNOWN_LIMIT]:
        yield Defect("unknown_key", name, name)
    for name in FIELDS:
        same = {value.text for value in values if value.name == name}
        if sum(value.name == name for value in values) > 1:
            yield Defect("repeated_key" if len(same) == 1 else "contradicting_key", name)


def _order_defects(values: tuple[Value, ...], *, yaml: bool) -> Iterator[Defect]:
    names = dict.fromkeys(
        value.name for value in values if value.name in FIELDS
    )  # a repeated key has its own defect
    ranks = [FIELDS.index(name) for name in names]
    late = next((rank for before, rank in pairwise(ranks) if rank < before), None)
    if late is not None:
        yield Defect("order_yaml" if yaml else "order", FIELDS[late])


def _value_defects(value: Value, *, yaml: bool) -> Iterator[Defect]:
    reserved = value.name in RESERVED
    if not value.is_string and yaml and value.text != "{...}":
        yield Defect("unquoted", value.name)
    elif not value.is_string:
        yield Defect("reserved_type" if reserved else "field_type", value.name)
        return
    if value.name == "Label" and value.text not in LABELS:
        yield Defect("label_value", "Label", value.text)
    if not _ALLOWED.fullmatch(value.text):
        wrong = _NOT_ALLOWED.search(value.text)
        shown = wrong.group() if wrong else ""
        shown = shown if shown.isprintable() and shown != " " else f"U+{ord(shown):04X}"
        yield Defect("charset_reserved" if reserved else "charset", value.name, shown)
    if value.name in {"ContentProducer", "ContentPropagator"}:
        parsed = parse_provider_code(value.text)
        if isinstance(parsed, CodeFault) and parsed is not CodeFault.NAME:
            yield Defect("malformed_code", value.name, parsed.value)
