"""The trust-list pack: whose signatures on C2PA manifests count, as of which day.

A pack is a folder with `pack.toml` (name, date, source, standing, the digest of each file), `anchors.pem` (signers),
and optionally `time-anchors.pem` (time-stamping authorities) and `allowed-uses.txt` (extended key usages). One
ships as data; an operator may point the setting `trust_list` at another.
"""

import datetime as dt
import hashlib
import tomllib
from pathlib import Path

import msgspec
from cryptography import x509

from brightline.core.decision import Standing
from brightline.core.errors import DetectorError

SHIPPED_PACKS = Path(__file__).parent / "trust"
STALE_AFTER_DAYS = 180  # anchors are added and withdrawn every few weeks; half a year is a long time
FILE_LIMIT_BYTES = 4 * 1024 * 1024  # the official list of 2026 has 38 kB
PACK_FILE = "pack.toml"


class PackFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a pack and its SHA-256 digest, 64 lower-case hex digits."""

    name: str
    sha256: str


class PackRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `pack.toml` says of a pack."""

    name: str
    date: str
    source: str
    standing: Standing
    licence: str = ""
    files: tuple[PackFile, ...]


class TrustPack(msgspec.Struct, frozen=True, kw_only=True):
    """A verified trust list.

    Attributes:
        name: what the list is called.
        date: the day on which it was true.
        source: where it came from.
        anchors: certificates of signing authorities, PEM; empty trusts nobody.
        time_anchors: certificates of time-stamping authorities, PEM; may be empty.
        allowed_uses: dotted object identifiers of extended key usages that a signer may have.
    """

    name: str
    date: dt.date
    source: str
    anchors: str
    time_anchors: str
    allowed_uses: tuple[str, ...]

    def age_days(self, time: str) -> int:
        """Whole days from the pack's date to an RFC 3339 time; negative if the pack is younger.

        Raises:
            ValueError: the time is not RFC 3339.
        """
        return (dt.datetime.fromisoformat(time).date() - self.date).days

    def is_stale(self, time: str) -> bool:
        """Whether the list is too old to speak for that time."""
        return self.age_days(time) > STALE_AFTER_DAYS


def load_trust_pack(folder: Path | None = None) -> TrustPack:
    """Read a pack and verify it: digests, date, and that every certificate parses.

    Args:
        folder: the pack; None is the latest that ships.

    Raises:
        DetectorError: a file is missing, changed, oversized or malformed.
    """
    place = folder if folder is not None else _latest_shipped()
    record = _read_record(place)
    texts = {file.name: _read_verified(place, file) for file in record.files}
    if "anchors.pem" not in texts:
        raise DetectorError(f"trust list `{place}` names no `anchors.pem`; an empty one trusts nobody")
    return TrustPack(
        name=record.name,
        date=_date(record.date, place),
        source=record.source,
        anchors=_certificates(texts["anchors.pem"], place / "anchors.pem"),
        time_anchors=_certificates(texts.get("time-anchors.pem", ""), place / "time-anchors.pem"),
        allowed_uses=tuple(texts.get("allowed-uses.txt", "").split()),
    )


def _latest_shipped() -> Path:
    packs = sorted(path for path in SHIPPED_PACKS.iterdir() if (path / PACK_FILE).is_file())
    if not packs:
        raise DetectorError(f"no trust list ships in `{SHIPPED_PACKS}`")
    return packs[-1]


def _read_record(folder: Path) -> PackRecord:
    try:
        return msgspec.convert(tomllib.loads(_read(folder / PACK_FILE)), PackRecord)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DetectorError(f"trust list `{folder / PACK_FILE}` is malformed: {error}") from error


def _read_verified(folder: Path, file: PackFile) -> str:
    if Path(file.name).name != file.name:
        raise DetectorError(f"trust list `{folder}` names `{file.name}`, expected a file of its own folder")
    text = _read(folder / file.name)
    found = hashlib.sha256(text.encode("utf-8")).hexdigest()
    if found != file.sha256:
        raise DetectorError(
            f"trust list file `{folder / file.name}` has digest {found}, its pack says {file.sha256}"
        )
    return text


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_LIMIT_BYTES:
            raise DetectorError(f"trust list file `{path}` is larger than 4 MiB, which no trust list is")
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DetectorError(f"cannot read trust list file `{path}`: {error}") from error


def _certificates(pem: str, path: Path) -> str:
    try:
        if "BEGIN CERTIFICATE" in pem:
            x509.load_pem_x509_certificates(pem.encode("utf-8"))
    except ValueError as error:
        raise DetectorError(
            f"trust list file `{path}` holds a certificate that cannot be read: {error}"
        ) from error
    return pem


def _date(text: str, folder: Path) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise DetectorError(f"trust list `{folder}` is dated `{text}`, expected YYYY-MM-DD") from error
