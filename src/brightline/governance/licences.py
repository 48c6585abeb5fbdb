"""`licence`: whether a model or data set says under which licence it comes, and what that licence restricts.

SPDX licence expressions are parsed by `license-expression`; licences of models that SPDX does not list are told by name.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from brightline.core.decision import Ground, Severity, Standing
from brightline.core.words import Words
from brightline.governance.card import Card, licence_files
from brightline.governance.checks import CheckResult, Status, Target

NAME = "licence"
TITLE = Words("licence", "许可")
_GROUND = Ground(law="House rules", article="licences", standing=Standing.HOUSE, as_of="2026-11-24")
_USE_LIMITED = (
    "openrail",
    "llama",
    "gemma",
    "bigscience-bloom-rail",
    "creativeml",
    "deepseek",
    "qwen",
    "tongyi",
)
_NOT_COMMERCIAL = ("-nc", "noncommercial", "non-commercial", "research-only", "research only")


def spdx_of(licence: str) -> str:
    """The SPDX expression that a licence as written stands for; empty where SPDX knows none.

    >>> spdx_of("apache-2.0"), spdx_of("MIT or cc-by-4.0"), spdx_of("llama3")
    ('Apache-2.0', 'MIT OR CC-BY-4.0', '')
    """
    if not licence or len(licence) > 200:
        return ""
    licensing, unread = _licensing()
    try:
        return str(licensing.parse(licence, validate=True))
    except unread:  # words that are no expression, or that SPDX does not list
        return ""


def licence_results(target: Target, card: Card) -> Iterator[CheckResult]:
    """One result, and one more for each restriction that the licence's name tells."""
    files = licence_files(tuple(one.path for one in target.manifest.files))
    stated = card.licence or card.licence_name
    if not stated and not files:
        why = Words("it names no licence, in no card and no file", "模型卡与文件中均未注明许可")
        yield _result(target, "missing", Status.WARN, why)
        return
    shown, where = (card.licence_name or card.licence)[:80], ", ".join(files[:3])
    if not stated:
        why = Words(f"`{where}` is there, but no card names the licence", f"有 `{where}`，但模型卡未注明许可")
        yield _result(target, "unnamed", Status.WARN, why)
        return
    spdx = spdx_of(card.licence)
    if spdx:
        yield _result(target, "stated", Status.PASS, Words(f"licence: {spdx}", f"许可：{spdx}"))
    else:
        why = Words(
            f"`{shown}` is no licence that SPDX lists: have somebody read its terms",
            f"“{shown}” 不在 SPDX 许可列表中，请由专人阅读其条款",
        )
        yield _result(target, "unlisted", Status.WARN, why)
    name = f"{card.licence} {card.licence_name}".lower()
    if any(word in name for word in _NOT_COMMERCIAL):
        why = Words(f"`{shown}` does not allow commercial use", f"“{shown}” 不允许商业使用")
        yield _result(target, "not-commercial", Status.WARN, why)
    if any(word in name for word in _USE_LIMITED):
        why = Words(f"`{shown}` limits what the model may be used for", f"“{shown}” 对使用用途有限制")
        yield _result(target, "use-limited", Status.WARN, why)


def _result(target: Target, rule: str, status: Status, why: Words) -> CheckResult:
    return CheckResult(
        check=NAME, rule=f"{NAME}#{rule}", status=status, title=TITLE, why=why, severity=Severity.LOW,
        digest=target.digest, grounds=(_GROUND,),
    )  # fmt: skip


@cache
def _licensing() -> tuple[Any, type[Exception]]:
    import license_expression  # type: ignore[import-untyped]  # it has no stubs

    return license_expression.get_spdx_licensing(), license_expression.ExpressionError
