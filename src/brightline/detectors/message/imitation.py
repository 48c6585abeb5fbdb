"""Say whether a host imitates a brand, and how.

The ways are those of phishing research: homographs (IDN), typos and swapped digits, the brand joined with a lure
word, the brand's domain as a subdomain of another, in the user part, or in the path of a free host.
"""

import tomllib
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

import msgspec

from brightline.detectors.message.addresses import Address, hosting_suffix, registrable
from brightline.detectors.text.confusable import skeleton

TYPO_MIN = 6  # letters of a brand whose typos count; shorter words have too many honest neighbours
COMPOUND_MIN = 5  # letters of a brand that is found inside a longer label without a hyphen
LABEL_LIMIT = 63  # characters of a label (RFC 1035, 2.3.4)


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """One brand: its own domains, how imitations spell it, and the names it goes by."""

    name: str
    domains: tuple[str, ...]
    words: tuple[str, ...] = ()
    labels: tuple[str, ...] | None = None
    common: bool = False

    @property
    def spellings(self) -> tuple[str, ...]:
        """Labels that imitations spell: what the list says, or the first label of the main domain."""
        return self.labels if self.labels is not None else (self.domains[0].partition(".")[0],)


class Way(StrEnum):
    """How a host imitates a brand."""

    HOMOGRAPH = "homograph"  # letters of another script, or accents
    DIGITS = "digits"  # paypa1
    TYPO = "typo"  # paypla
    COMPOUND = "compound"  # paypal-login
    ENDING = "ending"  # the brand's label below a cheap top-level domain
    SUBDOMAIN = "subdomain"  # paypal.com.login.example
    USER = "user"  # https://paypal.com@login.example
    PATH = "path"  # free-host.example/paypal.com


class Imitation(msgspec.Struct, frozen=True):
    """A brand, and how a host imitates it."""

    brand: str
    way: Way


@cache
def brands() -> tuple[Brand, ...]:
    """All brands that `brands.toml` lists."""
    data = tomllib.loads(_data("brands.toml"))
    return tuple(msgspec.convert(data["brand"], tuple[Brand, ...]))


@cache
def tracking() -> dict[str, frozenset[str]]:
    """Lists of `tracking.toml` by name: trackers, tracking_labels, shorteners, lures."""
    data = tomllib.loads(_data("tracking.toml"))
    return {name: frozenset(words) for name, words in data.items() if isinstance(words, list)}


@lru_cache(maxsize=8192)
def owner(host: str) -> str:
    """The brand that owns the host, by its listed domains, or the empty string.

    >>> owner("www.paypal.com"), owner("paypal.com.login.example")
    ('PayPal', '')
    """
    labels = host.split(".")
    free = hosting_suffix(host)  # what anyone puts on `github.io` is not GitHub's
    tails = (".".join(labels[start:]) for start in range(len(labels)))
    return next((_domains()[tail] for tail in tails if tail in _domains() and tail != free), "")


def imitation(address: Address) -> Imitation | None:
    """The brand that an address imitates, by the strongest way, or None. A brand's own host imitates nobody."""
    if address.user and (brand := owner(_host_in(address.user))):
        return None if brand == owner(address.host) else Imitation(brand, Way.USER)
    if address.is_ip:
        return _in_path(address)
    if owner(address.host):
        return None
    return _in_host(address.host) or (_in_path(address) if hosting_suffix(address.host) else None)


@lru_cache(maxsize=8192)
def _in_host(host: str) -> Imitation | None:
    own = registrable(host)
    label = own.partition(".")[0][:LABEL_LIMIT]
    ways = (
        *_as_label(label),
        *_as_subdomain(host, own),
        *_as_ending(label, host),
        *_as_compound(label, host),
    )
    return ways[0] if ways else None


def _as_label(label: str) -> Iterator[Imitation]:
    """The registrable label spells a brand with foreign letters, with digits, or with one slip."""
    plain = _unaccented(label)
    for word in (plain, *(part for part in plain.split("-") if part != plain)):
        brand = _spellings().get(word)
        if brand and not label.isascii() and word not in label.split("-"):
            yield Imitation(brand, Way.HOMOGRAPH)
    folded = _spellings_folded()
    for word in (plain, *plain.split("-")):
        brand = folded.get(_fold(word))
        if brand and word not in _spellings() and not word.isdigit():
            yield Imitation(brand, Way.HOMOGRAPH if not label.isascii() else Way.DIGITS)
    if brand := _typo(plain):
        yield Imitation(brand, Way.TYPO)


def _as_subdomain(host: str, own: str) -> Iterator[Imitation]:
    """A brand's whole domain stands in front, joined by dots or hyphens: `paypal.com.x.test`, `10086.cn-jf.test`."""
    labels = _unaccented(host).split(".")
    before = len(labels) - own.count(".") - 1
    for start in range(before):
        for end in range(start + 2, min(start + 3, len(labels)) + 1):
            middle = labels[start + 1 : end - 1]
            for first in (labels[start], labels[start].rpartition("-")[2]):
                for last in (labels[end - 1], labels[end - 1].partition("-")[0]):
                    is_before = end <= before or last != labels[end - 1]
                    if is_before and (brand := _domains().get(".".join((first, *middle, last)))):
                        yield Imitation(brand, Way.SUBDOMAIN)
        joined = labels[start].split("-")
        for place in range(len(joined) - 1):
            if brand := _domains().get(f"{joined[place]}.{joined[place + 1]}"):
                yield Imitation(brand, Way.SUBDOMAIN)


