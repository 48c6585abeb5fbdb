"""`message.mail`: who a mail says it is from, against where it comes from and where answers go.

Facts of the headers have basis PROOF; that a fact means deceit is an ESTIMATE. What the receiving server wrote about
the sender is DECLARED.
"""

from collections.abc import Iterator
from functools import cache

import msgspec
import re2

from brightline.core.finding import Basis, Field, Finding, details
from brightline.core.harm import Harm
from brightline.core.subject import Header, Kind, Subject
from brightline.core.words import Words
from brightline.detectors.message.addresses import read_address, registrable
from brightline.detectors.message.authentication import Outcome, Results, read_results
from brightline.detectors.message.dates import date_defect
from brightline.detectors.message.imitation import Brand, brands, imitation, is_one_slip, owner
from brightline.detectors.text.confusable import skeleton
from brightline.media.wellformed import well_formed

NAME = "message.mail"

FIELD_LIMIT = 2_048  # characters of an address field that are read
ADDRESSES_LIMIT = 50  # recipients that are looked at
QUOTE_LIMIT = 60  # characters of a field that a finding quotes
OWN_MIN = 5  # letters of a recipient's domain whose look-alikes count

# Not measured: the data hold bodies without headers. Even odds, so that no rule takes them for sure.
UNMEASURED = 0.5

FREEMAIL = frozenset(
    ("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "ymail.com",
     "yahoo.co.uk", "yahoo.fr", "yahoo.de", "yahoo.co.jp", "aol.com", "icloud.com", "me.com", "mac.com", "gmx.de",
     "gmx.net", "gmx.com", "web.de", "t-online.de", "mail.ru", "yandex.ru", "yandex.com", "proton.me", "protonmail.com",
     "zoho.com", "mail.com", "orange.fr", "laposte.net", "free.fr", "libero.it", "wp.pl", "o2.pl", "seznam.cz", "qq.com",
     "foxmail.com", "163.com", "126.com", "yeah.net", "sina.com", "sina.cn", "sohu.com", "139.com", "189.cn", "wo.cn",
     "aliyun.com", "tutanota.com", "hushmail.com", "inbox.lv", "rediffmail.com")
)  # fmt: skip

_MAILBOX = re2.compile(r"([^\s<>,;:\"'()\[\]]{1,128})@([^\s<>,;:\"'()\[\]@]{1,253})")
_ANGLE = re2.compile(r"<\s*([^<>]*)\s*>\s*$")
_COMPANY = re2.compile(
    r"(?i)\b(?:inc|ltd|llc|gmbh|corp|corporation|bank|support team|customer (?:service|care|support)|help ?desk|"
    r"security team|billing|payroll|human resources|hr department|it department|administrator)\b|"
    r"有限公司|集团|银行|客服|官方|财务部|人事部|税务局|公安|法院|社保|医保|运营商"
)
_MESSAGE_ID = re2.compile(r"\s*<[^<>@\s]{1,500}@[^<>@\s]{1,255}>\s*")


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a header field."""

    display: str
    address: str
    host: str

    @property
    def domain(self) -> str:
        """Registrable domain of the host."""
        return registrable(self.host)


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `mail.sender_mismatch`, `mail.authentication` and `mail.headers` of one mail."""
    if subject.kind not in {Kind.EMAIL, Kind.MSG} or not subject.headers:
        return
    headers = tuple(Header(header.name, well_formed(header.value)) for header in subject.headers)
    subject = msgspec.structs.replace(subject, headers=headers)
    sender = read_mailbox(subject.header("from"))
    results = read_results(subject.headers)
    yield _authentication(results)
    if sender is not None:
        yield from _display(sender)
        yield from _answers(subject, sender)
        yield from _bounces(subject, sender, results)
        yield from _look_alikes(subject, sender)
    yield from _defects(subject, sender)


def read_mailbox(field: str) -> Mailbox | None:
    """The first address of a From, Reply-To or Return-Path field, or None.

    >>> read_mailbox('"Ada Example" <ada@mail.example.com>').domain
    'example.com'
    """
    field = field[:FIELD_LIMIT]
    angle = _ANGLE.search(field)
    match = _MAILBOX.search(angle.group(1) if angle is not None else field)
    if match is None:
        return None
    display = field[: angle.start()] if angle is not None else ""
    address = read_address(match.group(2))
    host = address.host if address is not None else match.group(2).lower()
    return Mailbox(display=display.strip(" \t\"'"), address=match.group().lower(), host=host)


