"""The house's closed sets of words, as people read them in both languages."""

from brightline.core.decision import Action
from brightline.core.finding import Basis
from brightline.core.words import Words

ACTIONS = {
    Action.ALLOW: Words("allow", "放行"),
    Action.LABEL: Words("label", "标识"),
    Action.REVIEW: Words("review", "复核"),
    Action.BLOCK: Words("block", "阻断"),
}
BASES = {
    Basis.PROOF: Words("proof", "证实"),
    Basis.MATCH: Words("known item", "已知项匹配"),
    Basis.DECLARED: Words("declared", "自述"),
    Basis.ESTIMATE: Words("estimate", "估计"),
}
NOT_JUDGED = Words("not judged", "未能判定")
