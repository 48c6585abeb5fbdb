import hashlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.finding import Basis, Finding, Span
from brightline.core.harm import Harm
from brightline.core.subject import Blob, Context, Header, Kind, Role, Subject
from brightline.core.wire import canonical
from brightline.detectors.message import fraud
from brightline.detectors.message.fraud_chat import follow
from brightline.detectors.message.fraud_model import TYPES, judge, types
from brightline.detectors.message.fraud_normal import plain
from brightline.detectors.message.fraud_reasons import reasons
from brightline.detectors.message.fraud_tactics import find_tactics, tactics
from brightline.settings import BankSetting, Settings

CONTEXT = Context(time="2026-11-23T12:00:00Z")
KIN = (
    "Hi Mum, my phone fell in the sink, this is my new number. Can you pay a bill of £1,240 for me today? My banking app "
    "won't work for 48 hours. Don't tell dad x"
)
SERVICE = "您好，我是抖音客服，您开通了直播会员，今天不取消每月扣费800元，会影响征信。请下载会议软件共享屏幕，我帮您转接银联。"
GROOMING = (
    "你好，我是上周约了网球课的Lily，想改到周日可以吗", "你发错了吧", "啊不好意思，助理把号码存错了，不过能加错也是缘分，您是哪里人呀", "成都",
    "我在新加坡做外贸，刚回国没什么朋友", "哦", "早安，吃早饭了吗，今天降温多穿点", "谢谢", "昨晚我跟着舅舅的团队做了一单，赚了两万，你想不想学",
    "怎么弄", "你注册这个平台，先充一千试试，稳赚的，我带你操作", "好", "提现要交20%的税，交完就到账了宝贝",
)  # fmt: skip
OUTING = (
    "明天几点集合",
    "八点校门口",
    "要带身份证吗",
    "带上，坐高铁要用",
    "午饭谁买",
    "我买三明治，回头转我就行",
    "好嘞",
    "记得带伞，说要下雨",
)


def subject_of(text: str = "", kind: Kind = Kind.TEXT, *turns: str, title: str = "") -> Subject:
    return Subject(
        digest="0" * 64,
        size_bytes=len(text),
        kind=kind,
        context=CONTEXT,
        text=text,
        headers=(Header("subject", title),) if title else (),
        parts=tuple(
            Subject(digest="1" * 64, size_bytes=1, kind=Kind.TURN, role=Role.TURN, context=CONTEXT, text=turn)
            for turn in turns
        ),
        blob=Blob(text.encode("utf-8", "replace")),
    )


def scam(text: str, title: str = "") -> Finding | None:
    found = fraud.look(subject_of(text, Kind.EMAIL, title=title))
    return next((finding for finding in found if finding.claim == "text.scam"), None)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        (KIN, "impersonation"),
        (SERVICE, "impersonation"),
        (
            "My love, please send $900 by Western Union today for the operation, I'll pay you back when I come to you, I dream of our wedding.",
            "romance",
        ),
        ("垫付298返360，做任务返佣金，本金佣金一起到账，加微信领任务，日入300", "job"),
        (
            "Guaranteed 15% daily profit with our crypto trading bot, no risk, deposit 300 USDT now, only 12 slots left.",
            "investment",
        ),
    ],
)
def test_a_lure_is_an_estimate_with_type_reasons_and_both_languages(text, type_):
    found = scam(text)
    assert found is not None
    assert found.basis is Basis.ESTIMATE
    assert found.harm is Harm.FRAUD_AI
    assert 0.5 <= found.probability <= 0.99
    assert found.detail("type") == type_
    assert found.detail("tactics")
    assert found.where
    assert all(isinstance(place, Span) and text[place.start : place.end].strip() for place in found.where)
    assert found.why.en != found.why.zh


@pytest.mark.parametrize(
    "text",
    [
        "See you at the pub at 7, bring the dog",
        "晚饭我来做，你下班路上买点葱就行",
        "Thanks for your order! Your parcel arrives on Tuesday. Total $24.10, paid with Visa ending 2231. You can unsubscribe any time.",
        "【菜鸟驿站】您的快递已到阳光里店，取件码3-2-4471，请凭码取件。",
        "We'll never ask for your password or a code. If someone calls and asks you to move money, hang up: it's a scam.",
        "ok",
        "",
        "转账",
    ],
)
def test_honest_and_tiny_texts_give_no_finding(text):
    assert scam(text) is None


