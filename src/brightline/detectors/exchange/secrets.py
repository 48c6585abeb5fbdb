"""`exchange.secret`: keys, tokens, private keys and passwords, by their form, check digits and the disorder in them.

Values are never quoted whole. What is looked at is the fold of `shadow.py` with upper and lower case, so that
invisible characters do not hide a key; places are those of the text itself.
"""

import binascii
import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any  # re2 has no types

import msgspec
import re2

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding, Span, details
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.exchange.shadow import Shadow, shadow
from brightline.detectors.text.personal import masked

NAME = "exchange.secret"

CANDIDATES_LIMIT = 2_000  # strings of one form in one text; more is a file of its own, and leaves a gap
SPANS_LIMIT = 100  # places that one finding lists
# `proof`: a checksum or the form of a whole key holds; `form`: a provider's own form; `named`: disorder beside a word.
PROBABILITY = {"proof": 0.99, "form": 0.95, "named": 0.85}
DISORDER = 3.0  # bits a character: English words stay under 2.9 in 16 characters, random base62 has 3.7
PASSWORD_DISORDER = 2.5  # people choose shorter ones

_SAMPLE = re2.compile(
    r"(?i)example|sample|placeholder|changeme|change[_-]me|your|dummy|redacted|x{6}|\*{4}|\.{3}|<|\$\{|\{\{|0123456789|123456|"
    r"password|passwd|secret$|^token$|^none$|^null$|^true$|^false$"
)
_LONG = re2.compile(r"\{([0-9]{1,4}),(?:[0-9]{4,})\}")
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of secret is written.

    Attributes:
        type: what it is.
        pattern: in the small language of `patterns.py`, which RE2 reads too; the secret is its group, or all of it.
        any_case: case counts for nothing.
        check: how strong a candidate is, empty for none.
    """

    type: str
    pattern: str
    check: Callable[[str], str]
    any_case: bool = False


def _form(value: str) -> str:
    return "" if _is_sample(value) or disorder(value) < DISORDER else "form"


def _named(value: str) -> str:
    has_kinds = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    return "named" if has_kinds and not _is_sample(value) and disorder(value) >= DISORDER else ""


def _password(value: str) -> str:
    kinds = sum((any(map(str.isdigit, value)), any(map(str.isalpha, value)), not value.isalnum()))
    return "named" if kinds > 1 and not _is_sample(value) and disorder(value) >= PASSWORD_DISORDER else ""


def _github(value: str) -> str:
    """GitHub's classic tokens end in the CRC-32 of the random part in base 62 (GitHub blog, 2021-04-05)."""
    body, sum_ = value[4:-6], value[-6:]
    number, digits = zlib.crc32(body.encode()), ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return "proof" if digits.rjust(6, "0") == sum_ else _form(value)


def _jwt(value: str) -> str:
    """RFC 7519: the first part is base64url of a JSON object with `alg`."""
    head = value.partition(".")[0]
    try:
        fields = msgspec.json.decode(
            binascii.a2b_base64(head.replace("-", "+").replace("_", "/") + "=" * (-len(head) % 4))
        )
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return "proof" if isinstance(fields, dict) and "alg" in fields else ""


def _always(_: str) -> str:
    return "proof"


