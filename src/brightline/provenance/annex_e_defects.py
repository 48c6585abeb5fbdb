"""Every defect that an implicit mark can have: its clause, how grave it is, and what to say of it.

Levels: `error` where GB 45438-2025 itself is broken, `warning` where only a practice guide (TC260-PG) or a fact that
we could not check against the standard's own text is. Clauses of Annex E: a) keyword, b) plain JSON, c) to i) the
seven fields in their order, j) characters.
"""

from enum import StrEnum

import msgspec

from brightline.core.harm import Harm
from brightline.core.words import Words

GB = "GB 45438-2025"
FIELDS = (
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
)
GUIDES = {  # practice guide of a carrier, by the first word of its place
    "png": "TC260-PG-20259A",
    "jpeg": "TC260-PG-20259A",
    "webp": "TC260-PG-20259A",
    "heif": "TC260-PG-20259A",
    "tiff": "TC260-PG-20259A",
    "gif": "TC260-PG-20259A",
    "ooxml": "TC260-PG-20258A",
    "pdf": "TC260-PG-20258A",
    "markdown": "TC260-PG-20258A",
    "wav": "TC260-PG-202510A",
    "mp3": "TC260-PG-202510A",
    "flac": "TC260-PG-202510A",
    "ogg": "TC260-PG-202510A",
    "avi": "TC260-PG-20257A",
    "matroska": "TC260-PG-20257A",
    "flv": "TC260-PG-20257A",
    "mp4": "TC260-PG-20257A",
}
FIELD_CLAUSES = {name: f"{GB} E {letter}" for name, letter in zip(FIELDS, "cdefghi", strict=True)}
QUOTE_CHARACTERS = 40  # in a sentence: two quotes and the words around them stay short
DETAIL_CHARACTERS = 80  # as a detail: the longest produce id in use has 65


class Level(StrEnum):
    """How grave a defect is."""

    ERROR = "error"
    WARNING = "warning"


class DefectKind(msgspec.Struct, frozen=True):
    """What is the same for every defect with one code.

    Attributes:
        clause: of which text; `{field}` stands for the field's own clause, `{guide}` for the carrier's guide.
        level: error makes the file noncompliant.
        en: what to say, `{field}` and `{quote}` filled in.
        zh: the same in 中文.
        harm: what it warns of, None where the mark still does its work.
    """

    clause: str
    level: Level
    en: str
    zh: str
    harm: Harm | None = None


class Defect(msgspec.Struct, frozen=True):
    """One defect of one mark: its code in `DEFECTS`, the field concerned, a short quote, and the carrier's guide."""

    code: str
    field: str = ""
    quote: str = ""
    guide: str = "TC260-PG"

    @property
    def kind(self) -> DefectKind:
        """The table's row for this code."""
        return DEFECTS[self.code]

    @property
    def clause(self) -> str:
        """The clause that is broken, e.g. `GB 45438-2025 E j`."""
        return self.kind.clause.format(field=FIELD_CLAUSES.get(self.field, f"{GB} E"), guide=self.guide)

    @property
    def why(self) -> Words:
        """What is wrong, in words."""
        values = {"field": quote(self.field), "quote": quote(self.quote)}
        return Words(en=self.kind.en.format(**values), zh=self.kind.zh.format(**values))


