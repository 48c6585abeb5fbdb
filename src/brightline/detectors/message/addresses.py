"""Web addresses in text, and the host, user and registrable domain of one."""

import ipaddress
from collections.abc import Iterator
from functools import cache, lru_cache
from urllib.parse import unquote

import idna
import msgspec
import re2
from publicsuffixlist import PublicSuffixList

from brightline.core.finding import Span

ADDRESSES_LIMIT = 5_000  # web addresses of one text; a longer list is a feed, and leaves a gap
ADDRESS_LIMIT = 2_048  # characters of one address that are read
HOST_LIMIT = 253  # characters of a host name (RFC 1035, 2.3.4)

# Top-level domains at which a host without scheme and `www.` counts as an address. File extensions (md, py, sh, zip)
# and words of running text (is, it, so) are left out on purpose.
_TLDS = (
    "com|net|org|info|biz|top|xyz|cn|vip|club|shop|site|online|icu|cc|tk|ml|ga|cf|gq|work|live|link|click|app|dev|"
    "io|co|ru|de|uk|fr|es|nl|pl|br|in|eu|us|ca|au|jp|kr|tw|hk|sg|tv|ly|gov|edu|mobi|pro|asia|space|website|store|tech|"
    "fun|cloud|buzz|cyou|sbs|cfd|rest|bond|win|bid|loan|men|date|stream|pw|ws|la|im|test|example|invalid|localhost"
)
_PLAIN = r"A-Za-z0-9_\-"
_LETTERS = r"\p{Latin}\p{Cyrillic}\p{Greek}\p{Armenian}\p{Cherokee}\x{FF0D}\x{FF10}-\x{FF19}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{00B7}\x{200B}-\x{200D}\x{00AD}\x{1D400}-\x{1D7FF}"
_LABEL = rf"(?:[{_PLAIN}{_LETTERS}]+|[{_PLAIN}]*\p{{Han}}[{_PLAIN}\p{{Han}}]*)"
_TLD_ANY = r"(?:xn--[A-Za-z0-9\-]+|[A-Za-z]{2,24}|\p{Cyrillic}{2,10}|中国|中國|公司|网络|网址|集团|在线|商城|商店|香港|台湾)"
_DOT = r"[.．。｡]"
_HOST = rf"(?:{_LABEL}{_DOT})+{_TLD_ANY}"
_PATH = r"(?:[/?#\\／][!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*)?"
_AUTHORITY = r"(?:[^\s/?#\\<>\"，。；、）】》”’]*@)?"
_SCHEME = r"(?:https?|hxxps?|ftp)(?:://|:\\\\|：//)"
_NUMERIC_HOST = r"(?:0x[0-9A-Fa-f]{1,8}|[0-9]{5,10}|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]{2,45}\])"
_FULL = rf"{_SCHEME}{_AUTHORITY}(?:{_HOST}|{_NUMERIC_HOST}|localhost)(?::[0-9]{{1,5}})?{_PATH}"
_WWW = rf"www\.{_HOST}(?::[0-9]{{1,5}})?{_PATH}"
_BARE = rf"(?:[{_PLAIN}{_LETTERS}]+\.)+(?:{_TLDS})\b(?::[0-9]{{1,5}})?{_PATH}"
_ADDRESS = re2.compile(rf"(?i)(?:{_FULL}|{_WWW}|{_BARE})")
_HINT = re2.compile(r"(?i)://|www\.|[A-Za-z0-9][.．](?:" + _TLDS + r")\b|：//")
_SHOWN = re2.compile(rf"(?i)\s*(?:{_SCHEME})?((?:www\.)?(?:[{_PLAIN}]+\.)+[A-Za-z]{{2,24}})(?:[/:?#]\S*)?\s*")
_FILE_ENDINGS = frozenset(
    ("csv", "doc", "docx", "exe", "gif", "htm", "html", "jpeg", "jpg", "js", "md", "pdf", "png", "ppt", "pptx", "py",
     "txt", "xls", "xlsx", "zip")
)  # fmt: skip
_TRAILING = ".,;:!?)]}'\"-_"
_DOTS = str.maketrans({"．": ".", "。": ".", "｡": ".", "／": "/", "：": ":", "\\": "/"})


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One web address, taken apart.

    Attributes:
        host: lower case, Unicode (U-labels), without final dot; an IP address in its usual form.
        ascii_host: the same with A-labels.
        registrable: the domain that its owner registered, below a public suffix; empty for an IP address.
        user: what stands before an `@` in the authority.
        path: from the first slash on, percent-decoded once.
        scheme: lower case, empty where there was none.
        is_ip: the host is an IP address.
        is_encoded_ip: it was written in a way that hides this (one number, hexadecimal, octal).
    """

    host: str
    ascii_host: str
    registrable: str
    user: str = ""
    path: str = ""
    scheme: str = ""
    is_ip: bool = False
    is_encoded_ip: bool = False


def find_addresses(text: str) -> Iterator[tuple[str, Span]]:
    """Web addresses in running text, with their places; mail addresses are none."""
    if _HINT.search(text) is None:
        return
    for match in _ADDRESS.finditer(text):
        start, end = match.span()
        raw = match.group().rstrip(_TRAILING)
        if text[start - 1 : start] == "@" or (text[end : end + 1] == "@" and "://" not in raw):
            continue
        yield raw[:ADDRESS_LIMIT], Span(start, start + len(raw))


def shown_host(words: str) -> str:
    """The host that a link's words show, if they show nothing but an address; else the empty string.

    >>> shown_host("https://www.example.com/login"), shown_host("click here"), shown_host("St.Petersburg")
    ('www.example.com', '', '')
    """
    if len(words) > ADDRESS_LIMIT or "." not in words:
        return ""
    match = _SHOWN.fullmatch(words)
    if match is None or match.group(1).rsplit(".", 1)[-1].lower() in _FILE_ENDINGS:
        return ""
    host = str(match.group(1)).lower()
    is_plain = "://" not in words and not host.startswith("www.")
    return "" if is_plain and not _has_known_suffix(host) else host


def read_address(raw: str) -> Address | None:
    """Take an address apart as a browser would, or None where there is no host in it.

    Source: WHATWG URL, host parsing (backslashes are slashes, the last `@` ends the user, numbers are IPv4).
    """
    scheme, rest = _split_scheme(raw.strip()[:ADDRESS_LIMIT].translate(_DOTS))
    authority, slash, path = _cut(rest)
    user, _, host = authority.rpartition("@")
    host = _without_port(unquote(host)).strip(".").lower()
    if not host or len(host) > HOST_LIMIT:
        return None
    ip = _ip(host)
    if ip:
        return Address(
            host=ip, ascii_host=ip, registrable="", user=unquote(user), path=slash + path, scheme=scheme, is_ip=True,
            is_encoded_ip=ip != host.strip("[]"),
        )  # fmt: skip
    shown, plain = _both_forms(host)
    return Address(
        host=shown, ascii_host=plain, registrable=registrable(shown), user=unquote(user), path=unquote(slash + path),
        scheme=scheme,
    )  # fmt: skip


@lru_cache(maxsize=8192)
def registrable(host: str) -> str:
    """The domain below a public suffix (ICANN and private), or the host itself where it is a suffix.

    >>> registrable("login.example.co.uk"), registrable("evil.github.io")
    ('example.co.uk', 'evil.github.io')
    """
    return _suffixes().privatesuffix(host) or host


@lru_cache(maxsize=8192)
def hosting_suffix(host: str) -> str:
    """The private suffix under which anyone may put a site (`github.io`), or the empty string."""
    public = _suffixes().publicsuffix(host) or ""
    return public if public.count(".") and public != (_icann_suffixes().publicsuffix(host) or "") else ""


def _has_known_suffix(host: str) -> bool:
    """`st.petersburg` ends in no top-level domain."""
    return _known_suffixes().publicsuffix(host) is not None


@cache
def _known_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_encoded_idn=False, accept_unknown=False)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_encoded_idn=False)


@cache
def _icann_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_encoded_idn=False, only_icann=True)


def _split_scheme(raw: str) -> tuple[str, str]:
    scheme, mark, rest = raw.partition("://")
    if mark and scheme.isalpha():
        return scheme.lower().replace("hxxp", "http"), rest.lstrip("/")
    return "", raw.removeprefix("//")


def _cut(rest: str) -> tuple[str, str, str]:
    for place, char in enumerate(rest):
        if char in "/?#":
            return rest[:place], char, rest[place + 1 :]
    return rest, "", ""


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _both_forms(host: str) -> tuple[str, str]:
    """Unicode and ASCII form (UTS 46); a label that is not valid stays as it is."""
    if host.isascii() and "xn--" not in host:
        return host, host
    pairs = [_label_forms(label) for label in host.split(".")]
    return ".".join(shown for shown, _ in pairs), ".".join(plain for _, plain in pairs)


def _label_forms(label: str) -> tuple[str, str]:
    try:
        if label.startswith("xn--"):
            return idna.decode(label), label
        if label.isascii():
            return label, label
        mapped = idna.uts46_remap(label, std3_rules=False)
        return mapped, idna.encode(mapped).decode("ascii")
    except (idna.IDNAError, UnicodeError, IndexError):
        return label, label


def _ip(host: str) -> str:
    """The usual form of an IP address however it is written, or the empty string."""
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host.strip("[]")))
        except ValueError:
            return ""
    parts = host.split(".")
    if len(parts) > 4 or not all(part.isascii() and part[:1].isdigit() for part in parts):
        return ""
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return ""
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return ""
    value = sum(number << 8 * (3 - place) for place, number in enumerate(numbers[:-1])) + numbers[-1]
    return str(ipaddress.IPv4Address(value))


def _number(part: str) -> int:
    digits, base = part[:12], 8 if len(part) > 1 and part.startswith("0") else 10
    if part.startswith("0x"):
        digits, base = part[2:12] or "0", 16
    if not digits.isalnum():  # `int` would take signs, spaces and underscores, which no browser takes
        raise ValueError(part)
    return int(digits, base)
