"""Signs of style that rumours in 中文 carry, each with its place: who is said to know, how one is urged, what is missing.

No sign says that anything is false. Some speak for a post (a named source, an address); the model weighs them all, and
what it was told by is shown.
"""

import re

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.finding import Span
from brightline.core.words import Words
from brightline.detectors.text.rumour_words import ACCOUNT, LINK, PASSED_ON, VIDEO

SIGN_CHARACTERS = 2_000  # of one text in which signs are looked for
CAP = 6  # more of the same sign says no more
NOTICE_DATE_END = 40  # an official notice ends with its date, within so many characters


class Sign(msgspec.Struct, frozen=True):
    """One kind of sign found in a text: its name, what it is in words, and where."""

    name: str
    words: Words
    spans: tuple[Span, ...]


_SHOWN: dict[str, tuple[Words, re.Pattern[str]]] = {
    "forwarding": (
        Words(en="urges to pass it on", zh="催促转发扩散"),
        re.compile(
            r"(?:速|快|请|求|帮|互相|赶紧|大家|紧急|马上|多)(?:帮忙|点)?(?:转发|转告|扩散|转起来?|转给|转一下|告知)|紧急扩散|求扩散|求转|帮转|转起来|"
            r"(?:告诉|转告|通知|发给|转给|转到)(?:家人|身边|亲戚|亲朋|朋友|大家|更多|所有|父母|群里|\d+个群)|转发(?:给|到|出去|救|功德|让)|不转不是|为了家人|看到(?:的)?(?:请|都)?转|速看|删前速看|马上(?:就)?(?:要)?被?删"
        ),
    ),
    "sensation": (
        Words(en="sensational words", zh="用词耸动"),
        re.compile(
            r"震惊|惊呆|惊天|惊爆|惊魂|吓(?:死|尿|傻)|太(?:可怕|恐怖|惨|吓人|黑心|震撼)|可怕|恐怖|毛骨悚然|细思极恐|丧尽天良|惨绝人寰|惨不忍睹|触目惊心|令人发指|"
            r"疯传|炸锅|沸腾|出大事|大事不好|重磅|惊现|竟然?是?|居然|千万(?:别|不要|小心)|必死|致命|七窍流血|当场(?:死|没|身亡)|天啊|天哪|我的天|[!?]{2,}"
        ),
    ),
    "hearsay": (
        Words(en="a source that nobody can ask", zh="消息来源无从查证"),
        re.compile(
            r"听说|据说|据传|据网友|网传|网曝|网友(?:爆料|曝|称)|有人(?:说|爆料|称)|爆料|内部(?:消息|人士|透露|朋友|通知)|可靠消息|小道消息|刚(?:刚)?(?:得到|接到|收到)(?:消息|通知)|"
            r"(?:我|他|一)?(?:朋友|同学|同事|亲戚|邻居|闺蜜|表哥|战友|哥们|老乡|阿姨|家人)(?:圈)?(?:说|讲|亲眼|刚|在|发|告诉|看到)|群里(?:说|看|传|发|有人)|不知道?真假|真假(?:未知|不知)|"
            r"(?:医生|护士|警察|老师|专家)朋友"
        ),
    ),
    "alarm": (
        Words(en="raises an alarm", zh="发出警告"),
        re.compile(r"紧急(?:通知|提醒|寻人|情况)?|警惕|小心|注意了?[:!,]|当心|提高警惕|千万|切记|务必|警告|提醒(?:大家|各位|家长)|危险"),
    ),
    "notice": (
        Words(en="laid out as an official notice", zh="采用官方通知的版式"),
        re.compile(
            r"关于.{2,40}的(?:紧急)?(?:通知|通告|公告|通报)|(?:紧急|重要|特急)(?:通知|公告|通告)|各(?:单位|部门|学校|街道|社区|乡镇|位家长|位居民)[::]|特此(?:通知|公告|通告)|接(?:上级|市|省|区|公安|教育局).{0,10}通知"
        ),
    ),
    "miracle": (
        Words(en="health: promises a cure or names a hidden poison", zh="健康：宣称神效或隐秘毒害"),
        re.compile(
            r"(?:根治|治愈|治好|包治|抗癌|防癌|杀死癌|消灭癌|排毒|解毒|降血[压糖脂]|软化血管|通血管|一用就好|祖传|秘方|偏方|神药|神奇)|致癌|有毒|剧毒|中毒(?:身亡|死亡)?|不能(?:和|与|跟).{1,8}(?:同吃|一起吃|同食)|"
            r"等于(?:吃)?(?:砒霜|毒药|自杀)|医院(?:不敢|不会|从不).{0,6}(?:说|告诉)|(?:病毒|癌症|疫情|艾滋).{0,10}(?:扩散|爆发|传染|确诊)|避孕药|激素|膨大剂|福尔马林|甲醛|地沟油|僵尸肉|塑料"
        ),
    ),
    "money": (
        Words(en="finance: banks, subsidies or prices are about to turn", zh="财经：银行、补贴或价格即将突变"),
        re.compile(
            r"(?:银行|存款|取款|股市|楼市|房价|养老金|社保|医保|公积金|支付宝|微信).{0,12}(?:倒闭|破产|限制|取消|清零|冻结|收费|暴跌|归零|作废|崩盘|跑路)|(?:免费|扫码|点击).{0,6}领取?|"
            r"(?:每人|人人)(?:发|领|补).{0,6}元|涨价|断供|抢购|囤"
        ),
    ),
    "school": (
        Words(en="education: exams, schools or holidays", zh="教育：考试、学校或放假"),
        re.compile(r"(?:高考|中考|考研|四六级|英语).{0,10}(?:泄题|取消|改革|作弊|答案|真题)|准考证|延长(?:暑|寒)假|(?:取消|推迟|延迟)开学|教育部.{0,8}(?:宣布|决定|取消)|(?:学生|女生|男生|小学|中学|大学).{0,12}(?:跳楼|强奸|被杀|被打|自杀|失踪)"),
    ),
    "crime": (
        Words(en="justice: abductions, crimes or punishments", zh="司法：拐卖、案件或处罚"),
        re.compile(r"人贩子|拐(?:走|卖|骗)|偷(?:小孩|孩子)|抢(?:小孩|孩子)|摘(?:取)?(?:器官|肾)|挖(?:器官|肾)|迷(?:魂)?药|失踪|走失|寻人|城管.{0,8}打|警察.{0,8}打|强奸|轮奸|砍(?:死|伤|人)|杀(?:人|害|死)|绑架|劫持|艾滋.{0,4}针|暴恐|碰瓷|扣\d+分|拘留"),
    ),
    "disaster": (
        Words(en="disaster: deaths, collapses or forecasts", zh="灾害：伤亡、垮塌或预报"),
        re.compile(r"(?:将|会|要|还有|预计).{0,8}(?:地震|海啸|余震|洪水)|(?:死|伤|遇难|死亡|身亡)(?:了)?\d+|\d+(?:多)?人(?:死|遇难|丧生|身亡|被困)|坍塌|垮塌|爆炸|决堤|溃坝|泄漏|坠毁|坠机|空难|核辐射|封城"),
    ),
}  # fmt: skip
# Counted, not shown: most speak for a post, or only give measure.
_COUNTED: dict[str, re.Pattern[str]] = {
    "source": re.compile(r"据.{0,12}(?:报道|消息|介绍|悉|统计|通报)|记者|新华社|人民日报|央视|来源[::]|通讯员|通报称|发布会|中新网?|[晨晚日]报|都市报|新闻网|发布微博"),
    "link": re.compile(LINK), "video": re.compile(VIDEO), "account": re.compile(ACCOUNT), "reposted": re.compile(PASSED_ON),
    "headline": re.compile(r"^[^】]{0,3}【"), "topic": re.compile(r"#[^#]{1,40}#"), "exclaim": re.compile("!"), "ask": re.compile(r"\?"),
    "quote": re.compile(r"[“”\"「『]"), "figure": re.compile(r"\d"), "emotion": re.compile(r"\[[^\]]{1,5}\]"), "i": re.compile(r"[我俺咱]"),
    "you": re.compile(r"[你您]"), "they": re.compile(r"[他她]"), "day": re.compile(r"\d{1,2}月\d{1,2}[日号]|昨[日天晚]|今[日天晚早]|凌晨"),
    "office": re.compile(r"政府|领导|官员?|城管|警[察方]|公安|法院|贪|局长|书记"), "place": re.compile(r"[省市县区镇村路街]"),
    "advice": re.compile(r"建议|方法|如何|怎么|可以|应该|功效|步骤"), "market": re.compile(r"股|公司|亿|经济|基金|企业|投资"),
    "show": re.compile(r"电影|演唱|主演|明星|粉丝|歌|剧|比赛|冠军|球"), "life": re.compile(r"人生|幸福|爱情|快乐|青春|梦想|时光|晚安|早安"),
    "curse": re.compile(r"卧槽|尼玛|妈的|操|傻逼?|畜生|狗日|王八"), "abroad": re.compile(r"美国|日本|韩国|俄|英国|印度|外国|老外"), "dots": re.compile(r"\.\.\.|…"),
}  # fmt: skip
FEATURES = (*_SHOWN, *_COUNTED)
_DOCUMENT = re.compile(r"[〔\[(（][12]\d{3}[〕\])）]\s*\d{1,5}\s*号")
_DATED = re.compile(r"(?:20\d\d|二〇.{2})\s*年\s*\S{1,3}\s*月\s*\S{1,3}\s*日?\s*$")