def _display(sender: Mailbox) -> Iterator[Finding]:
    """The name that a reader sees names another address, a brand, or a company."""
    named = _MAILBOX.search(sender.display)
    if named is not None and registrable(named.group(2).lower()) != sender.domain:
        yield _mismatch(
            "display_address", sender, "from", shown=named.group(),
            words=Words(en="the sender's name shows another address", zh="发件人名称显示了另一个邮箱地址"),
        )  # fmt: skip
    brand = _brand_in(sender.display)
    if brand and owner(sender.host) != brand and not _is_brand_word_of(sender, brand):
        kind = "display_brand_freemail" if sender.domain in FREEMAIL else "display_brand"
        yield _mismatch(
            kind, sender, "from", brand=brand, shown=sender.display,
            words=Words(en=f"the sender's name says {brand}, its domain is not theirs",
                        zh=f"发件人名称自称 {brand}，但域名并不属于该品牌"),
        )  # fmt: skip
    elif sender.domain in FREEMAIL and _COMPANY.search(sender.display) is not None:
        yield _mismatch(
            "freemail_company", sender, "from", shown=sender.display,
            words=Words(en="a company's name on a free mail account", zh="以公司名义使用免费邮箱"),
        )  # fmt: skip


def _answers(subject: Subject, sender: Mailbox) -> Iterator[Finding]:
    """Answers go elsewhere: deceit when they go to a free account, usual on mailing lists."""
    answer = read_mailbox(subject.header("reply-to"))
    if answer is None or answer.domain == sender.domain or subject.header("list-id"):
        return
    to_freemail = answer.domain in FREEMAIL and sender.domain not in FREEMAIL
    kind = "reply_to_freemail" if to_freemail else "reply_to"
    words = Words(en="answers go to another domain than the sender's", zh="回复地址与发件人域名不同")
    yield _mismatch(kind, sender, "reply-to", words, shown=answer.address, is_deceit=to_freemail)


def _bounces(subject: Subject, sender: Mailbox, results: Results) -> Iterator[Finding]:
    """Bounces go elsewhere: usual for mail that a service sends, and then DKIM or DMARC pass."""
    path = read_mailbox(subject.header("return-path"))
    if path is None or path.domain == sender.domain or results.outcome is Outcome.PASS:
        return
    words = Words(en="bounces go to another domain than the sender's", zh="退信地址与发件人域名不同")
    yield _mismatch("return_path", sender, "return-path", words, shown=path.address, is_deceit=False)


def _look_alikes(subject: Subject, sender: Mailbox) -> Iterator[Finding]:
    """The sender's domain looks like a brand's, or like the recipient's own."""
    address = read_address(sender.host)
    found = imitation(address) if address is not None else None
    if found is not None:
        yield _mismatch(
            "imitates_brand", sender, "from", brand=found.brand,
            words=Words(en=f"the sender's domain imitates {found.brand}", zh=f"发件人域名疑似仿冒 {found.brand}"),
        )  # fmt: skip
    for own in _recipient_domains(subject):
        if own != sender.domain and own not in FREEMAIL and _looks_like(sender.domain, own):
            yield _mismatch(
                "own_lookalike", sender, "from", shown=own,
                words=Words(en="the sender's domain looks like the recipient's own", zh="发件人域名与收件人自己的域名形近"),
            )  # fmt: skip


def _defects(subject: Subject, sender: Mailbox | None) -> Iterator[Finding]:
    """What every mail program writes is missing or malformed."""
    identity = subject.header("message-id")
    if sender is None:
        yield _defect("from_missing", "from", Words(en="the mail names no sender", zh="邮件没有写明发件人"))
    if sum(header.name == "from" for header in subject.headers) > 1:
        # Servers and mail programs each believe another one (RFC 5322, 3.6 allows one).
        yield _defect(
            "from_twice",
            "from",
            Words(en="the mail names its sender twice", zh="邮件有多个发件人（From）字段"),
        )
    if not identity:
        yield _defect(
            "message_id_missing",
            "message-id",
            Words(en="the mail has no Message-ID", zh="邮件缺少 Message-ID"),
        )
    elif _MESSAGE_ID.fullmatch(identity[:FIELD_LIMIT]) is None:
        yield _defect(
            "message_id_malformed",
            "message-id",
            Words(en="the Message-ID is malformed", zh="Message-ID 格式不正确"),
        )
    received = next((header.value for header in subject.headers if header.name == "received"), "")
    found = date_defect(subject.header("date"), received)
    if found:
        yield _defect(found, "date", _DATE_WORDS[found])


_DATE_WORDS = {
    "date_missing": Words(en="the mail has no date", zh="邮件缺少日期"),
    "date_malformed": Words(en="the mail's date is malformed", zh="邮件日期格式不正确"),
    "date_odd": Words(
        en="the mail's date is far from the day it was received", zh="邮件日期与收到日期相差过大"
    ),
}


