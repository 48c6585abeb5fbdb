"""Statements of reasons (DSA Art. 17), in the form that the Commission's database takes, and notices in 中文.

Field names and bounds are facts of the database's own validation (digital-services-act/transparency-database at 69e80a0,
`app/Http/Requests/StatementStoreRequest.php`); no code is taken from there. Art. 24(5): no personal data goes in.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from brightline.core.decision import Action, Decision, Standing
from brightline.core.harm import Harm
from brightline.core.subject import Kind, Media
from brightline.core.words import Words
from brightline.policy.harms import DsaCategory, crosswalk
from brightline.review.submissions import Submission

FACTS_LIMIT, EXPLANATION_LIMIT, GROUND_LIMIT, PUID_LIMIT = 5000, 2000, 500, 500  # characters, by the database
_VISIBILITY = {
    Action.BLOCK: "DECISION_VISIBILITY_CONTENT_DISABLED",
    Action.REVIEW: "DECISION_VISIBILITY_OTHER",
    Action.LABEL: "DECISION_VISIBILITY_CONTENT_LABELLED",
}
_MEDIA = {
    Media.TEXT: "CONTENT_TYPE_TEXT", Media.MESSAGE: "CONTENT_TYPE_TEXT", Media.DOCUMENT: "CONTENT_TYPE_TEXT",
    Media.IMAGE: "CONTENT_TYPE_IMAGE", Media.AUDIO: "CONTENT_TYPE_AUDIO", Media.VIDEO: "CONTENT_TYPE_VIDEO",
}  # fmt: skip
_OTHER = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"
_VISIBILITIES = (
    "CONTENT_REMOVED CONTENT_DISABLED CONTENT_DEMOTED CONTENT_AGE_RESTRICTED CONTENT_INTERACTION_RESTRICTED"
    " CONTENT_LABELLED OTHER"
)
# The lists that the database takes, without their common beginnings.
_LISTS = {
    "decision_visibility": ("DECISION_VISIBILITY_", _VISIBILITIES),
    "content_type": ("CONTENT_TYPE_", "APP AUDIO IMAGE PRODUCT SYNTHETIC_MEDIA TEXT VIDEO OTHER"),
    "automated_decision": ("AUTOMATED_DECISION_", "FULLY PARTIALLY NOT_AUTOMATED"),
    "source_type": ("SOURCE_", "ARTICLE_16 TRUSTED_FLAGGER TYPE_OTHER_NOTIFICATION VOLUNTARY"),
}
_TERRITORIES = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
_OTHERS = {  # what must be said in words where a list's last entry is chosen
    "decision_visibility": ("DECISION_VISIBILITY_OTHER", "decision_visibility_other"),
    "content_type": ("CONTENT_TYPE_OTHER", "content_type_other"),
}
_PUID = re.compile(r"[A-Za-z0-9_-]+")
FIRST_DAY, LAST_DAY = "2000-01-01", "2038-01-01"  # of dates, by the database


def statement(
    found: Submission,
    decision: Decision,
    *,
    by_person: bool,
    territories: Sequence[str] = (),
    complained: bool = False,
) -> dict[str, Any]:
    """The statement of a decision above `allow`, ready for the database.

    Args:
        found: the submission, decided.
        decision: what was decided of it, a person's where a person decided.
        by_person: whether a person decided.
        territories: ISO 3166 codes of the member states that it holds for; none is left out.
        complained: whether somebody outside complained of it (DSA Art. 16).

    Returns:
        Fields as the database names them; `faults_of` finds none in it.

    Raises:
        ValueError: the decision allows, so that there is nothing to state.
    """
    if decision.action == Action.ALLOW:
        raise ValueError("an allowed subject has no statement of reasons")
    strict = [match for match in decision.matches if match.action == decision.action]
    law = next((g for match in strict for g in match.grounds if g.standing != Standing.HOUSE), None)
    house = next((g for match in strict for g in match.grounds), None)
    day = datetime.fromtimestamp((found.done_ms or found.made_ms) / 1000, UTC).strftime("%Y-%m-%d")
    told = (
        " ".join(match.message.en for match in strict)
        or "something that should have been looked at could not be"
    )
    body: dict[str, Any] = {
        "puid": found.id,
        "decision_visibility": [_VISIBILITY[decision.action]],
        "content_type": _content_types(found),
        "category": _categories(found)[0].category,
        "content_date": datetime.fromtimestamp(found.made_ms / 1000, UTC).strftime("%Y-%m-%d"),
        "application_date": day,
        "decision_facts": told[:FACTS_LIMIT],
        "source_type": "SOURCE_ARTICLE_16" if complained else "SOURCE_VOLUNTARY",
        "automated_detection": "Yes",
        "automated_decision": "AUTOMATED_DECISION_PARTIALLY" if by_person else "AUTOMATED_DECISION_FULLY",
    }
    if body["decision_visibility"] == ["DECISION_VISIBILITY_OTHER"]:
        body["decision_visibility_other"] = "held until a person has looked at it"
    if "CONTENT_TYPE_OTHER" in body["content_type"]:
        body["content_type_other"] = found.kind or "unknown"
    if law is not None:
        body |= {
            "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
            "illegal_content_legal_ground": f"{law.law} {law.article}"[:GROUND_LIMIT],
            "illegal_content_explanation": told[:EXPLANATION_LIMIT],
        }
    else:
        named = (
            f"{house.law}: {house.article}"
            if house is not None
            else "House rules: what cannot be judged is held"
        )
        body |= {
            "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
            "incompatible_content_ground": named[:GROUND_LIMIT],
            "incompatible_content_explanation": told[:EXPLANATION_LIMIT],
            "incompatible_content_illegal": "No",
        }
    main, *others = _categories(found)
    if others:
        body["category_addition"] = [one.category for one in others]
    if keywords := [word for one in (main, *others) for word in one.keywords]:
        body["category_specification"] = keywords
    if territories:
        body["territorial_scope"] = sorted(territories)
    return body


def faults_of(body: dict[str, Any]) -> list[str]:
    """What the database would refuse in a statement, by its published rules; none for ours."""
    faults = [
        f"`{name}` is missing"
        for name in (
            "puid", "decision_ground", "content_type", "category", "content_date", "application_date",
            "decision_facts", "source_type", "automated_detection", "automated_decision",
        )
        if not body.get(name)
    ]  # fmt: skip
    puid = str(body.get("puid", ""))
    if len(puid) > PUID_LIMIT or not _PUID.fullmatch(puid):
        faults.append("`puid` has other signs than letters, digits, `-` and `_`, or is too long")
    if not any(
        body.get(name)
        for name in ("decision_visibility", "decision_monetary", "decision_provision", "decision_account")
    ):
        faults.append("no decision: one of visibility, monetary, provision and account is needed")
    for name, limit in (("decision_facts", FACTS_LIMIT), ("illegal_content_legal_ground", GROUND_LIMIT),
                        ("illegal_content_explanation", EXPLANATION_LIMIT), ("incompatible_content_ground", GROUND_LIMIT),
                        ("incompatible_content_explanation", EXPLANATION_LIMIT)):  # fmt: skip
        if len(str(body.get(name, ""))) > limit:
            faults.append(f"`{name}` is longer than {limit} characters")
    ground = body.get("decision_ground")
    needed = {
        "DECISION_GROUND_ILLEGAL_CONTENT": ("illegal_content_legal_ground", "illegal_content_explanation"),
        "DECISION_GROUND_INCOMPATIBLE_CONTENT": (
            "incompatible_content_ground",
            "incompatible_content_explanation",
        ),
    }.get(str(ground))
    if needed is None:
        faults.append(f"`decision_ground` is `{ground}`")
    else:
        faults += [f"`{name}` is missing" for name in needed if not body.get(name)]
    if body.get("automated_detection") not in {"Yes", "No"}:
        faults.append("`automated_detection` is neither `Yes` nor `No`")
    return [*faults, *_unlisted(body), *_days(body)]


def _unlisted(body: dict[str, Any]) -> Iterator[str]:
    """Values that stand in none of the database's lists, and words that a list's last entry needs."""
    for name, (prefix, known) in _LISTS.items():
        given = body.get(name) or []
        values = given if isinstance(given, list) else [given]
        if odd := [one for one in values if one not in {prefix + word for word in known.split()}]:
            yield f"`{name}` is `{str(odd[0])[:60]}`"
        last, words = _OTHERS.get(name, ("", ""))
        if last in values and not body.get(words):
            yield f"`{words}` is missing"
    for name in ("category", *(["category_addition"] if "category_addition" in body else [])):
        values = body.get(name) or []
        for one in values if isinstance(values, list) else [values]:
            if not str(one).startswith("STATEMENT_CATEGORY_"):
                yield f"`{name}` is `{str(one)[:60]}`"
    if odd := sorted(set(body.get("territorial_scope") or []) - set(_TERRITORIES.split())):
        yield f"`territorial_scope` names `{odd[0]}`, which is no member state"


def _days(body: dict[str, Any]) -> Iterator[str]:
    for name in ("content_date", "application_date"):
        try:
            day = date.fromisoformat(str(body.get(name, ""))).isoformat()
        except ValueError:
            yield f"`{name}` is no date"
        else:
            if not FIRST_DAY <= day < LAST_DAY:
                yield f"`{name}` is {day}, expected {FIRST_DAY} to {LAST_DAY}"


def notice(decision: Decision, *, appeal_days: float, code: str = "", address: str = "") -> Words:
    """What the author is told: what was done, by which rules, and how to contest it.

    Args:
        decision: above `allow`.
        appeal_days: for how long it may be contested.
        code: with which it may be contested without an account, or empty.
        address: where, or empty.
    """
    strict = [match for match in decision.matches if match.action == decision.action]
    grounds = [f"{g.law} {g.article}" for match in strict for g in match.grounds]
    said_en = "\n".join(match.message.en for match in strict)
    said_zh = "\n".join(match.message.zh for match in strict)
    named = "; ".join(dict.fromkeys(grounds))
    en = f"{said_en}\nGround: {named or 'what cannot be judged is held'}.\nYou may appeal within {appeal_days:g} days; a person decides."
    zh = f"{said_zh}\n依据：{named or '无法完成检测的内容暂缓处理'}。\n您可在 {appeal_days:g} 天内申诉，由人工复核。"  # Chinese signs
    if code:
        en += f" Your code: {code}" + (f", at {address}" if address else "") + "."
        zh += f"申诉码：{code}" + (f"，申诉地址：{address}" if address else "") + "。"  # Chinese signs
    return Words(en.strip(), zh.strip())


def _categories(found: Submission) -> tuple[DsaCategory, ...]:
    """What the database calls the misuse; its row for other breaches of terms where it has none."""
    rows = crosswalk(Harm(found.harm)).dsa.categories if found.harm else ()
    return rows or (DsaCategory(category=_OTHER, keywords=()),)


def _content_types(found: Submission) -> list[str]:
    media = Kind(found.kind).media if found.kind else Media.UNKNOWN
    types = [_MEDIA.get(media, "CONTENT_TYPE_OTHER")]
    implied = crosswalk(Harm(found.harm)).dsa.content_type if found.harm else ""
    return [*types, implied] if implied and implied not in types else types