def signs(text: str) -> list[Sign]:
    """Signs to show, in the order of the table, with their places in the text as it stands."""
    folded = text[:SIGN_CHARACTERS].translate(_FULLWIDTH)  # one for one: places stay
    found = []
    for name, (words, pattern) in _SHOWN.items():
        if spans := tuple(Span(*match.span()) for match in pattern.finditer(folded)):
            found.append(Sign(name, words, spans))
    return found


def is_unsigned_notice(text: str) -> bool:
    """Whether a text looks like an official notice and lacks what one has: a document number, or a date at its end."""
    notice = _SHOWN["notice"][1].search(text.translate(_FULLWIDTH))
    return (
        notice is not None
        and _DOCUMENT.search(text) is None
        and _DATED.search(text[-NOTICE_DATE_END:]) is None
    )


def features(form: str) -> npt.NDArray[np.float32]:
    """(2 x FEATURES,) of a post in `one_form`: how often each sign stands there, capped; and for each 100 characters."""
    counts = np.array(
        [min(CAP, sum(1 for _ in pattern.finditer(form))) for pattern in _PATTERNS], dtype=np.float32
    )
    return np.concatenate((np.log1p(counts), np.minimum(counts * 100 / max(30, len(form)), 10.0))).astype(
        np.float32
    )


_PATTERNS = (*(pattern for _, pattern in _SHOWN.values()), *_COUNTED.values())
_FULLWIDTH = {0xFF01 + at: 0x21 + at for at in range(94)}
