"""The words of each misuse code and its crosswalk to other lists, read from `policies/harms.yaml`."""

import datetime as dt
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import msgspec

from brightline.core.errors import PolicyError
from brightline.core.harm import Harm
from brightline.core.words import Words


class DsaCategory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One category of the DSA Transparency Database with the keywords that specify it.

    Attributes:
        category: `STATEMENT_CATEGORY_...`.
        keywords: `KEYWORD_...`, none where the category alone is as near as the list comes.
    """

    category: str
    keywords: tuple[str, ...]


class Dsa(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a statement of reasons to the DSA Transparency Database names a misuse.

    Attributes:
        categories: the first is the main one; none where the database has no row for the misuse.
        visibility: `DECISION_VISIBILITY_...` where labelling is the decision that fits, or empty.
        content_type: `CONTENT_TYPE_...` where the misuse implies one, or empty.
    """

    categories: tuple[DsaCategory, ...] = ()
    visibility: str = ""
    content_type: str = ""


class Crosswalk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of `harms.yaml`: a misuse code in words, and what other lists call it.

    Attributes:
        code: ours.
        words: its short name.
        definition: what it is, in one sentence.
        qinglang_2025: items of the CAC campaign of 2025, `QL25-phase.item`.
        qinglang_2026: items of the CAC campaign of 2026, `QL26-phase.item`.
        gb_45654: risks of GB/T 45654-2025 Annex A, e.g. `A4.b`.
        dsa: DSA Transparency Database.
        atlas: MITRE ATLAS 5.6.0 techniques (`T`) and mitigations (`M`).
        nist_600_1: risk names of NIST AI 600-1.
        owasp_llm: OWASP Top 10 for LLM applications, 2025.
    """

    code: Harm
    words: Words
    definition: Words
    qinglang_2025: tuple[str, ...]
    qinglang_2026: tuple[str, ...]
    gb_45654: tuple[str, ...]
    dsa: Dsa
    atlas: tuple[str, ...]
    nist_600_1: tuple[str, ...]
    owasp_llm: tuple[str, ...]


class HarmList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of `harms.yaml`.

    Attributes:
        as_of: the day at which the other lists read as the rows say.
        harms: one row a code.
    """

    as_of: dt.date
    harms: tuple[Crosswalk, ...]


def harm_words(harm: Harm) -> Words:
    """The short name of a misuse, in English and 中文.

    >>> harm_words(Harm.PROMPT_INJECTION).zh
    '提示词注入'
    """
    return crosswalk(harm).words


def crosswalk(harm: Harm) -> Crosswalk:
    """What other lists call a misuse.

    >>> crosswalk(Harm.PERSONAL_DATA).owasp_llm
    ('LLM02',)

    Raises:
        PolicyError: the shipped list is damaged.
    """
    return _rows()[harm]


@cache
def shipped_harms() -> HarmList:
    """The list that ships with the package, in the order in which `core/harm.py` has the codes.

    Raises:
        PolicyError: the shipped list is damaged.
    """
    text = (files("brightline") / "policies" / "harms.yaml").read_text("utf-8")
    return read_harms(text, "policies/harms.yaml")


def read_harms(text: str, name: str) -> HarmList:
    """Read a list of misuse codes and hold it to one row for every code.

    Args:
        text: YAML.
        name: what to call it in messages.

    Raises:
        PolicyError: it is no YAML, has an unknown field, or lacks or repeats a code.
    """
    try:
        harms = msgspec.yaml.decode(text, type=HarmList)
    except (
        msgspec.DecodeError,
        ValueError,
        RecursionError,
    ) as error:  # PyYAML lets a thirteenth month through
        reason = " ".join(str(error).split())  # YAML errors run over several lines
        raise PolicyError(f"`{name}` is not a list of harms: {reason}") from error
    codes = [row.code for row in harms.harms]
    if missing := [harm.value for harm in Harm if harm not in codes]:
        raise PolicyError(f"`{name}` has no row for `{missing[0]}`; every harm needs one")
    if len(codes) != len(set(codes)):
        twice = next(code for code in codes if codes.count(code) > 1)
        raise PolicyError(f"`{name}` has two rows for `{twice}`; keep one")
    order = list(Harm)
    rows = tuple(sorted(harms.harms, key=lambda row: order.index(row.code)))
    return msgspec.structs.replace(harms, harms=rows)


@cache
def _rows() -> MappingProxyType[Harm, Crosswalk]:
    return MappingProxyType({row.code: row for row in shipped_harms().harms})
