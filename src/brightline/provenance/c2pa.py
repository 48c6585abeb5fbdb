"""C2PA manifests (Content Credentials): who signed the file, whether it holds, and what it declares; never online.

The library is told three times not to use the network (no remote manifests, no OCSP, no allowed host); a
system-call test holds it to that. Answers come on separate axes, because an expired certificate is not tampering
and an unknown signer is not a forgery.
"""

import mmap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import c2pa

from brightline.carriers.text_manifest import KINDS as TEXT_KINDS
from brightline.carriers.text_manifest import STORE_LIMIT_BYTES, find_manifest
from brightline.core.errors import CarrierError, DetectorError
from brightline.core.finding import Basis, Detail, Finding
from brightline.core.harm import Harm
from brightline.core.signatures import Detect
from brightline.core.subject import Kind, Subject
from brightline.core.words import Words
from brightline.provenance.manifest import Axes, Integrity, Signature, Time, Trust, read_axes
from brightline.provenance.manifest_reading import (
    report_of_detached,
    report_of_embedded,
    report_of_framed,
)
from brightline.provenance.trust import TrustPack, load_trust_pack
from brightline.settings import Settings

NAME = "provenance.c2pa"

MEDIA_TYPES: dict[Kind, str] = {
    Kind.JPEG: "image/jpeg",
    Kind.PNG: "image/png",
    Kind.WEBP: "image/webp",
    Kind.GIF: "image/gif",
    Kind.TIFF: "image/tiff",
    Kind.HEIF: "image/heif",
    Kind.AVIF: "image/avif",
    Kind.WAV: "audio/wav",
    Kind.MP3: "audio/mpeg",
    Kind.FLAC: "audio/flac",
    Kind.M4A: "audio/mp4",
    Kind.MP4: "video/mp4",
    Kind.MOV: "video/quicktime",
    Kind.AVI: "video/avi",
    Kind.PDF: "application/pdf",
    Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Kind.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
PDF_LIMIT_BYTES = (
    128 * 1024 * 1024
)  # the library unpacks a whole PDF in memory; intake reads no larger one either
REPORT_LIMIT_BYTES = 16 * 1024 * 1024  # JSON report of a store; histories of hundreds of edits have 1 MB
DECOMPRESSED_LIMIT_MB = 32  # compressed manifests (C2PA 2.4, 11.2.3) may unpack to this
QUOTE_LIMIT = 80  # characters of content in a finding
SOURCE_TYPE_LIMIT = 16  # source types in a finding; IPTC has 19 terms, an honest file uses a few
# A GIF names its manifest in the header of an application extension, contiguous by GIF89a 26.c; its XMP is
# contiguous too. The library walks every sub-block instead, which costs 10 ms a megabyte.
GIF_MARKERS = (b"C2PA_GIF", b"provenance")
WAV_MARKERS = (b"C2PA", b"jumb", b"provenance")  # of a WAV with 64-bit sizes, which the library cannot walk

# How sure a declaration makes us that a model made the content: house judgements, see the card.
PROBABILITY_TRUSTED = 0.99
PROBABILITY_SIGNED = 0.95
PROBABILITY_BROKEN = 0.8

_REMOTE = "Remote: must fetch remote manifests from url"
_ASSET_BROKEN = ("Other: asset could not be parsed", "Io: ", "NotSupported: ")
OFFLINE: dict[str, object] = {
    "version": 1,
    "core": {
        "allowed_network_hosts": [],
        "max_decompressed_manifest_size_in_mb": DECOMPRESSED_LIMIT_MB,
        # Identity assertions may name DIDs that only the network can resolve.
        "decode_identity_assertions": False,
    },
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
}


def prepare(settings: Settings) -> Detect:
    """A detector that judges signers by the operator's trust list, or by the one that ships.

    Raises:
        DetectorError: the trust list cannot be read or has been changed.
    """
    pack = load_trust_pack(Path(settings.trust_list) if settings.trust_list else None)
    return partial(_detect, pack, c2pa.Context.from_dict(context_settings(pack)))


def prepare_detached(settings: Settings) -> Callable[[Subject, bytes], Iterator[Finding]]:
    """A detector for a file of any kind whose manifest store lies beside it and is given with it.

    A file's name is no permission to read its neighbours, so the caller opens the sidecar.

    Raises:
        DetectorError: the trust list cannot be read or has been changed; when called, the store is too large.
    """
    pack = load_trust_pack(Path(settings.trust_list) if settings.trust_list else None)
    return partial(_detect_detached, pack, c2pa.Context.from_dict(context_settings(pack)))


def context_settings(pack: TrustPack) -> dict[str, object]:
    """The library's settings: no network in any form, and the pack's anchors with their allowed uses."""
    # Without `trust_config` here, an anchor of our own would reject signers with the C2PA key usages.
    signers = {
        "trust_kind": "manifest",
        "trust_anchors": pack.anchors,
        "trust_uri": f"{pack.name}/{pack.date}",
    }
    anchors = [{**signers, "trust_config": "\n".join(pack.allowed_uses)}] if _has_anchors(pack) else []
    if pack.time_anchors:
        anchors.append({"trust_kind": "tsa", "trust_anchors": pack.time_anchors})
    # The profile check reads the common list, the chain check each anchor's own: one alone rejects half the signers.
    return {**OFFLINE, "trust": {"anchors": anchors, "trust_config": "\n".join(pack.allowed_uses)}}


def _detect_detached(
    pack: TrustPack, context: c2pa.Context, subject: Subject, store: bytes
) -> Iterator[Finding]:
    if len(store) > STORE_LIMIT_BYTES:
        raise DetectorError(f"manifest store has {len(store)} bytes, the limit is {STORE_LIMIT_BYTES}")

    def read() -> bytes:
        with subject.blob.open() as stream:
            return report_of_detached(stream, store, context)

    yield from _judge(read, pack, subject)


def _detect_framed(pack: TrustPack, context: c2pa.Context, subject: Subject) -> Iterator[Finding]:
    """A text says nothing of itself by carrying no manifest: hardly any does, and no law asks for one."""
    data = bytes(subject.blob.view())
    try:
        framed = find_manifest(data, subject.kind)
    except CarrierError as error:
        yield from _refused(f"frame: {error}", pack, subject)
        return
    if framed is not None:
        store = framed  # narrowed, for the function
        yield from _judge(lambda: report_of_framed(data, subject.kind, store, context), pack, subject)


def _detect(pack: TrustPack, context: c2pa.Context, subject: Subject) -> Iterator[Finding]:
    if subject.kind in TEXT_KINDS:
        yield from _detect_framed(pack, context, subject)
        return
    media_type = MEDIA_TYPES.get(subject.kind)
    if media_type is None:
        raise DetectorError(
            f"the C2PA library does not read `{subject.kind}`, so nothing can be said of a manifest"
        )
    if not _may_hold_manifest(subject):
        yield _absent(pack, subject)
        return
    if subject.kind is Kind.PDF and subject.size_bytes > PDF_LIMIT_BYTES:
        raise DetectorError(
            f"a PDF of {subject.size_bytes} bytes, more than {PDF_LIMIT_BYTES >> 20} MiB, was not searched for a manifest"
        )
    yield from _judge(partial(_read, subject, media_type, context), pack, subject)


def _judge(read: Callable[[], bytes], pack: TrustPack, subject: Subject) -> Iterator[Finding]:
    try:
        report = read()
    except c2pa.C2paError.ManifestNotFound:
        yield _absent(pack, subject)
        return
    except c2pa.C2paError as error:
        yield from _refused(str(error), pack, subject)
        return
    if len(report) > REPORT_LIMIT_BYTES:
        raise DetectorError(f"manifest report has {len(report)} bytes, the limit is {REPORT_LIMIT_BYTES}")
    axes = read_axes(report, has_anchors=_has_anchors(pack))
    yield _summary(axes, pack, subject)
    if axes.integrity is Integrity.BROKEN or axes.signature is Signature.INVALID:
        yield _broken(",".join(axes.failures))
    yield from _ai_declared(axes)


def _read(subject: Subject, media_type: str, context: c2pa.Context) -> bytes:
    with subject.blob.open() as stream:
        return report_of_embedded(stream, media_type, context)


def _refused(message: str, pack: TrustPack, subject: Subject) -> Iterator[Finding]:
    """The library raised: a manifest elsewhere, a manifest too damaged to read, or a file it cannot judge."""
    if message.startswith(_REMOTE):
        yield _remote(message.removeprefix(_REMOTE).strip(), pack, subject)
        return
    if message.startswith(_ASSET_BROKEN) or "unsupported" in message.lower():
        raise DetectorError(f"cannot look for a manifest: {_quote(message)}")
    code = f"unreadable:{message.partition(':')[0]}"
    details = {"present": "yes", "integrity": str(Integrity.BROKEN), "signature": str(Signature.NOT_CHECKED)}
    words = Words(
        en="the file carries a C2PA manifest that is damaged beyond reading",
        zh="文件带有 C2PA 清单，但已损坏、无法读取",
    )
    yield _finding(words, {**details, "failures": code, **_pack_details(pack, subject)})
    yield _broken(code)


def _may_hold_manifest(subject: Subject) -> bool:
    data = subject.blob.view().obj
    markers = GIF_MARKERS if subject.kind is Kind.GIF else WAV_MARKERS
    odd_wave = subject.kind is Kind.WAV and subject.blob.head(4) in {b"RF64", b"RIFX", b"BW64"}
    if (subject.kind is not Kind.GIF and not odd_wave) or not isinstance(data, bytes | mmap.mmap):
        return True
    return any(data.find(marker) >= 0 for marker in markers)


def _has_anchors(pack: TrustPack) -> bool:
    return "BEGIN CERTIFICATE" in pack.anchors


def _pack_details(pack: TrustPack, subject: Subject) -> dict[str, str]:
    stale = pack.is_stale(subject.context.time)
    return {"trust_list": f"{pack.name}/{pack.date}", "trust_list_stale": "yes" if stale else ""}


def _absent(pack: TrustPack, subject: Subject) -> Finding:
    words = Words(en="the file carries no C2PA manifest", zh="文件不带 C2PA 清单")
    return _finding(words, {"present": "no", **_pack_details(pack, subject)}, Basis.PROOF)


def _remote(url: str, pack: TrustPack, subject: Subject) -> Finding:
    words = Words(
        en=f"the file names a C2PA manifest at “{_quote(url)}”, which was not fetched",
        zh=f"文件指向位于“{_quote(url)}”的 C2PA 清单，按离线要求未获取",
    )
    details = {"present": "remote_only", "remote_url": _quote(url), "integrity": str(Integrity.NOT_CHECKED)}
    return _finding(words, {**details, **_pack_details(pack, subject)})


def _summary(axes: Axes, pack: TrustPack, subject: Subject) -> Finding:
    details = {
        "present": "yes",
        "integrity": str(axes.integrity),
        "signature": str(axes.signature),
        "trust": str(axes.trust),
        "time": str(axes.time),
        "ingredients": str(axes.ingredients),
        "ingredients_failed": str(axes.ingredients_failed),
        "identity": _quote(axes.identity),
        "generator": _quote(axes.generator),
        "instance": _quote(axes.instance),
        "source_type": _source_types(axes),
        "failures": ",".join(axes.failures),
        "soft_binding": ",".join(_quote(name) for name in axes.soft_bindings),
        **_disclosure(axes),
        **_pack_details(pack, subject),
    }
    return _finding(_words(axes), details, Basis.PROOF if axes.holds else Basis.DECLARED)


def _disclosure(axes: Axes) -> dict[str, str]:
    """The latent disclosure of SB 942 § 22757.3(b), as far as the manifest spells it out."""
    shown = axes.disclosed
    system = " ".join(part for part in (shown.system, shown.version) if part)
    fields = {
        "provider": shown.provider,
        "system": system,
        "made": shown.time,
        "content_id": shown.identifier,
    }
    return {name: _quote(value or "") for name, value in fields.items()}


def _source_types(axes: Axes) -> str:
    distinct = list(dict.fromkeys(_quote(source.type) for source in axes.sources))
    return ",".join(distinct[:SOURCE_TYPE_LIMIT])


def _broken(codes: str) -> Finding:
    words = Words(
        en="the file was changed after its C2PA manifest was signed, or the manifest itself was changed",
        zh="文件在 C2PA 清单签名之后被改动，或清单本身被改动",
    )
    return Finding(
        detector=NAME,
        claim="origin.c2pa.broken",
        basis=Basis.PROOF,
        probability=1.0,
        harm=Harm.LABEL_TAMPERED,
        why=words,
        details=(Detail("codes", codes),),
    )


def _ai_declared(axes: Axes) -> Iterator[Finding]:
    source = next((source for source in axes.sources if source.is_ai), None)
    if source is None:
        return
    proven = axes.holds and not axes.ingredients_failed
    generator = _quote(source.generator)
    details = {"by": "c2pa", "generator": generator, "scope": str(source.scope), "source_type": source.type}
    yield Finding(
        detector=NAME,
        claim="origin.ai_declared",
        basis=Basis.PROOF if proven else Basis.DECLARED,
        probability=_declared_probability(axes, proven=proven),
        why=Words(
            en=f"the C2PA manifest of “{generator}” declares the source type {source.type}",
            zh=f"“{generator}”的 C2PA 清单声明来源类型为 {source.type}（AI 生成）",
        ),
        details=_details(details),
    )


def _declared_probability(axes: Axes, *, proven: bool) -> float:
    if proven:
        return PROBABILITY_TRUSTED
    sound = axes.integrity is Integrity.INTACT and axes.signature is Signature.VALID
    return PROBABILITY_SIGNED if sound else PROBABILITY_BROKEN


def _finding(why: Words, details: dict[str, str], basis: Basis = Basis.DECLARED) -> Finding:
    return Finding(
        detector=NAME, claim="origin.c2pa", basis=basis, probability=1.0, why=why, details=_details(details)
    )


def _details(values: dict[str, str]) -> tuple[Detail, ...]:
    return tuple(Detail(name, value) for name, value in sorted(values.items()) if value)


def _quote(text: str) -> str:
    """At most 80 characters, on one line, without control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:QUOTE_LIMIT]).strip()


_WORDS: dict[Integrity | Signature | Trust | Time, Words] = {
    Integrity.INTACT: Words(en="the bytes are those that were signed", zh="内容与签名时一致"),
    Integrity.BROKEN: Words(en="the bytes are not those that were signed", zh="内容与签名时不一致"),
    Integrity.NOT_CHECKED: Words(en="nothing binds the manifest to the bytes", zh="清单与内容未绑定"),
    Signature.VALID: Words(en="the signature verifies", zh="签名有效"),
    Signature.INVALID: Words(en="the signature does not verify", zh="签名无效"),
    Signature.NOT_CHECKED: Words(en="the signature could not be checked", zh="签名无法验证"),
    Trust.TRUSTED: Words(en="the trust list knows the signer", zh="签名者在信任列表中"),
    Trust.UNTRUSTED: Words(en="the trust list does not know the signer", zh="签名者不在信任列表中"),
    Trust.REVOKED: Words(en="the signer's certificate was revoked", zh="签名者证书已被吊销"),
    Trust.UNKNOWN: Words(en="the signer's standing is unknown", zh="签名者是否可信未知"),
    Time.TIMESTAMPED: Words(en="a trusted authority confirmed the time", zh="时间经可信时间戳机构确认"),
    Time.TIMESTAMPED_UNTRUSTED: Words(en="an unknown authority confirmed the time", zh="时间戳机构不可信"),
    Time.CLAIMED: Words(en="the time is only claimed", zh="时间仅为自称"),
    Time.NONE: Words(en="no time is confirmed", zh="时间未经确认"),
    Time.EXPIRED_WITHOUT_TIMESTAMP: Words(
        en="the certificate has expired and no trusted timestamp shows that it was signed before",
        zh="证书已过期，且无可信时间戳证明签名早于过期",
    ),
}


def _words(axes: Axes) -> Words:
    parts = [_WORDS[axis] for axis in (axes.integrity, axes.signature, axes.trust, axes.time)]
    return Words(
        en="C2PA manifest: " + "; ".join(part.en for part in parts),
        zh="C2PA 清单：" + "；".join(part.zh for part in parts),
    )
