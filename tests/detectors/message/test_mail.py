import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.finding import Basis, Field, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Context, Header, Kind, Subject
from brightline.detectors.message import mail
from brightline.detectors.message.authentication import Outcome, read_results

CONTEXT = Context(time="2026-11-23T12:00:00Z")
HONEST = {
    "received": "from out.example.com by mx.example.org with ESMTPS; Mon, 23 Nov 2026 12:00:05 +0000",
    "authentication-results": "mx.example.org; spf=pass smtp.mailfrom=example.com; dkim=pass header.d=example.com; dmarc=pass",
    "from": "Ada Example <ada@example.com>",
    "to": "bob@example.org",
    "return-path": "<ada@example.com>",
    "message-id": "<1@example.com>",
    "date": "Mon, 23 Nov 2026 12:00:00 +0000",
}


def headers_of(**changes: str) -> tuple[Header, ...]:
    fields = {**HONEST, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return tuple(Header(name, value) for name, value in fields.items() if value)


def findings_of(**changes: str) -> list[Finding]:
    return list(mail.detect(subject_of(headers_of(**changes))))


def subject_of(headers: tuple[Header, ...], kind: Kind = Kind.EMAIL) -> Subject:
    return Subject(digest="0" * 64, size_bytes=1, kind=kind, context=CONTEXT, headers=headers)


def kinds_of(**changes: str) -> list[str]:
    return [
        finding.detail("kind") for finding in findings_of(**changes) if finding.claim != "mail.authentication"
    ]


def test_an_honest_mail_gives_one_finding_that_says_it_passed():
    (found,) = findings_of()
    assert (found.claim, found.basis, found.detail("verdict")) == (
        "mail.authentication",
        Basis.DECLARED,
        "pass",
    )
    assert found.harm is None


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"from": '"billing@paypal.com" <x@evil.example>'}, "display_address"),
        ({"from": "PayPal Service <x@evil.example>"}, "display_brand"),
        ({"from": "支付宝客服 <x@evil.example>"}, "display_brand"),
        ({"from": "РayРal <x@evil.example>"}, "display_brand"),
        ({"from": "Netflix Billing <someone@gmail.com>"}, "display_brand_freemail"),
        ({"from": "某某科技有限公司 <someone@qq.com>"}, "freemail_company"),
        ({"from": "Example Widgets Ltd <someone@outlook.com>"}, "freemail_company"),
        ({"reply_to": "someone@gmail.com"}, "reply_to_freemail"),
        ({"reply_to": "other@third.example"}, "reply_to"),
        ({"return_path": "<bounce@mailer.test>", "authentication_results": ""}, "return_path"),
        ({"from": "x@paypa1.com"}, "imitates_brand"),
        ({"from": "Chief <boss@examp1e-works.com>", "to": "bob@example-works.com"}, "own_lookalike"),
        ({"message_id": ""}, "message_id_missing"),
        ({"message_id": "nonsense"}, "message_id_malformed"),
        ({"date": ""}, "date_missing"),
        ({"date": "yesterday"}, "date_malformed"),
        ({"date": "Mon, 23 Nov 2020 12:00:00 +0000"}, "date_odd"),
        ({"from": "nobody"}, "from_missing"),
    ],
)
def test_each_mismatch_is_named(changes, kind):
    assert kind in kinds_of(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "PayPal <service@paypal.com>", "return_path": "<bounce@paypal.com>"},
        {"from": "招商银行 <ccsvc@message.cmbchina.com>"},
        {"from": "Chase Miller <chase@example.com>"},
        {"from": "Apple Orchard <hello@orchard.example>"},
        {"from": "Malcolm X <m@example.com>", "return_path": "<m@example.com>"},
        {"from": "Steam Cleaning <hello@steamer.example>"},
        {"from": "红苹果幼儿园 <hello@kids.example>"},
        {"from": "Sparkasse Musterstadt <info@sparkasse-musterstadt.example>"},
        {"from": "Ada <ada@gmail.com>", "reply_to": "ada@gmail.com"},
        {"reply_to": "list@lists.example", "list_id": "<talk.lists.example>"},
        {"reply_to": "ada@mail.example.com"},
        {"return_path": "<bounce@mailer.test>"},  # DMARC passed
        {"from": "ada@example.com", "to": "bob@example.org, carol@exemplar.org"},
    ],
)
def test_honest_senders_are_left_alone(changes):
    assert kinds_of(**changes) == []