def _recipient_domains(subject: Subject) -> list[str]:
    fields = [header.value for header in subject.headers if header.name in {"to", "cc", "delivered-to"}]
    found: dict[str, None] = {}
    for match in _MAILBOX.finditer(",".join(fields)[: FIELD_LIMIT * 4]):
        found[registrable(match.group(2).lower().rstrip("."))] = None
        if len(found) >= ADDRESSES_LIMIT:
            break
    return list(found)


def _looks_like(domain: str, own: str) -> bool:
    first, second = domain.partition(".")[0], own.partition(".")[0]
    if len(second) < OWN_MIN:
        return False
    plain = skeleton(first).lower()
    return (plain == second and first != second) or is_one_slip(plain, second)


def _brand_in(display: str) -> str:
    """The brand that a display name names in words of their own.

    Names that are ordinary words count alone, or next to a word for a company.
    """
    original = display[:256].lower()
    plain = " ".join(skeleton(original).replace("-", " ").split())
    is_company = _COMPANY.search(display) is not None
    for word, brand in _brand_words():
        is_named = f" {word} " in f" {plain} " if word.isascii() else word in original
        if is_named and (not brand.common or is_company or word in {plain, original}):
            return brand.name
    return ""


@cache
def _brand_words() -> tuple[tuple[str, Brand], ...]:
    """Every name of every brand, longest first: `中国建设银行` before `建设银行`."""
    words = {(word.lower(), brand) for brand in brands() for word in (brand.name, *brand.words)}
    return tuple(sorted(words, key=lambda item: (-len(item[0]), item[0], item[1].name)))


def _is_brand_word_of(sender: Mailbox, brand: str) -> bool:
    """A person or shop whose domain spells the word honestly (`orange` at orange-county.example)."""
    listed = next(item for item in brands() if item.name == brand)
    return listed.common and sender.domain.partition(".")[0] in listed.spellings


def _authentication(results: Results) -> Finding:
    is_failed = results.outcome is Outcome.FAIL
    words = {
        Outcome.PASS: Words(
            en="the receiving server vouches for the sender's domain", zh="收件服务器确认了发件人域名"
        ),
        Outcome.FAIL: Words(en="the sender's domain failed authentication", zh="发件人域名未通过认证"),
        Outcome.PARTIAL: Words(
            en="the sender's domain is not fully authenticated", zh="发件人域名只有部分认证结果"
        ),
        Outcome.UNVERIFIED: Words(
            en="the mail says it passed authentication, but nothing shows that our server wrote so",
            zh="邮件自称通过认证，但无法证明由收件服务器写入",
        ),
        Outcome.NOT_FOUND: Words(en="the mail carries no authentication results", zh="邮件没有认证结果"),
    }[results.outcome]
    facts = {
        "arc": "yes" if results.has_arc else "", "dkim": results.dkim, "dmarc": results.dmarc, "spf": results.spf,
        "others": str(results.others) if results.others else "", "server": results.server,
        "verdict": results.outcome.value,
    }  # fmt: skip
    return Finding(
        detector=NAME, claim="mail.authentication", basis=Basis.DECLARED, probability=UNMEASURED if is_failed else 1.0,  # forwarding and mailing lists fail honestly
        harm=Harm.FRAUD_AI if is_failed else None, why=words, where=(Field("authentication-results"),),
        details=details(**facts),
    )  # fmt: skip


def _mismatch(
    kind: str,
    sender: Mailbox,
    field: str,
    words: Words,
    brand: str = "",
    shown: str = "",
    *,
    is_deceit: bool = True,
) -> Finding:
    facts = {
        "brand": brand,
        "domain": sender.domain[:QUOTE_LIMIT],
        "kind": kind,
        "shown": shown[:QUOTE_LIMIT],
    }
    quote = f"`{shown[:QUOTE_LIMIT]}`" if shown else f"`{sender.address[:QUOTE_LIMIT]}`"
    return Finding(
        detector=NAME, claim="mail.sender_mismatch",
        basis=Basis.ESTIMATE if is_deceit else Basis.PROOF,
        probability=UNMEASURED if is_deceit else 1.0,
        harm=Harm.FRAUD_AI if is_deceit else None,
        why=Words(en=f"{words.en}: {quote}", zh=f"{words.zh}：{quote}"),
        where=(Field(field),), details=details(**facts),
    )  # fmt: skip


def _defect(kind: str, field: str, words: Words) -> Finding:
    return Finding(
        detector=NAME, claim="mail.headers", basis=Basis.PROOF, probability=1.0, why=words, where=(Field(field),),
        details=details(kind=kind),
    )  # fmt: skip
