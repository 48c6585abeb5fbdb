"""How findings about explicit marks in pictures, video and sound are worded: one claim for all media."""

from collections.abc import Sequence

from brightline.core.finding import Basis, Detail, Finding, Place
from brightline.core.words import Words

_MEDIA = {"image": "图片", "video": "视频", "audio": "音频"}
_DEFECTS = {
    "wrong_wording": Words(
        en="the words lack an element: `人工智能` or `AI`, and `生成` or `合成`",
        zh="标识文字缺少要素：应同时包含“人工智能”或“AI”，以及“生成”和/或“合成”",
    ),
    "undersized": Words(
        en="the letters are lower than 5 % of the picture's shorter side", zh="字高小于画面最短边长度的5%"
    ),
    "low_contrast": Words(
        en="the letters hardly stand out from what lies behind them (contrast under 4.5:1)",
        zh="文字与背景对比度不足（低于4.5:1），不清晰可辨",
    ),
    "wrong_place": Words(en="the words stand at no edge or corner", zh="标识文字未位于画面边或角"),
    "too_short": Words(
        en="the words are shown for less than 2 s from the opening on", zh="起始画面标识持续时间不足2秒"
    ),
    "not_at_opening": Words(
        en="the words are not shown from the first picture on", zh="视频起始画面未出现标识"
    ),
    "missing_letter_gap": Words(
        en="the rhythm runs both letters together, the standard prints `short long, short short`",
        zh="节奏未留出字母间隔，标准所列为“短长 短短”",
    ),
}


def found_finding(
    name: str,
    medium: str,
    probability: float,
    why: Words,
    details: dict[str, str],
    defects: Sequence[str],
    where: tuple[Place, ...],
) -> Finding:
    """`mark.explicit`, found; its detail `compliance` says whether anything breaks the standard."""
    compliance = "noncompliant" if defects else "compliant"
    facts = {**details, "verdict": "found", "medium": medium, "compliance": compliance}
    return Finding(
        detector=name,
        claim="mark.explicit",
        basis=Basis.DECLARED,
        probability=probability,
        why=why,
        where=where,
        details=tuple(Detail(key, value) for key, value in sorted(facts.items())),
    )


def not_found_finding(name: str, medium: str, missed: float) -> Finding:
    """`mark.explicit`, not found; an estimate, because some marks are missed."""
    facts = {"verdict": "not_found", "medium": medium}
    return Finding(
        detector=name,
        claim="mark.explicit",
        basis=Basis.ESTIMATE,
        probability=1.0 - missed,
        why=Words(
            en=f"nothing was found in the {medium} that tells people that AI generated it",
            zh=f"{_MEDIA[medium]}中未发现可被用户感知的人工智能生成合成显式标识",
        ),
        details=tuple(Detail(key, value) for key, value in sorted(facts.items())),
    )


def defect_finding(
    name: str, medium: str, clause: str, code: str, probability: float, where: tuple[Place, ...]
) -> Finding:
    """`mark.explicit.defect`: one way in which a mark breaks a clause."""
    facts = {"clause": clause, "code": code, "level": "error", "medium": medium}
    return Finding(
        detector=name,
        claim="mark.explicit.defect",
        basis=Basis.ESTIMATE,
        probability=probability,
        why=_DEFECTS[code],
        where=where,
        details=tuple(Detail(key, value) for key, value in sorted(facts.items())),
    )
