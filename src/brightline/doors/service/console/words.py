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
    "stuck": Words("could not be recorded yet; tried again", "暂未能写入账本，将重试"),
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
OUTCOMES = {
    "open": Words("open", "处理中"),
    "upheld": Words("upheld", "申诉成立"),
    "rejected": Words("rejected", "已驳回"),
    "acted": Words("acted on", "已处置"),
}
GROUNDS = {
    "intimate": Words("intimate picture without consent", "未经同意的私密影像"),
    "minor": Words("harm to a minor", "侵害未成年人"),
    "impersonation": Words("impersonation", "冒充他人"),
    "personal": Words("personal information", "个人信息"),
    "false": Words("false information", "虚假信息"),
    "unlabelled": Words("made by AI and not marked", "AI 生成内容未标识"),
    "illegal": Words("against the law", "违法内容"),
    "other": Words("something else", "其他"),
}
DEEDS = {
    "removed": Words("taken down", "下架删除"),
    "disabled": Words("no longer reachable", "断开访问"),
    "restricted": Words("restricted", "限制传播"),
    "labelled": Words("labelled", "添加标识"),
    "suspended": Words("suspended", "暂停服务"),
    "reported": Words("reported onwards", "移送报告"),
    "restored": Words("restored", "恢复"),
}
THINGS = {
    "item": Words("item", "内容"),
    "account": Words("account", "账号"),
    "product": Words("product", "产品"),
    "site": Words("site or app", "网站或应用"),
    "dataset": Words("data set", "数据集"),
}
STANDINGS = {
    "seen": Words("read in the source", "已核对原文"),
    "measured": Words("run and observed", "实测"),
    "secondary": Words("seen in a description", "见于转述"),
    "memory": Words("from memory, check it", "凭记忆，待核对"),
    "house": Words("house rule", "内部规则"),
}
INCIDENTS = {"open": Words("open", "处理中"), "closed": Words("closed", "已结案")}
CAMPAIGNS = {
    "planned": Words("planned", "未开始"),
    "running": Words("running", "进行中"),
    "over": Words("time is over", "时间已到"),
    "ended": Words("ended", "已结束"),
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


def thing(code: str) -> Words:
    """What kind of thing a measure was taken against."""
    return THINGS.get(code, Words(code, code))


def standing(code: str) -> Words:
    """How well we know a rule of law."""
    return STANDINGS.get(code, Words(code, code))


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
