import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Context, Kind, Link, Subject
from brightline.detectors.message import links
from brightline.detectors.message.addresses import find_addresses, read_address
from brightline.detectors.message.imitation import Way, brands, imitation, is_one_slip, owner

CONTEXT = Context(time="2026-11-23T12:00:00Z")


def findings_of(text: str = "", *carried: Link) -> list[Finding]:
    subject = Subject(
        digest="0" * 64,
        size_bytes=len(text),
        kind=Kind.HTML,
        context=CONTEXT,
        text=text,
        links=tuple(carried),
    )
    return list(links.detect(subject))


def claims_of(text: str = "", *carried: Link) -> list[tuple[str, str]]:
    return [(finding.claim, finding.detail("kind")) for finding in findings_of(text, *carried)]


@pytest.mark.parametrize(
    ("address", "brand", "way"),
    [
        ("http://раураl.com/login", "PayPal", Way.HOMOGRAPH),
        ("https://xn--pypal-4ve.com", "PayPal", Way.HOMOGRAPH),
        ("https://xn--80ak6aa92e.com", "Apple", Way.HOMOGRAPH),
        ("http://paypa1.com", "PayPal", Way.DIGITS),
        ("http://rnicrosoft.com", "Microsoft", Way.DIGITS),
        ("http://taoba0.com", "Taobao", Way.DIGITS),
        ("http://paypla.com", "PayPal", Way.TYPO),
        ("http://coinbasse.com", "Coinbase", Way.TYPO),
        ("http://paypal-login.com", "PayPal", Way.COMPOUND),
        ("http://secureappleid.com", "Apple", Way.COMPOUND),
        ("http://microsoft-support.web.app", "Microsoft", Way.COMPOUND),
        ("http://taobao.vip", "Taobao", Way.ENDING),
        ("http://icbc-95588.com", "Industrial and Commercial Bank of China", Way.COMPOUND),
        ("http://ccb-jf.vip/abc", "China Construction Bank", Way.COMPOUND),
        ("http://sf-express-cn.top/1", "SF Express", Way.COMPOUND),
        ("http://usps-track.cc", "USPS", Way.COMPOUND),
        ("http://10086.cn-jf.top", "China Mobile", Way.SUBDOMAIN),
        ("https://paypal.com.login.example/x", "PayPal", Way.SUBDOMAIN),
        ("http://www.icbc.com.cn.vip8.top", "Industrial and Commercial Bank of China", Way.SUBDOMAIN),
        ("https://login-microsoftonline.com.evil.test", "Microsoft", Way.SUBDOMAIN),
        ("https://apple.com@evil.example/", "Apple", Way.USER),
        ("https://paypal.com:443@evil.example/", "PayPal", Way.USER),
        ("http://3232235777/paypal.com/", "PayPal", Way.PATH),
    ],
)
def test_each_way_of_imitating_a_brand_is_named(address, brand, way):
    found = imitation(read_address(address))
    assert (found.brand, found.way) == (brand, way)


@pytest.mark.parametrize(
    "address",
    [
        "https://www.paypal.com/signin",
        "https://login.microsoftonline.com/",
        "https://mail.qq.com",
        "https://www.tax.gov.cn",
        "https://facebook.github.io/react",
        "https://cloud.com",
        "https://stream.example",
        "https://goggles.com",
        "https://apples.example",
        "https://orange-county.example",
        "https://chasewater.example",
        "https://books.example/paypal.com",
        "https://pick-ups.example",
        "https://visa-for-china.example",
        "https://orange-juice.com",
        "https://中国银行.example",
        "https://müller.example",
        "http://192.168.1.1/",
        "https://user@example.com/",
    ],
)
def test_honest_hosts_imitate_nobody(address):
    assert imitation(read_address(address)) is None


def test_no_brand_imitates_another_or_itself():
    hosts = [domain for brand in brands() for domain in brand.domains]
    assert [host for host in hosts if owner(host) and imitation(read_address(f"https://www.{host}/"))] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请登录www.icbc.com.cn查询余额，或点http://t.cn/Abc。", ["www.icbc.com.cn", "http://t.cn/Abc"]),
        ("积分兑换：icbc-jf.com/abc领取", ["icbc-jf.com/abc"]),
        ("see paypal.com, not README.md or node.js e.g. 3.5 a@paypal.com", ["paypal.com"]),
        ("(http://a.b.example/x?y=1).", ["http://a.b.example/x?y=1"]),
        ("https://apple.com@evil.example/x", ["https://apple.com@evil.example/x"]),
        ("打开 www.财富管理.com，进行核实", ["www.财富管理.com"]),
        ("hxxps://evil.example/a and HTTP://X.COM", ["hxxps://evil.example/a", "HTTP://X.COM"]),
    ],
)
def test_addresses_are_found_in_running_text_of_both_languages(text, expected):
    found = list(find_addresses(text))
    assert [raw for raw, _ in found] == expected
    assert [text[span.start : span.end] for _, span in found] == expected


@pytest.mark.parametrize(
    ("raw", "host"),
    [
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://2130706433", "127.0.0.1"),
        ("http://0300.0250.1.1", "192.168.1.1"),
        ("http://[::1]:80/", "::1"),
        ("https://good.example\\@evil.example/", "good.example"),
        ("https://a@b@evil.example/", "evil.example"),
        ("http://ＥＸＡＭＰＬＥ．com", "example.com"),
        ("http://evil.example:8080/x", "evil.example"),
        ("//evil.example/x", "evil.example"),
    ],
)
def test_an_address_is_read_as_a_browser_reads_it(raw, host):
    assert read_address(raw).host == host


