"""`message.links`: links that imitate brands, that lead elsewhere than they show, or that hide where they lead."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Detail, Finding, Span
from brightline.core.harm import Harm
from brightline.core.subject import Link, Subject
from brightline.core.words import Words
from brightline.detectors.message.addresses import (
    ADDRESSES_LIMIT,
    Address,
    find_addresses,
    read_address,
    registrable,
    shown_host,
)
from brightline.detectors.message.imitation import Way, imitation, owner, tracking
from brightline.media.wellformed import well_formed

NAME = "message.links"

SPANS_LIMIT = 100  # places that one finding lists
FINDINGS_LIMIT = 50  # different findings on one node
QUOTE_LIMIT = 80  # characters of a host that a finding quotes

# Precision at equal priors, conservative bound, held by source: see `links.card.toml`, [calibration].
PROBABILITY: dict[Way, float] = {
    Way.HOMOGRAPH: 0.9,
    Way.DIGITS: 0.9,
    Way.TYPO: 0.75,
    Way.COMPOUND: 0.71,  # Laplace over the five different hosts in the wild: brands do register such names
    Way.ENDING: 0.5,  # not in the data
    Way.SUBDOMAIN: 0.9,
    Way.USER: 0.9,
    Way.PATH: 0.5,  # too few in the data
}
MISMATCH_PROBABILITY = (
    0.5  # not measured: the data hold no anchors; even odds, which no rule may take for sure
)

_WAYS: dict[Way, Words] = {
    Way.HOMOGRAPH: Words(en="foreign letters make its name look like", zh="用形近的外文字母冒充"),
    Way.DIGITS: Words(en="swapped characters make its name look like", zh="用形近的数字或字母冒充"),
    Way.TYPO: Words(en="its name is one slip away from", zh="域名与其仅一字之差："),
    Way.COMPOUND: Words(en="its name adds a word to the name of", zh="在品牌名后添加词语冒充"),
    Way.ENDING: Words(en="another ending under the name of", zh="用其他后缀冒充"),
    Way.SUBDOMAIN: Words(en="its first part is the domain of", zh="把品牌域名放在前段冒充"),
    Way.USER: Words(en="what stands before the @ is the domain of", zh="“@”前的部分冒充"),
    Way.PATH: Words(en="its path names", zh="路径中出现品牌名，冒充"),
}


class Obscurity(StrEnum):
    """How a link hides where it leads."""

    IP = "ip"
    ENCODED_IP = "encoded_ip"
    USER = "user"
    DATA = "data"
    SCRIPT = "script"
    SHORTENER = "shortener"


_OBSCURITIES: dict[Obscurity, Words] = {
    Obscurity.IP: Words(en="a link leads to a bare IP address", zh="链接指向裸 IP 地址"),
    Obscurity.ENCODED_IP: Words(
        en="a link hides an IP address in other digits", zh="链接用其他写法隐藏了 IP 地址"
    ),
    Obscurity.USER: Words(en="a link shows another host before an @", zh="链接在“@”前显示了另一个主机名"),
    Obscurity.DATA: Words(en="a link carries a whole page in itself", zh="链接本身内嵌了整个网页"),
    Obscurity.SCRIPT: Words(en="a link runs a script", zh="链接会执行脚本"),
    Obscurity.SHORTENER: Words(en="a shortened link hides where it leads", zh="短链接隐藏了真实去向"),
}
_DECEITS = frozenset({Obscurity.ENCODED_IP, Obscurity.USER, Obscurity.DATA})


class _Claim(msgspec.Struct, frozen=True):
    """What findings are gathered by: one finding for each, however many links."""

    claim: str
    kind: str
    host: str
    brand: str = ""
    shown: str = ""


class _Seen(msgspec.Struct, frozen=True):
    """One link: where it leads, what it shows, and its place in the text."""

    target: str
    shown: str = ""
    span: Span | None = None


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `link.imitates_brand`, `link.mismatch` and `link.obscured`, one finding for each host and way.

    Raises:
        DetectorError: there are more links than are looked at.
    """
    places: dict[_Claim, list[Span]] = {}
    known: dict[tuple[str, str], tuple[_Claim, ...]] = {}
    is_complete = True
    for number, seen in enumerate(_links(subject)):
        if number >= ADDRESSES_LIMIT:
            is_complete = False
            break
        key = (seen.target, seen.shown)
        if key not in known:
            known[key] = tuple(_claims(seen))
        for claim in known[key]:
            spans = places.setdefault(claim, [])
            if seen.span is not None:
                spans.append(seen.span)
    ordered = sorted(places.items(), key=lambda item: _weight(item[0]))
    for claim, spans in ordered[:FINDINGS_LIMIT]:
        yield _finding(claim, spans)
    if not is_complete:
        raise DetectorError(f"more than {ADDRESSES_LIMIT} links: the rest was not looked at")