def _as_ending(label: str, host: str) -> Iterator[Imitation]:
    """The brand's label as it is, below a top-level domain that sells by the cent."""
    brand = _spellings().get(label)
    if brand and len(label) >= COMPOUND_MIN - 1 and host.rpartition(".")[2] in tracking()["cheap_endings"]:
        yield Imitation(brand, Way.ENDING)


def _as_compound(label: str, host: str) -> Iterator[Imitation]:
    """The label joins a brand with another word: `paypal-login`, `secureappleid`, `icbc-95588`.

    Brands that are ordinary words or acronyms need a word that lures, a service number or a cheap ending besides.
    """
    parts = _unaccented(label).split("-")
    is_bait = any(_is_bait(part) for part in parts) or host.rpartition(".")[2] in tracking()["cheap_endings"]
    for start, end in _windows(len(parts)):
        brand = _spellings().get("-".join(parts[start:end]), "")
        if brand and end - start < len(parts) and (is_bait or brand not in _common()):
            yield Imitation(brand, Way.COMPOUND)
    for part in parts:
        if part not in _spellings() and (brand := _glued(part)):
            yield Imitation(brand, Way.COMPOUND)
    outer = host.split(".")[0]
    if outer != label and hosting_suffix(host):
        yield from _as_compound(outer, outer)


def _windows(count: int) -> Iterator[tuple[int, int]]:
    """Start and end of every run of up to three neighbours."""
    for start in range(count):
        for end in range(start + 1, min(start + 3, count) + 1):
            yield start, end


def _is_bait(part: str) -> bool:
    """A lure word, or a service number of a Chinese bank or carrier (95588, 10086, 12306)."""
    return part in tracking()["lures"] or (
        len(part) == 5 and part.isdigit() and part[:2] in {"95", "10", "12"}
    )


def _glued(part: str) -> str:
    """A brand at one end of a word whose other end is a lure."""
    lures = tracking()["lures"]
    for cut in range(2, len(part) - 1):
        for spelt, lure in ((part[:cut], part[cut:]), (part[cut:], part[:cut])):
            if len(spelt) >= COMPOUND_MIN and lure.strip("0123456789") in lures and spelt in _spellings():
                return _spellings()[spelt]
    return ""


def _in_path(address: Address) -> Imitation | None:
    first = address.path.strip("/").partition("/")[0].lower()
    brand = _domains().get(first.removeprefix("www.")) or _spellings().get(first)
    return Imitation(brand, Way.PATH) if brand else None


def _typo(word: str) -> str:
    """The brand that a label misses by one letter lost, added, changed or swapped with its neighbour."""
    if len(word) < TYPO_MIN - 1 or word in _spellings():
        return ""
    for shorter in sorted({word, *_deletions(word)}):  # sorted: a replay must find the same brand
        for spelt in _typo_index().get(shorter, ()):
            if word[0] == spelt[0] and is_one_slip(word, spelt):
                return _spellings()[spelt]
    return ""


def is_one_slip(first: str, second: str) -> bool:
    """Whether two words differ by exactly one insertion, deletion, substitution or neighbour swap.

    A plural is no slip: it is how people name several of a thing.

    >>> is_one_slip("payapl", "paypal"), is_one_slip("paypals", "paypal"), is_one_slip("paypal", "paypal")
    (True, False, False)
    """
    if first == second or abs(len(first) - len(second)) > 1:
        return False
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) < len(longer):
        return longer != f"{shorter}s" and shorter in _deletions(longer)
    places = [place for place in range(len(first)) if first[place] != second[place]]
    if len(places) == 1:
        return True
    return (
        len(places) == 2
        and places[1] == places[0] + 1
        and first[places[0]] == second[places[1]]
        and first[places[1]] == second[places[0]]
    )


def _deletions(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def _fold(word: str) -> str:
    """Glyphs that people read as one another, in one spelling."""
    return word.replace("rn", "m").replace("vv", "w").replace("cl", "d").translate(_TWINS)


_TWINS = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "3": "e", "5": "s", "4": "a", "7": "t", "8": "b", "$": "s", "9": "g"}
)


@lru_cache(maxsize=8192)
def _unaccented(label: str) -> str:
    plain = skeleton(label).lower()
    return "".join(char for char in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(char))


def _host_in(user: str) -> str:
    return user.lower().removeprefix("www.").partition(":")[0].partition("/")[0]


@cache
def _domains() -> dict[str, str]:
    return {domain: brand.name for brand in reversed(brands()) for domain in brand.domains}


@cache
def _spellings() -> dict[str, str]:
    return {label: brand.name for brand in reversed(brands()) for label in brand.spellings}


@cache
def _spellings_folded() -> dict[str, str]:
    return {
        _fold(label): name
        for label, name in _spellings().items()
        if len(label) >= COMPOUND_MIN and not label.isdigit()
    }


@cache
def _common() -> frozenset[str]:
    return frozenset(brand.name for brand in brands() if brand.common)


@cache
def _typo_index() -> dict[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for brand in brands():
        for label in brand.spellings:
            if len(label) >= TYPO_MIN and not brand.common and "-" not in label:
                for form in {label, *_deletions(label)}:
                    index[form] = (*index.get(form, ()), label)
    return index


def _data(name: str) -> str:
    return files("brightline.detectors.message").joinpath(name).read_text("utf-8")
