import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.detectors.message.fraud_model import judge
from brightline.detectors.message.fraud_normal import MAIL, URL, plain, visible

sys.path.insert(0, str(Path(__file__).parents[3] / "training/text/fraud"))

from attacks import ATTACKS, CHINESE, ENGLISH

ENGLISH_LURES = (
    (
        "Hi Mum, my phone fell in the sink and this is my new number. Can you pay a bill of 1,240 for me today? My banking "
        "app is locked for 48 hours, I will pay you back tomorrow. Please don't tell dad."
    ),
    (
        "Your mailbox is almost full. Verify your account within 24 hours by signing in with your password or it will be "
        "deactivated and all messages deleted."
    ),
    (
        "Congratulations! You have been selected for a remote job, earn $300 a day with simple tasks. No experience needed. "
        "Message our manager on WhatsApp and deposit 50 USDT to unlock the first order."
    ),
    (
        "My love, the hospital will not start the operation before I pay. Please send $900 by Western Union today, I will "
        "pay you back when I come to you. Do not tell your sister, she is jealous of us."
    ),
    (
        "Guaranteed 15% daily profit, no risk! Our trading bot doubles your bitcoin in a week. Minimum deposit 300 USDT, "
        "only 12 slots left, message the coach now."
    ),
)
CHINESE_LURES = (
    "您好，我是抖音客服，您开通了直播会员，今天不取消每月扣费800元，还会影响征信。请下载会议软件打开屏幕共享，我帮您转接银联。",
    "恭喜您成为体验官，做任务点赞返佣金，垫付298返360，本金佣金一起到账，名额有限，加微信领取任务。",
    "我是公安局的民警，您名下银行卡涉嫌洗钱案，请保密，不要告诉家人，把资金转到安全账户配合调查。",
    "老婆，我舅舅说今晚有内幕节点，稳赚的，你先充一万到平台账户，赚到的钱当我们的首付，别告诉你家人。",
    "您的贷款已经审批，因银行卡号错误被冻结，需要先转账8000元解冻金，解冻后连本金一起退还。",
)


@pytest.mark.parametrize("name", ENGLISH)
def test_hidden_english_words_are_still_read(name):
    caught = sum(
        judge(plain(ATTACKS[name](text, random.Random(7)))).probability >= 0.5 for text in ENGLISH_LURES
    )
    assert caught >= len(ENGLISH_LURES) - (name == "mixed")


@pytest.mark.parametrize("name", CHINESE)
def test_hidden_chinese_words_are_still_read(name):
    caught = sum(
        judge(plain(ATTACKS[name](text, random.Random(7)))).probability >= 0.5 for text in CHINESE_LURES
    )
    assert caught >= len(CHINESE_LURES) - (name == "mixed")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Vеrіfy y0ur acc0unt", "verify your account"),
        ("v e r i f y   y o u r   a c c o u n t", "verify your account"),
        ("p*a*s*s*w*o*r*d and pass_word", "password and password"),
        ("pass\u200bword ｐａｙ 𝐀𝐜𝐜𝐨𝐮𝐧𝐭 ⓝⓞⓦ", "password pay account now"),
        ("Za͟l̷g̸o", "zalgo"),
        ("ver<b></b>ify &#110;ow", "verify now"),
        ('pay <span style="display:none">agenda</span>now', "pay now"),
        ("covid19, 3pm, 20th, 5G", "covid 0 0 pm 0 th 0 g"),
        ("7h15 45k5 m057 f0r 57473m3n75", "this asks most for statements"),
        ("mp3, win10, area51", "mp 0 win 0 area 0"),
        ("Re: Fwd: hello", "hello"),
        ("write to me@bank.example or www.bank.example/x", f"write to {MAIL} or {URL}"),
    ],
)
def test_english_comes_down_to_one_spelling(written, read):
    assert plain(written).text == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("轉賬到這個帳戶", "转账到这个账户"),
        ("加薇❤信，转💰账", "加微信转账"),
        ("请zhuan账，加wei信", "请转账加微信"),
        ("亻言用上，君羊里钅艮彳亍卡", "信用上群里银行卡"),
        ("转 账 * 到 - 安 全 账 户", "转账到安全账户"),
        ("详情 http://a.test/x 回复", f"详情{URL}回复"),
    ],
)
def test_chinese_comes_down_to_one_spelling(written, read):
    assert plain(written).text == read
    assert plain(written).is_chinese


def test_ordinary_words_are_left_alone():
    text = "可能火车晚点，女子排队，贝壳很长，请马上来"
    assert plain(text).text == "可能火车晚点女子排队贝壳很长请马上来"


def test_style_sheets_and_comments_are_not_words():
    assert plain("* { box-sizing: border-box; } Dear <!-- x --> Ann").text == "dear ann"
    assert visible("plain words, 2 < 3 > 1") == "plain words, 2 < 3 > 1"


@given(st.text(max_size=400))
def test_any_text_has_a_plain_spelling_that_is_its_own(text):
    once = plain(text)
    assert once == plain(text)
    assert "  " not in once.text


def test_a_long_hostile_text_is_read_in_linear_time():
    for text in (
        "< " * 500_000,
        "a." * 500_000,
        "&#" * 500_000,
        "{" * 100_000,
        "x@" * 400_000,
        "亻" * 400_000,
    ):
        plain(text)