def quote(text: str, limit: int = QUOTE_CHARACTERS) -> str:
    """At most `limit` characters, without control characters or lone surrogates."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(character if character.isprintable() else "\ufffd" for character in cut)


def _error(clause: str, en: str, zh: str, harm: Harm | None = None) -> DefectKind:
    return DefectKind(clause, Level.ERROR, en, zh, harm)


def _warning(clause: str, en: str, zh: str) -> DefectKind:
    return DefectKind(clause, Level.WARNING, en, zh)


_VOID = Harm.UNLABELLED_AIGC  # such a mark tells a reader nothing
_TAMPERED = Harm.LABEL_TAMPERED

DEFECTS: dict[str, DefectKind] = {
    # How many
    "duplicate": _error(
        f"{GB} 6.1 c", "the file carries more than one implicit mark; exactly one is allowed, even if they agree",
        "文件含有多个隐式标识；即使内容一致，也只允许保留一份",
    ),
    "contradiction": _error(
        f"{GB} 6.1 c", "the file carries implicit marks that contradict each other in `{field}`",
        "文件含有多个相互矛盾的隐式标识（`{field}` 不一致）", _TAMPERED,
    ),
    # The value as a whole
    "keyword": _error(
        f"{GB} E a", "the metadata key that holds the mark does not contain `AIGC`",
        "存放标识的元数据字段名未包含 `AIGC`",
    ),
    "empty": _error(f"{GB} E b", "there is a place for the mark, but it is empty", "标识字段存在，但内容为空", _VOID),
    "base64": _error(
        f"{GB} E b", "the mark is Base64; the standard asks for the JSON string as plain text",
        "标识为 Base64 编码；标准要求以明文 JSON 字符串写入",
    ),
    "double_encoded": _error(
        f"{GB} E b", "the mark is JSON encoded twice: a string that holds JSON", "标识被重复 JSON 编码：字符串中又含 JSON",
    ),
    "not_json": _error(
        f"{GB} E b", "the mark's value is no JSON: `{quote}`", "标识内容不是 JSON：`{quote}`", _VOID,
    ),
    "not_object": _error(
        f"{GB} E b", "the mark's value is JSON, but no object with fields", "标识内容是 JSON，但不是含字段的对象", _VOID,
    ),
    "too_large": _error(
        f"{GB} E b", "the mark's value is larger than 64 KiB or nests too deeply", "标识内容超过 64 KiB 或嵌套过深", _VOID,
    ),
    "laid_out": _error(
        f"{GB} E b", "the fields are XMP properties of their own; the standard asks for one JSON string",
        "各字段被拆成独立的 XMP 属性；标准要求写成一个 JSON 字符串",
    ),
    "wrapped": _warning(
        "{guide}", 'the mark is wrapped in `{{"AIGC":...}}` where the carrier\'s guide prints the bare object',
        '该载体的指南要求直接写入字段对象，此处多了一层 `{{"AIGC":...}}`',
    ),
    "bare": _warning(
        "{guide}", 'the mark is a bare object where the carrier\'s guide prints `{{"AIGC":...}}`',
        '该载体的指南要求使用 `{{"AIGC":...}}` 包裹，此处直接写入了字段对象',
    ),
    # Fields
    "missing_field": _error("{field}", "field `{field}` is missing", "缺少字段 `{field}`", _VOID),
    "missing_optional": _warning("{field}", "field `{field}` is missing", "缺少字段 `{field}`"),
    "empty_field": _error("{field}", "field `{field}` is empty", "字段 `{field}` 为空", _VOID),
    "unknown_producer": _warning(
        "{field}", "field `{field}` is empty: a platform stated its own finding and knew no producer",
        "字段 `{field}` 为空：标识由传播平台添加，未知生成服务提供者",
    ),
    "field_type": _error("{field}", "field `{field}` is not a string", "字段 `{field}` 不是字符串"),
    "reserved_type": _warning("{field}", "field `{field}` is not a string", "字段 `{field}` 不是字符串"),
    "unquoted": _warning(
        "{field}", "field `{field}` is not quoted, so YAML reads it as something other than a string",
        "字段 `{field}` 未加引号，YAML 会将其解析为非字符串",
    ),
    "label_value": _error(
        f"{GB} E c", "`Label` is `{quote}`; expected 1 (is), 2 (may be) or 3 (is suspected to be) generated",
        "`Label` 为 `{quote}`；应为 1（属于）、2（可能）或 3（疑似）", _VOID,
    ),
    "order": _error(
        f"{GB} E c-i", "the fields are not in the standard's order; `{field}` comes too late",
        "字段顺序与标准不符，`{field}` 位置靠后",
    ),
    "order_yaml": _warning(
        f"{GB} E c-i", "the fields are not in the standard's order (a YAML mapping has none); `{field}` comes too late",
        "字段顺序与标准不符（YAML 映射本身无序），`{field}` 位置靠后",
    ),
    "repeated_key": _error(f"{GB} E c-i", "field `{field}` stands twice in one mark", "同一标识中字段 `{field}` 重复出现"),
    "contradicting_key": _error(
        f"{GB} E c-i", "field `{field}` stands twice in one mark, with different values",
        "同一标识中字段 `{field}` 重复出现且取值不同", _TAMPERED,
    ),
    "unknown_key": _error(f"{GB} E", "`{quote}` is no field of the standard", "`{quote}` 不是标准规定的字段"),
    "foreign_fields": _error(
        f"{GB} E", "the mark uses a cloud service's own field names (`{quote}`) in place of the standard's",
        "标识使用了云服务自有的字段名（`{quote}`），而非标准字段",
    ),
    "charset": _error(
        f"{GB} E j", "field `{field}` has a character that is not allowed: `{quote}`",
        "字段 `{field}` 含有不允许的字符：`{quote}`",
    ),
    "charset_reserved": _warning(
        f"{GB} E j", "field `{field}` has a character that is not allowed: `{quote}`",
        "字段 `{field}` 含有不允许的字符：`{quote}`",
    ),
    "malformed_code": _warning(
        "TC260-PG-20252A", "`{field}` looks like a provider code but is none ({quote})",
        "`{field}` 形似服务提供者编码，但格式或校验有误（{quote}）",
    ),
    # The place
    "after_pixels": _warning(
        "{guide}", "the mark stands behind the picture's data, where many readers stop looking",
        "标识位于图像数据之后，许多读取程序不会读到",
    ),
    "after_end": _error(
        f"{GB} 6.1", "the mark lies behind the end of the file format and so is no file metadata",
        "标识位于文件格式结束标记之后，不属于文件元数据",
    ),
    "in_body": _error(
        "TC260-PG-20258A 6.5", "the mark is pasted into the text; its place is the front matter at the file's head",
        "标识被粘贴在正文中；应写在文件头部的 front matter 内",
    ),
    "unusual_place": _warning(
        "{guide}", "the mark lies in a chunk, segment or tag that the guide does not name",
        "标识写在指南未规定的数据块、段或标签中",
    ),
    "glued": _warning(
        "{guide}", "the mark is glued into the file as `AIGC{{...}}` without the structure around it",
        "标识以 `AIGC{{...}}` 形式直接拼接在文件中，缺少应有的结构",
    ),
    "compressed": _warning(
        "{guide}", "the mark is compressed, which many readers don't undo", "标识被压缩存放，许多读取程序无法识别",
    ),
    "encoding": _warning(
        "{guide}", "the mark is stored in a character encoding that the guide does not name",
        "标识采用了指南未规定的字符编码",
    ),
    "namespace": _warning(
        "{guide}", "the XMP property `AIGC` is not in the namespace of TC260",
        "XMP 属性 `AIGC` 不在 TC260 命名空间内",
    ),
    "malformed_xmp": _error(
        "{guide}", "the XMP that holds the mark is not well-formed XML", "存放标识的 XMP 不是格式良好的 XML",
    ),
    "malformed_yaml": _error(
        "TC260-PG-20258A 6.5", "the front matter that holds the mark is no valid YAML", "存放标识的 front matter 不是有效的 YAML",
    ),
    "checksum": _warning(
        "ISO/IEC 15948 5.3", "the chunk that holds the mark has a wrong checksum: its bytes were changed after writing",
        "存放标识的数据块校验和错误：写入后字节被改动过",
    ),
}  # fmt: skip
