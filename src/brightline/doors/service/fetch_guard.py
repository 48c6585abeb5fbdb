"""Which URLs the service may fetch for a caller: nothing that leads into the house, however its address is written.

A server that fetches what callers name can be made to ask its own neighbours (server-side request forgery). So a URL is read once, by
the parser of the library that fetches it; a name is resolved once, and **all** addresses that it leads to are looked at;
the connection goes to these addresses and no others (`fetching.py`). Each redirect begins anew here.

Source: the IANA registries of special-purpose IPv4 and IPv6 addresses; OWASP, Server-Side Request Forgery Prevention.
"""

import ipaddress
import re
from collections.abc import Sequence
from http import HTTPStatus

from yarl import URL

from brightline.doors.service.forms import URL_LIMIT
from brightline.doors.service.problems import ProblemError
from brightline.settings_service import ServiceSetting

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NOWHERE = "`{}` leads to no address that may be fetched"
_NAME = re.compile(r"(?=.{1,253}\.?$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?").fullmatch  # fmt: skip
# A last label that begins as a number makes the whole an IPv4 address for `inet_aton` and for browsers (WHATWG URL, 3.5).
_ENDS_IN_NUMBER = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)\.?").fullmatch
_PLAIN = re.compile(
    r"[!-\[\]-~]+"
).fullmatch  # printable ASCII without the backslash, which browsers read as a slash


def _networks(*written: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(one) for one in written)


# No setting permits these. The first line gives credentials to whoever asks, or configures the machine: AWS, Azure, GCP and others;
# Azure's WireServer; Alibaba; Oracle; AWS by IPv6. The others lead to another address than they seem, or to many.
NEVER = _networks(
    "169.254.169.254/32", "169.254.170.2/32", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::/32",
    "0.0.0.0/8", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4",  # this host, 6to4 relays, multicast, reserved and broadcast
    "::/128", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48",  # IPv4-mapped, IPv4-translated, NAT64
    "2001::/32", "2002::/16", "fec0::/10", "ff00::/8",  # Teredo, 6to4, site-local, multicast
)  # fmt: skip
# Not public: only where `service.fetch_networks` names them.
NOT_PUBLIC = _networks(
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.31.196.0/24", "192.52.193.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20",
)  # fmt: skip
PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # all that is given out; the rest is reserved, or of one site


def url_of(written: str, setting: ServiceSetting) -> URL:
    """A URL that may be asked for, as far as its words tell: scheme, host, port, and no name or password in it.

    Raises:
        ProblemError: 422, it may not; the words say why.
    """
    if len(written) > URL_LIMIT:
        raise _refused(f"the URL has more than {URL_LIMIT} characters")
    if not _PLAIN(written):
        raise _refused(
            "the URL has spaces, backslashes or characters beyond ASCII: write them as `%20` and the like"
        )
    try:
        url = URL(written)
        host, port = (url.raw_host or "").lower(), url.port
    except ValueError:
        raise _refused("the URL cannot be read") from None
    if url.scheme not in {"http", "https"}:
        raise _refused("only URLs of `http` and `https` are fetched")
    if url.raw_user is not None or url.raw_password is not None:
        raise _refused("the URL holds a user name or password, which are not sent")
    if port not in setting.fetch_ports:
        raise _refused(f"port {port} is not in `service.fetch_ports`")
    _check_host(host, setting)
    return url.with_fragment(None)


def _check_host(host: str, setting: ServiceSetting) -> None:
    literal = literal_of(host)
    if literal is None and _ENDS_IN_NUMBER(host):
        raise _refused(f"`{host[:80]}` is an IP address in an odd form, expected four decimal numbers")
    if literal is None and not _NAME(host):
        raise _refused(f"`{host[:80]}` is no name of a host")
    if not is_permitted_host(host, setting.fetch_hosts):
        raise _refused(f"`{host[:80]}` is not in `service.fetch_hosts`")


def literal_of(host: str) -> Address | None:
    """The address that a host is by itself, in the one form that all readers agree on; None for names and odd forms.

    >>> literal_of("127.0.0.1"), literal_of("0x7f.1"), literal_of("2130706433")
    (IPv4Address('127.0.0.1'), None, None)
    """
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if "%" in host else found  # a zone names an interface of this machine


def is_permitted_host(host: str, permitted: Sequence[str]) -> bool:
    """Whether a host is among those that the operator names; none named are all, `.example.com` is whatever lies below.

    >>> is_permitted_host("a.example.com", [".example.com"]), is_permitted_host("badexample.com", [".example.com"])
    (True, False)
    """
    name = host.rstrip(".").lower()
    return not permitted or any(
        name.endswith(one.lower()) if one.startswith(".") else name == one.rstrip(".").lower()
        for one in permitted
    )


def check_addresses(host: str, found: Sequence[str], setting: ServiceSetting) -> tuple[Address, ...]:
    """All addresses of a host, each of which may be reached.

    Raises:
        ProblemError: 422, there is none, or one of them may not. Both sound alike, so that nobody asks us for the names of the house.
    """
    permitted = _networks(*setting.fetch_networks)
    addresses = tuple(address for one in found if (address := literal_of(one)) is not None)
    if not addresses or len(addresses) != len(found):
        raise _refused(NOWHERE.format(host[:80]))
    if not all(may_reach(address, permitted) for address in addresses):
        raise _refused(NOWHERE.format(host[:80]))
    return addresses


def may_reach(address: Address, permitted: Sequence[Network] = ()) -> bool:
    """Whether an address is public, or of a network that the operator permits.

    >>> [may_reach(ipaddress.ip_address(one)) for one in ("192.0.43.8", "10.0.0.1", "::ffff:192.0.43.8", "2606:2800::1")]
    [True, False, False, True]
    """
    if _within(address, NEVER):
        return False
    if _within(address, permitted):
        return True
    return not _within(address, NOT_PUBLIC) and (address.version == 4 or address in PUBLIC_V6)


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)  # of the other version: never in it


def _refused(why: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, why)