_T = "[A-Za-z0-9]"
_U = "[A-Za-z0-9_-]"
_IS = r"[\"']?\s?(?::|=|=>|是|为|：|is)\s?[\"']?"
FORMS: tuple[Form, ...] = (
    Form(type="private_key", check=_always,
         pattern=r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=:,.\\ _-]{0,3300}-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"),
    Form(type="private_key", check=_always, pattern=r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----\s?[A-Za-z0-9+/=]{16,1200}"),
    Form(type="aws_access_key", check=_form, pattern=r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    Form(type="aws_secret_key", check=_named, any_case=True,
         pattern=rf"aws.{{0,20}}(?:secret|key){_IS}([a-z0-9/+=]{{40}})\b"),
    Form(type="github_token", check=_github, pattern=rf"\bgh[pousr]_{_T}{{36}}\b"),
    Form(type="github_token", check=_form, pattern=r"\bgithub_pat_[A-Za-z0-9_]{82}\b"),
    Form(type="gitlab_token", check=_form, pattern=rf"\bglpat-{_U}{{20,64}}\b"),
    Form(type="slack_token", check=_form, pattern=r"\bxox[abeoprs]-[A-Za-z0-9-]{10,200}\b"),
    Form(type="google_api_key", check=_form, pattern=rf"\bAIza{_U}{{35}}\b"),
    Form(type="model_api_key", check=_form, pattern=rf"\bsk-(?:ant-|proj-|or-v1-|svcacct-)?{_U}{{20,200}}\b"),
    Form(type="model_api_key", check=_form, pattern=rf"\bhf_{_T}{{34,40}}\b"),
    Form(type="stripe_key", check=_form, pattern=rf"\b[sr]k_(?:live|test)_{_T}{{16,120}}\b"),
    Form(type="package_token", check=_form, pattern=rf"\b(?:npm_{_T}{{36}}|pypi-AgEI{_U}{{50,250}})\b"),
    Form(type="mail_api_key", check=_form, pattern=rf"\bSG\.{_U}{{16,32}}\.{_U}{{16,64}}\b"),
    Form(type="cloud_access_key", check=_form, pattern=rf"\b(?:LTAI{_T}{{12,24}}|AKID{_T}{{28,36}})\b"),
    Form(type="gateway_key", check=_form, pattern=rf"\bbl-{_U}{{43}}\b"),
    Form(type="bot_token", check=_form, pattern=rf"\b[0-9]{{8,10}}:AA{_U}{{33}}\b"),
    Form(type="json_web_token", check=_jwt, pattern=rf"\beyJ{_U}{{8,1000}}\.eyJ{_U}{{8,2000}}\.{_U}{{16,800}}\b"),
    Form(type="url_password", check=_password, any_case=True,
         pattern=r"\b[a-z][a-z0-9+]{1,15}://[a-z0-9._%+-]{1,64}:([!-.0-9:-?A-Za-z\[-~]{4,100})@[a-z0-9]"),
    Form(type="api_key", check=_named, any_case=True,
         pattern=rf"(?:api|access|auth|client|secret|private|bearer)[_ -]?(?:key|token|secret){_IS}([a-z0-9_./+=-]{{16,200}})"),
    Form(type="password", check=_password, any_case=True,
         pattern=rf"(?:\bpassword|\bpasswd|\bpwd|\bpassphrase|密码|口令){_IS}([!#-&(-~]{{6,64}})"),
)  # fmt: skip


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `exchange.secret`, one finding for each type.

    Raises:
        DetectorError: the text holds more strings of one form than are checked.
    """
    if not subject.text:
        return
    folded = shadow(subject.text, lower=False)
    found: dict[str, dict[Span, str]] = {}
    is_complete = True
    for number in _present(folded.text):
        is_complete &= _gather(folded, number, found)
    for kind, spans in sorted(found.items()):
        yield _finding(kind, spans, subject.text)
    if not is_complete:
        raise DetectorError(f"more than {CANDIDATES_LIMIT} candidates of one form: the rest was not checked")


def disorder(value: str) -> float:
    """Shannon entropy of the characters, in bits a character.

    >>> round(disorder("aaaaaaaa"), 1), round(disorder("abcdefgh"), 1)
    (0.0, 3.0)
    """
    return -sum(count / len(value) * math.log2(count / len(value)) for count in Counter(value).values())


def _is_sample(value: str) -> bool:
    return _SAMPLE.search(value) is not None


@cache
def _forms() -> tuple[Any, tuple[Any, ...]]:
    """All forms as one set, and each by itself."""
    options = re2.Options()
    options.max_mem = 64 << 20
    options.log_errors = False
    every = re2.Set.SearchSet(options)
    single = []
    for form in FORMS:
        # RE2 counts to 1,000; a longer stretch has no end for it.
        pattern = _LONG.sub(r"{\1,}", f"(?i){form.pattern}" if form.any_case else form.pattern)
        every.Add(pattern)
        single.append(re2.compile(pattern, options))
    every.Compile()
    return every, tuple(single)


def _present(text: str) -> list[int]:
    return sorted(_forms()[0].Match(text.encode("utf-8", "replace")) or ())


def _gather(folded: Shadow, number: int, found: dict[str, dict[Span, str]]) -> bool:
    form, pattern = FORMS[number], _forms()[1][number]
    for count, match in enumerate(pattern.finditer(folded.text)):
        if count >= CANDIDATES_LIMIT:
            return False
        start, end = match.span(match.lastindex or 0)
        if strength := form.check(folded.text[start:end]):
            span = Span(*folded.original(start, end))
            mine = found.setdefault(form.type, {})
            if not any(one.start <= span.start < one.end for one in mine):
                mine[span] = strength
    return True


def _finding(kind: str, spans: dict[Span, str], text: str) -> Finding:
    first, strength = min(spans.items(), key=lambda item: -PROBABILITY[item[1]])
    shown = masked(text[first.start : first.end])
    words = _TYPES.get(kind, Words(f"a {kind.replace('_', ' ')}", "访问密钥或令牌"))
    many = f", {len(spans)} in all" if len(spans) > 1 else ""
    return Finding(
        detector=NAME,
        claim="exchange.secret",
        basis=Basis.PROOF if strength == "proof" else Basis.ESTIMATE,
        probability=PROBABILITY[strength],
        why=Words(
            f"the text holds {words.en}: {shown}{many}",
            f"文本含有{words.zh}：{shown}{f'，共 {len(spans)} 处' if many else ''}",
        ),
        where=tuple(sorted(spans, key=lambda one: one.start)[:SPANS_LIMIT]),
        details=details(count=str(len(spans)), strength=strength, type=kind),
    )


_TYPES = {
    "private_key": Words("a private key", "私钥"),
    "json_web_token": Words("a signed token (JWT)", "签名令牌（JWT）"),
    "password": Words("a password", "密码"),
    "url_password": Words("a password in an address", "网址中的密码"),
    "api_key": Words("an API key", "API 密钥"),
}