def test_a_mismatch_that_may_be_deceit_is_never_sure():
    for finding in findings_of(**{"from": "PayPal Service <x@evil.example>", "reply_to": "a@gmail.com"}):
        if finding.harm is Harm.FRAUD_AI:
            assert finding.basis is Basis.ESTIMATE
            assert finding.probability < 1
            assert isinstance(finding.where[0], Field)


def test_only_the_topmost_result_counts():
    forged = Header("authentication-results", "mx.example.org; dmarc=pass")
    real = Header("authentication-results", "mx.example.org; spf=fail; dkim=none; dmarc=fail (p=reject)")
    below = Header("received", HONEST["received"])
    results = read_results((real, below, forged))
    assert (results.outcome, results.others) == (Outcome.FAIL, 1)


def test_a_pass_that_nobody_of_ours_wrote_is_unverified():
    forged = Header("authentication-results", "mx.attacker.test; spf=pass; dkim=pass; dmarc=pass")
    assert read_results((Header("received", HONEST["received"]), forged)).outcome is Outcome.UNVERIFIED


@pytest.mark.parametrize(
    ("field", "outcome"),
    [
        ("mx.example.org; none", Outcome.PARTIAL),
        ("mx.example.org 1; spf=softfail", Outcome.FAIL),
        ("mx.example.org; dkim=fail (bad (nested) words; dmarc=pass); dmarc=none", Outcome.PARTIAL),
        ("mx.example.org; dkim=fail header.d=a; dkim=pass header.d=b; dmarc=pass", Outcome.PASS),
        ("spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com; dmarc=pass", Outcome.PASS),
        ("", Outcome.PARTIAL),
    ],
)
def test_results_are_read_by_rfc_8601(field, outcome):
    headers = (Header("authentication-results", field), Header("received", HONEST["received"]))
    assert read_results(headers).outcome is outcome


def test_a_mail_without_results_says_so():
    found = findings_of(authentication_results="")[0]
    assert (found.detail("verdict"), found.harm) == ("not_found", None)


def test_a_failed_authentication_warns_and_notes_arc():
    found = findings_of(authentication_results="mx.example.org; dmarc=fail", arc_seal="i=1")[0]
    assert (found.detail("verdict"), found.detail("arc"), found.harm) == ("fail", "yes", Harm.FRAUD_AI)


def test_lone_surrogates_break_nothing():
    for name in HONEST:
        assert findings_of(**{name: HONEST[name] + "\ud800"})


def test_other_kinds_are_none_of_its_business():
    assert list(mail.detect(subject_of(headers_of(), Kind.HTML))) == []


@settings(deadline=None)  # the machine is shared
@given(
    st.lists(
        st.tuples(st.sampled_from([*HONEST, "reply-to", "cc", "arc-seal", "list-id"]), st.text(max_size=60)),
        max_size=9,
    )
)
def test_any_headers_give_findings(fields):
    for finding in mail.detect(subject_of(tuple(Header(name, value) for name, value in fields))):
        assert finding.why.en
        assert finding.why.zh


def test_message_findings_read_as_the_golden_file_says(golden):
    cases = (
        {},
        {"from": "支付宝客服 <x@evil.example>", "reply_to": "a@qq.com"},
        {"authentication_results": "", "date": ""},
    )
    lines = []
    for changes in cases:
        lines.append(str(changes))
        for finding in findings_of(**changes):
            details = ", ".join(f"{detail.name}={detail.value}" for detail in finding.details)
            lines += [
                f"  {finding.claim} {finding.basis} {finding.probability} {finding.harm}",
                f"    {finding.why.en}",
            ]
            lines += [f"    {finding.why.zh}", f"    {details}"]
    golden("detectors/mail.txt", "\n".join(lines) + "\n")
