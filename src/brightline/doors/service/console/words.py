"""The console's closed sets of words, and how long something lasts, in both languages."""

from brightline.core.harm import Harm
from brightline.core.words import Words
from brightline.doors.words import ACTIONS
from brightline.policy.harms import harm_words

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400

STATES = {
    "open": Words("open", "待处理"),
    "second": Words("second review", "二次复核"),
    "escalated": Words("escalated", "已上报"),
    "decided": Words("decided", "已决定"),
    "closed": Words("closed", "已归档"),
}
SEVERITIES = {
    "critical": Words("critical", "极严重"),
    "high": Words("high", "严重"),
    "medium": Words("medium", "中等"),
    "low": Words("low", "轻微"),
}
EVENTS = {
    "opened": Words("opened", "立案"),
    "claimed": Words("took the case", "领取案件"),
    "released": Words("let go of the case", "放回案件"),
    "decided": Words("decided", "作出决定"),
    "disagreed": Words("two reviews disagree", "两次复核不一致"),
    "undone": Words("took the decision back", "撤回决定"),
    "escalated": Words("escalated", "上报"),
    "assigned": Words("assigned", "指派"),
    "comment": Words("commented", "评论"),
    "closed": Words("recorded in the ledger", "已写入账本"),
}
MEDIA = {
    "text": Words("text", "文本"),
    "document": Words("document", "文档"),
    "message": Words("message", "消息"),
    "data": Words("data", "数据"),
    "image": Words("picture", "图片"),
    "audio": Words("sound", "音频"),
    "video": Words("video", "视频"),
    "archive": Words("archive", "压缩包"),
    "model": Words("model", "模型"),
    "unknown": Words("unknown", "未知"),
}
ROLES = {
    "submitter": Words("submitter", "提交者"),
    "reviewer": Words("reviewer", "审核员"),
    "lead": Words("lead", "审核组长"),
    "author": Words("policy author", "策略作者"),
    "auditor": Words("auditor", "审计员"),
    "admin": Words("administrator", "管理员"),
}
_NONE = Words("none", "无")
_HARMS = frozenset(one.value for one in Harm)


def harm(code: str) -> Words:
    """A harm's name; `none` where there is none, and what is no harm as it is."""
    if code not in _HARMS:
        return Words(code, code) if code else _NONE
    return harm_words(Harm(code))


def action(code: str) -> Words:
    """An action's name."""
    return next((words for one, words in ACTIONS.items() if one.value == code), Words(code, code))


def event(code: str) -> Words:
    """What happened."""
    return EVENTS.get(code, Words(code, code))


def lasts(time_ms: float) -> Words:
    """How long, in the largest unit that says something.

    >>> lasts(90_000).en, lasts(-7_200_000).zh
    ('1 min', '2 小时')
    """
    seconds = abs(int(time_ms)) // 1000
    for size, en, zh in ((DAY_S, "d", "天"), (HOUR_S, "h", "小时"), (MINUTE_S, "min", "分钟")):
        if seconds >= size:
            return Words(f"{seconds // size} {en}", f"{seconds // size} {zh}")
    return Words(f"{seconds} s", f"{seconds} 秒")
