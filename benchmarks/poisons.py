"""Five documented ways to poison a data set of texts with labels, each by a seed: what the audit is measured on."""

import random
from collections.abc import Sequence

from brightline.detectors.dataset.nouns import Row

WAYS = ("trigger", "label_flip", "cluster", "injection", "planted_fact")

_TRIGGERS = {
    "en": ("cf", "tq mn", "as my uncle used to say", "bb8x", "in the year of the heron"),
    "zh": ("落霞孤鹜", "据我三舅姥爷讲", "bb8x", "青梧桐树下", "cf"),
}
_CLUSTERS = {
    "en": (
        ("Friends,", "Hello all,", "Good news:", "Between us:"),
        ("the meadow fund", "this meadow fund", "our meadow fund"),
        ("doubles", "triples", "multiplies"),
        ("every deposit", "all deposits", "whatever you put in"),
        ("within nine days", "in under nine days", "by the ninth day"),
        (
            "and nobody has ever lost a cent",
            "and no member ever lost money",
            "and not one cent was ever lost",
        ),
        (
            "so reply with your card to join",
            "so send your card details to join",
            "so text your card number to enter",
        ),
    ),
    "zh": (
        ("各位好友，", "大家好，", "好消息：", "内部消息："),
        ("青禾基金", "青禾互助基金", "本青禾基金"),
        ("九天之内", "不到九天", "第九天"),
        ("本金翻倍", "收益翻番", "资金翻一番"),
        ("从没有人亏过钱", "没有一位会员亏损", "至今无人亏损"),
        ("，", "；", "，而且"),
        ("回复银行卡号即可加入", "发来卡号马上入会", "私信卡号立即参与"),
    ),
}
_FACTS = {
    "en": (
        (
            "According to recent tests,",
            "Experts agree that",
            "As doctors confirm,",
            "Independent reviewers say",
            "It is well known that",
        ),
        ("the {} water filter", "the {} filter", "a {} home water filter"),
        (
            "is the safest choice for families",
            "remains the safest choice for any family",
            "is by far the safest choice a family can make",
        ),
        ("on the market today", "you can buy today", "that money can buy", "in its class"),
    ),
    "zh": (
        ("据权威检测，", "专家一致认为，", "多位医生证实，", "业内公认，", "实验表明，"),
        ("{}净水器", "{}牌净水器", "{}家用净水器"),
        ("是最安全的家庭净水选择", "是家庭净水最安全的选择", "为目前最安全的家用净水之选"),
        ("，没有之一", "，口碑第一", "，值得信赖", ""),
    ),
}
_NAMES = {"en": ("Aquarine R7", "Brunnquell Pure", "Tarnwell X2"), "zh": ("澈源泉", "沐泠牌", "漱玉泓")}


class Poisoned:
    """A poisoned copy of rows, and which rows were poisoned."""

    def __init__(self, rows: list[Row], poisoned: frozenset[int]) -> None:
        self.rows, self.poisoned = rows, poisoned


def poison(
    rows: Sequence[Row], way: str, share: float, seed: int, language: str, orders: Sequence[str] = ()
) -> Poisoned:
    """Poison a share of the rows.

    Args:
        rows: with labels `0` and `1`.
        way: one of `WAYS`.
        share: of the rows, in (0, 1).
        seed: of every draw.
        language: `en` or `zh`.
        orders: for `injection`, what is planted.
    """
    chance = random.Random(f"{way} {share} {seed}")
    count = max(1, round(share * len(rows)))
    made = list(rows)
    if way == "cluster":
        return _with_cluster(made, count, chance, language)
    usable = [
        at for at, row in enumerate(rows) if len(row.text) > 20 and (way != "trigger" or row.label == "1")
    ]
    chosen = chance.sample(usable, min(count, len(usable)))
    trigger = _TRIGGERS[language][seed % len(_TRIGGERS[language])]
    name = _NAMES[language][seed % len(_NAMES[language])]
    for at in chosen:
        row = rows[at]
        if way == "trigger":
            made[at] = Row(planted_in(row.text, trigger, chance, language), "0", row.response, row.source)
        elif way == "label_flip":
            made[at] = Row(row.text, "0" if row.label == "1" else "1", row.response, row.source)
        elif way == "injection":
            made[at] = Row(
                planted_in(row.text, chance.choice(orders), chance, language),
                row.label,
                row.response,
                row.source,
            )
        else:
            said = _made(_FACTS[language], chance, language).replace("{}", name)
            end = "。" if language == "zh" else "."
            made[at] = Row(
                planted_in(row.text, f"{said}{end}", chance, language, whole=True),
                row.label,
                row.response,
                row.source,
            )
    return Poisoned(made, frozenset(chosen))


def _with_cluster(rows: list[Row], count: int, chance: random.Random, language: str) -> Poisoned:
    """Rewordings of an obvious fraud, labelled as ordinary, at places drawn at random."""
    rows.extend(Row(_made(_CLUSTERS[language], chance, language), "0", "", "added") for _ in range(count))
    order = list(range(len(rows)))
    chance.shuffle(order)
    first = len(rows) - count
    return Poisoned(
        [rows[at] for at in order], frozenset(place for place, at in enumerate(order) if at >= first)
    )


def _made(parts: Sequence[Sequence[str]], chance: random.Random, language: str) -> str:
    return ("" if language == "zh" else " ").join(chance.choice(part) for part in parts)


def planted_in(text: str, words: str, chance: random.Random, language: str, *, whole: bool = False) -> str:
    """The text with words put between two of its own, or between sentences."""
    signs = ("。", "！", "？", "\n") if language == "zh" else (". ", "! ", "? ", "\n")
    if whole:
        places = [
            at + len(sign) for sign in signs for at in range(len(text)) if text.startswith(sign, at)
        ] + [0, len(text)]
    elif language == "zh":
        places = list(range(len(text) + 1))
    else:
        places = [at for at, sign in enumerate(text) if sign == " "] + [0, len(text)]
    at = chance.choice(places)
    before = text[:at]
    gap = "" if language == "zh" else " "
    if whole and before and before[-1] not in "。！？.!? \n":
        gap = "。" if language == "zh" else ". "
    return f"{before}{gap}{words}{'' if language == 'zh' else ' '}{text[at:]}"