def test_other_languages_are_not_judged():
    german = "Sehr geehrter Kunde, Ihr Konto wurde gesperrt. Bitte bestätigen Sie Ihre Daten innerhalb von 24 Stunden unter dem Link."
    assert scam(german) is None


def test_the_reasons_are_the_models_own():
    found = reasons(KIN)
    whole = judge(plain(KIN)).score
    first = found[0]
    rest = judge(plain(KIN[: first.span.start] + " " + KIN[first.span.end :])).score
    assert first.weight == pytest.approx(whole - rest, abs=0.001)
    assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)


def test_tactics_point_at_the_words_that_show_them():
    hits = {hit.tactic.name: hit for hit in find_tactics(KIN)}
    assert {"secrecy", "kin_emergency", "money_request"} <= hits.keys()
    assert any("Don't tell dad" in KIN[span.start : span.end] for span in hits["secrecy"].spans)
    zh = {hit.tactic.name for hit in find_tactics(SERVICE)}
    assert {"threat", "credential_request", "authority"} <= zh


def test_every_tactic_is_said_in_both_languages():
    assert len({tactic.name for tactic in tactics()}) == len(tactics()) >= 20
    assert all(tactic.said.en and tactic.said.zh for tactic in tactics())


def test_types_are_shares_of_one():
    shares = types(plain(SERVICE))
    assert set(shares) == set(TYPES)
    assert sum(shares.values()) == pytest.approx(1)


def test_grooming_is_warned_of_before_the_money_is_asked_for():
    found = [one for one in fraud.look(subject_of("", Kind.CHAT, *GROOMING)) if one.claim == "text.scam"]
    assert len(found) == 1
    assert int(found[0].detail("turn")) < len(GROOMING)
    assert found[0].detail("turns") == str(len(GROOMING))
    assert "@" in found[0].detail("tactics")


def test_an_outing_is_no_grooming():
    assert list(fraud.look(subject_of("", Kind.CHAT, *OUTING))) == []


def test_a_longer_conversation_never_warns_later():
    first = follow(list(GROOMING)).turn
    assert follow([*GROOMING, "怎么还没到账", "再交一次就好"]).turn <= first


def test_a_thousand_turns_are_followed_in_bounded_time():
    began = time.process_time()
    follow(["hello there, how was the match and the weather " * 5] * 5_000)
    assert time.process_time() - began < 3


def test_the_subject_line_counts():
    title = "Final notice: your account will be suspended, verify now"
    bare, titled = scam("Click the button below."), scam("Click the button below.", title)
    assert bare is None
    assert titled is not None


def test_a_wallet_is_a_fact_and_a_known_one_is_a_match(tmp_path):
    wallet = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
    bank = tmp_path / "wallets.csv"
    fingerprint = hashlib.sha256(f"bitcoin:{wallet}".encode()).hexdigest()
    bank.write_text(f"type,value,id\nsha256,{fingerprint},case 7\n")
    detect = fraud.prepare(
        Settings(home=tmp_path, banks=(BankSetting(name="wallets", path=bank, harm="fraud_ai"),))
    )
    found = {finding.claim: finding for finding in detect(subject_of(f"the wallet is {wallet}, thanks"))}
    assert found["entity.payment"].basis is Basis.PROOF
    assert found["entity.payment"].harm is None
    assert found["entity.known"].basis is Basis.MATCH
    assert found["entity.known"].harm is Harm.FRAUD_AI
    assert wallet not in found["entity.known"].why.en


@settings(max_examples=40)
@given(st.text(max_size=300))
def test_any_text_gives_the_same_findings_twice(text):
    first = [canonical(one) for one in fraud.look(subject_of(text))]
    assert first == [canonical(one) for one in fraud.look(subject_of(text))]


@settings(max_examples=40)
@given(st.lists(st.text(max_size=60), min_size=2, max_size=8))
def test_any_chat_is_followed(turns):
    course = follow(turns)
    assert 0 <= course.turn <= len(turns)
    assert 0 <= course.probability <= 0.99