@pytest.mark.parametrize("host", ["0x-7", "1.0x_1", "0x+1", "1 2", "0x7g", "09"])
def test_what_only_looks_like_a_number_is_no_address_of_a_machine(host):
    address = read_address(f"http://{host}/")
    assert address is None or address.host == host  # found by fuzzing: signs and underscores


def test_a_link_that_shows_a_brand_and_leads_elsewhere_is_a_mismatch_that_warns_of_fraud():
    (found,) = findings_of("", Link(target="https://evil.example/x", shown="https://www.paypal.com/"))
    assert (found.claim, found.detail("kind"), found.detail("brand")) == ("link.mismatch", "brand", "PayPal")
    assert found.harm is Harm.FRAUD_AI
    assert found.basis is Basis.ESTIMATE


def test_newsletters_that_count_clicks_do_not_warn():
    shown = "www.shop.example"
    for target in (
        "https://click.mail.shop-mailer.example/x",
        "https://u123.ct.sendgrid.net/ls/click",
        "https://bit.ly/3x",
    ):
        assert all(finding.harm is None for finding in findings_of("", Link(target=target, shown=shown)))
    assert claims_of("", Link(target="https://shop.example/a", shown=shown)) == []
    assert claims_of("", Link(target="https://other.example/a", shown="Read more")) == []
    assert claims_of("", Link(target="https://other.example/a", shown="report.pdf")) == []


def test_links_that_hide_where_they_lead_are_facts():
    assert claims_of("http://10.0.0.1/x") == [("link.obscured", "ip")]
    assert claims_of("http://0x0a000001/x") == [("link.obscured", "encoded_ip")]
    assert claims_of("http://example.org@evil.example/x") == [("link.obscured", "user")]
    assert claims_of("see https://t.cn/Abc") == [("link.obscured", "shortener")]
    assert claims_of("", Link(target="data:text/html,<h1>x")) == [("link.obscured", "data")]
    assert claims_of("", Link(target="JavaScript:alert(1)")) == [("link.obscured", "script")]
    assert claims_of("", Link(target="mailto:a@paypa1.com")) == []


def test_one_finding_a_host_and_way_with_all_its_places():
    (found,) = findings_of("http://paypa1.com/a and http://paypa1.com/b")
    assert [(place.start, place.end) for place in found.where] == [(0, 19), (24, 43)]


def test_more_links_than_are_looked_at_leave_a_gap_and_keep_the_findings():
    text = "http://paypa1.com/ " + "".join(f"http://h{number}.example/ " for number in range(6_000))
    findings = links.detect(
        Subject(digest="0" * 64, size_bytes=1, kind=Kind.TEXT, context=CONTEXT, text=text)
    )
    assert next(findings).detail("brand") == "PayPal"
    with pytest.raises(DetectorError, match="5000 links"):
        next(findings)


@settings(deadline=None)  # the machine is shared
@given(st.text("abcde", min_size=1, max_size=8), st.integers(0, 7), st.sampled_from("abcdexyz"))
def test_one_slip_is_symmetric_and_never_the_word_itself(word, place, letter):
    changed = word[: place % len(word)] + letter + word[place % len(word) + 1 :]
    assert is_one_slip(word, changed) == is_one_slip(changed, word) == (word != changed)


@settings(deadline=None)  # the machine is shared
@given(
    st.text(
        alphabet=st.one_of(st.characters(), st.sampled_from("htps:/w.com@paypаl-１．。[]%\\?#")), max_size=120
    )
)
def test_any_text_gives_findings_whose_places_are_in_it(text):
    for finding in findings_of(text, Link(target=text, shown=text, start=0, end=3)):
        spans = [(place.start, place.end) for place in finding.where]
        assert spans == sorted(spans)
        assert all(0 <= start < end <= len(text) for start, end in spans)


@settings(deadline=None)  # the machine is shared
@given(st.text(alphabet=st.sampled_from("abcp.:/@[]-0xl１．%xn-раa\\"), max_size=60))
def test_any_address_is_read_or_refused(raw):
    address = read_address("http://" + raw)
    if address is not None:
        assert address.host
        imitation(address)


@pytest.mark.parametrize(
    "text",
    ["a." * 500_000, "http://a.example/x " * 50_000, "www." * 250_000, "http://" + "a" * 1_000_000, "x-" * 500_000 + ".com",
     "http://" + "a@" * 500_000 + "b.example", "中文。" * 330_000, "a.com/" * 160_000, "http://" * 140_000],
    ids=["dots", "links", "www", "long", "hyphens", "users", "chinese", "bare", "schemes"],
)  # fmt: skip
def test_a_million_characters_take_less_than_the_budget(text):
    start = time.process_time()
    with contextlib.suppress(DetectorError):
        findings_of(text)
    assert time.process_time() - start < 2.5


@pytest.mark.parametrize(
    "host",
    ["www.youtube-nocookie.com", "c.amazon-adsystem.com", "newsroom.paypal-corp.com", "chat.deepseek.com"],
)
def test_further_domains_of_a_brand_imitate_nobody(host):
    assert not findings_of(f"https://{host}/embed")


@pytest.mark.parametrize("host", ["tmall-vip.top", "chatgpt-login.top", "deepseek-app.top", "doubao-vip.top"])
def test_lures_with_names_of_assistants_and_shops_are_found(host):
    assert findings_of(f"https://{host}/")[0].claim == "link.imitates_brand"