def _links(subject: Subject) -> Iterator[_Seen]:
    text = well_formed(subject.text)
    for link in subject.links:
        yield _Seen(well_formed(link.target), well_formed(link.shown), _link_span(link, text))
    for raw, span in find_addresses(text):
        yield _Seen(raw, "", span)


def _link_span(link: Link, text: str) -> Span | None:
    return Span(link.start, link.end) if 0 <= link.start < link.end <= len(text) else None


def _claims(seen: _Seen) -> Iterator[_Claim]:
    scheme = seen.target.lstrip()[:32].partition(":")[0].lower()
    if scheme in {"javascript", "vbscript"}:
        yield _Claim("link.obscured", Obscurity.SCRIPT, scheme)
    elif scheme == "data":
        if seen.target.lstrip()[5:21].lower().startswith(("text/html", "application", "image/svg")):
            yield _Claim("link.obscured", Obscurity.DATA, scheme)
    elif scheme not in {"mailto", "tel", "cid", "sms", "file", "about"}:
        address = read_address(seen.target)
        if address is not None:
            yield from _address_claims(address)
            yield from _mismatch(address, seen.shown)


def _address_claims(address: Address) -> Iterator[_Claim]:
    host = address.host[:QUOTE_LIMIT]
    found = imitation(address)
    if found is not None:
        yield _Claim("link.imitates_brand", found.way, host, brand=found.brand)
    if address.is_ip:
        kind = Obscurity.ENCODED_IP if address.is_encoded_ip else Obscurity.IP
        yield _Claim("link.obscured", kind, host)
    if shown_host(address.user.partition(":")[0]):
        yield _Claim("link.obscured", Obscurity.USER, host, shown=address.user[:QUOTE_LIMIT])
    if address.registrable in tracking()["shorteners"]:
        yield _Claim("link.obscured", Obscurity.SHORTENER, host)


def _mismatch(address: Address, words: str) -> Iterator[_Claim]:
    """The shown host belongs to somebody else than the target, as far as registrable domains tell."""
    shown = shown_host(words)
    if not shown or registrable(shown) == address.registrable:
        return
    brand = owner(shown)
    if brand and brand == owner(address.host):
        return
    is_tracked = _is_tracking(address)
    kind = "tracking" if is_tracked else ("brand" if brand else "other")
    yield _Claim("link.mismatch", kind, address.host[:QUOTE_LIMIT], brand=brand, shown=shown[:QUOTE_LIMIT])


def _is_tracking(address: Address) -> bool:
    lists = tracking()
    return (
        address.registrable in lists["trackers"]
        or address.registrable in lists["shorteners"]
        or (address.host.partition(".")[0] in lists["tracking_labels"] and address.host.count(".") > 1)
    )


def _weight(claim: _Claim) -> tuple[int, str, str, str]:
    order = {"link.imitates_brand": 0, "link.mismatch": 1, "link.obscured": 2}
    return (
        order[claim.claim] + 3 * (claim.kind in {"tracking", "shortener"}),
        claim.kind,
        claim.host,
        claim.shown,
    )


def _finding(claim: _Claim, spans: list[Span]) -> Finding:
    basis, probability, harm = _standing(claim)
    places = sorted({(span.start, span.end) for span in spans})[:SPANS_LIMIT]
    facts = {"brand": claim.brand, "host": claim.host, "kind": str(claim.kind), "shown": claim.shown}
    return Finding(
        detector=NAME,
        claim=claim.claim,
        basis=basis,
        probability=probability,
        harm=harm,
        why=_why(claim),
        where=tuple(Span(start, end) for start, end in places),
        details=tuple(Detail(name, value) for name, value in sorted(facts.items()) if value),
    )


def _standing(claim: _Claim) -> tuple[Basis, float, Harm | None]:
    if claim.claim == "link.imitates_brand":
        return Basis.ESTIMATE, PROBABILITY[Way(claim.kind)], Harm.FRAUD_AI
    if claim.claim == "link.mismatch" and claim.kind == "brand":
        return Basis.ESTIMATE, MISMATCH_PROBABILITY, Harm.FRAUD_AI
    is_deceit = claim.claim == "link.obscured" and Obscurity(claim.kind) in _DECEITS
    return Basis.PROOF, 1.0, Harm.FRAUD_AI if is_deceit else None


def _why(claim: _Claim) -> Words:
    if claim.claim == "link.imitates_brand":
        way = _WAYS[Way(claim.kind)]
        return Words(
            en=f"the link to `{claim.host}` imitates {claim.brand}: {way.en} {claim.brand}",
            zh=f"指向 `{claim.host}` 的链接疑似仿冒：{way.zh} {claim.brand}",
        )
    if claim.claim == "link.mismatch":
        return Words(
            en=f"a link shows `{claim.shown}` and leads to `{claim.host}`",
            zh=f"链接显示为 `{claim.shown}`，实际指向 `{claim.host}`",
        )
    words = _OBSCURITIES[Obscurity(claim.kind)]
    return Words(en=f"{words.en}: `{claim.host}`", zh=f"{words.zh}：`{claim.host}`")
