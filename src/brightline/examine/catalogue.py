"""One line a detector, provenance too. Listing imports none of them."""

import contextlib
import hashlib
import importlib
import importlib.util
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path

import msgspec

from brightline.core.errors import DetectorError, SettingsError
from brightline.core.harm import Harm
from brightline.core.signatures import Detect
from brightline.core.subject import Kind, Media, Subject
from brightline.core.wire import canonical
from brightline.detectors.person.files import FILE_NAME as PERSONS
from brightline.settings import Settings
from brightline.watermark.keyring import FILE_NAME as KEYRING

PACKAGE = Path(__file__).parents[1]
ROOMS = ("core", "carriers", "media", "weights", "watermark", "intake", "provenance", "detectors", "examine")
PARTS_OF_A_DETECTOR = {".py", ".toml", ".txt", ".csv", ".pem", ".onnx", ".safetensors", ".flac"}
PLUGINS = "brightline.detectors"  # entry-point group: each value is an Entry


class Entry(msgspec.Struct, frozen=True):
    """One detector: what it is called, where it lives, and what it looks at.

    A detector's module has `NAME`, and either `detect(subject)` or, where it needs settings,
    `prepare(settings) -> Detect`. Its card lies beside it as `<module>.card.toml`.

    Attributes:
        name: unique dotted name.
        module: Python module that holds it.
        media: families of subjects that it looks at.
        kinds: kinds that it looks at besides; used where a family is too broad.
        harms: misuse codes that its findings can carry.
        text: it looks at any subject that has text or links, whatever its kind.
        whole: it compares whole files of any kind, and so does not count as having looked inside one.
        spared: it estimates whether AI made something, and is not run where the file itself says so.
    """

    name: str
    module: str
    media: tuple[Media, ...] = ()
    kinds: tuple[Kind, ...] = ()
    harms: tuple[Harm, ...] = ()
    text: bool = False
    whole: bool = False
    spared: bool = False


_MARK_KINDS = (
    Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.TIFF, Kind.GIF, Kind.HEIF, Kind.AVIF,
    Kind.WAV, Kind.MP3, Kind.FLAC, Kind.OGG, Kind.MATROSKA, Kind.AVI, Kind.FLV, Kind.MP4, Kind.MOV, Kind.M4A,
    Kind.DOCX, Kind.XLSX, Kind.PPTX, Kind.PDF, Kind.MARKDOWN, Kind.TEXT,
)  # fmt: skip
_C2PA_KINDS = (
    Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.GIF, Kind.TIFF, Kind.HEIF, Kind.AVIF,
    Kind.WAV, Kind.MP3, Kind.FLAC, Kind.M4A, Kind.MP4, Kind.MOV, Kind.AVI, Kind.PDF,
    Kind.TEXT, Kind.MARKDOWN, Kind.HTML,
)  # fmt: skip

_ASKED_FOR = (
    Harm.NCII_UNDRESS, Harm.MINORS, Harm.IMPERSONATION_VOICE, Harm.IMPERSONATION_FACE, Harm.FRAUD_AI, Harm.WATER_ARMY,
    Harm.FALSE_INFO, Harm.LLM_ATTACK_AID, Harm.PERSONAL_DATA,
)  # fmt: skip

CATALOGUE: tuple[Entry, ...] = (
    Entry(
        "provenance.aigc",
        "brightline.provenance.aigc",
        kinds=_MARK_KINDS,
        harms=(Harm.LABEL_TAMPERED, Harm.UNLABELLED_AIGC),
    ),
    Entry("provenance.c2pa", "brightline.provenance.c2pa", kinds=_C2PA_KINDS, harms=(Harm.LABEL_TAMPERED,)),
    Entry("provenance.explicit", "brightline.provenance.explicit", text=True),
    Entry("provenance.explicit_audio", "brightline.provenance.explicit_audio", media=(Media.AUDIO,)),
    Entry("provenance.explicit_image", "brightline.provenance.explicit_image", media=(Media.IMAGE,)),
    Entry("provenance.explicit_video", "brightline.provenance.explicit_video", media=(Media.VIDEO,)),
    Entry(
        "provenance.generators",
        "brightline.provenance.generators",
        media=(Media.IMAGE, Media.AUDIO, Media.VIDEO),
    ),
    Entry("provenance.watermark_image", "brightline.provenance.watermark_image", media=(Media.IMAGE,)),
    Entry(
        "provenance.watermark_sound",
        "brightline.provenance.watermark_sound",
        media=(Media.AUDIO, Media.VIDEO),
    ),
    Entry("provenance.watermark_text", "brightline.provenance.watermark_text", text=True),
    Entry(
        "text.unicode",
        "brightline.detectors.text.unicode",
        text=True,
        harms=(Harm.PROMPT_INJECTION, Harm.FRAUD_AI),
    ),
    Entry(
        "exchange.harm",
        "brightline.detectors.exchange.harm",
        kinds=(Kind.CHAT, Kind.TURN, Kind.TEXT),
        harms=_ASKED_FOR,
    ),
    Entry(
        "exchange.injection",
        "brightline.detectors.exchange.injection",
        kinds=(Kind.CHAT, Kind.TURN, Kind.TEXT, Kind.MARKDOWN, Kind.HTML, Kind.EMAIL, Kind.MSG),
        harms=(Harm.PROMPT_INJECTION, Harm.JAILBREAK),
    ),
    Entry(
        "exchange.listed",
        "brightline.detectors.exchange.listed",
        kinds=(Kind.TURN, Kind.CHAT),
        harms=tuple(Harm),
    ),
    Entry("exchange.prompt_leak", "brightline.detectors.exchange.prompt_leak", kinds=(Kind.TURN, Kind.CHAT)),
    Entry("exchange.secret", "brightline.detectors.exchange.secrets", kinds=(Kind.TURN,)),
    Entry("exchange.ungrounded", "brightline.detectors.exchange.grounded", kinds=(Kind.TURN,)),
    Entry("text.claims", "brightline.detectors.text.claims", text=True, harms=(Harm.FALSE_INFO,)),
    Entry(
        "text.rumour",
        "brightline.detectors.text.rumour",
        text=True,
        harms=(Harm.RUMOUR, Harm.DOMAIN_MISINFO),
    ),
    Entry("text.sources", "brightline.detectors.text.sources", text=True),
    Entry(
        "text.ai_written",
        "brightline.detectors.text.ai_written",
        text=True,
        harms=(Harm.UNLABELLED_AIGC,),
    ),
    Entry("text.personal", "brightline.detectors.text.personal", text=True, harms=(Harm.PERSONAL_DATA,)),
    Entry("message.links", "brightline.detectors.message.links", text=True, harms=(Harm.FRAUD_AI,)),
    Entry(
        "message.fraud",
        "brightline.detectors.message.fraud",
        kinds=(Kind.CHAT,),
        text=True,
        harms=(Harm.FRAUD_AI,),
    ),
    Entry(
        "message.mail",
        "brightline.detectors.message.mail",
        kinds=(Kind.EMAIL, Kind.MSG),
        harms=(Harm.FRAUD_AI,),
    ),
    Entry(
        "pictured.words",
        "brightline.detectors.pictured.words",
        media=(Media.IMAGE,),
        harms=(Harm.FRAUD_AI, Harm.RUMOUR, Harm.DOMAIN_MISINFO, Harm.FALSE_INFO),
    ),
    Entry(
        "image.generated",
        "brightline.detectors.image.generated",
        media=(Media.IMAGE,),
        harms=(Harm.UNLABELLED_AIGC,),
        spared=True,
    ),
    Entry(
        "image.face",
        "brightline.detectors.image.manipulated",
        media=(Media.IMAGE,),
        harms=(Harm.IMPERSONATION_FACE,),
    ),
    Entry("image.history", "brightline.detectors.image.history", media=(Media.IMAGE,)),
    Entry("image.own", "brightline.detectors.image.own", media=(Media.IMAGE,), harms=tuple(Harm)),
    Entry("image.spliced", "brightline.detectors.image.spliced", kinds=(Kind.JPEG,)),
    Entry("person.protected", "brightline.detectors.person.protected", media=(Media.IMAGE,)),
    Entry(
        "speech.generated",
        "brightline.detectors.audio.spoof",
        media=(Media.AUDIO, Media.VIDEO),
        harms=(Harm.UNLABELLED_AIGC,),
        spared=True,
    ),
    Entry("speaker.enrolled", "brightline.detectors.person.voiced", media=(Media.AUDIO, Media.VIDEO)),
    Entry(
        "speech.transcript",
        "brightline.detectors.audio.transcript",
        media=(Media.AUDIO, Media.VIDEO),
        harms=(Harm.FRAUD_AI, Harm.RUMOUR, Harm.DOMAIN_MISINFO, Harm.FALSE_INFO),
    ),
    Entry(
        "video.generated",
        "brightline.detectors.video.generated",
        media=(Media.VIDEO,),
        harms=(Harm.UNLABELLED_AIGC,),
        spared=True,
    ),
    Entry(
        "artefact.config",
        "brightline.detectors.artefact.configured",
        kinds=(Kind.JSON, Kind.TEXT, Kind.HTML, Kind.MARKDOWN, Kind.CSV, Kind.FEED, Kind.CHAT, Kind.HDF5),
        harms=(Harm.OPEN_MODEL_UNVETTED,),
    ),
    Entry(
        "artefact.container",
        "brightline.detectors.artefact.container",
        whole=True,
        harms=(Harm.OPEN_MODEL_UNVETTED,),
    ),
    Entry(
        "artefact.pickle",
        "brightline.detectors.artefact.pickled",
        kinds=(Kind.PICKLE, Kind.TORCH, Kind.NUMPY),
        harms=(Harm.OPEN_MODEL_UNVETTED,),
    ),
    Entry(
        "artefact.tensors",
        "brightline.detectors.artefact.tensors",
        kinds=(Kind.SAFETENSORS, Kind.GGUF, Kind.ONNX),
        harms=(Harm.OPEN_MODEL_UNVETTED,),
    ),
    Entry("known.items", "brightline.detectors.known.known", whole=True, harms=tuple(Harm)),
)


def catalogue() -> tuple[Entry, ...]:
    """Our own detectors and those that installed packages add, by name.

    Raises:
        DetectorError: a plug-in cannot be loaded, is no `Entry`, or takes a name that is taken.
    """
    entries = {entry.name: entry for entry in CATALOGUE}
    for point in entry_points(group=PLUGINS):
        try:
            added = point.load()
        except Exception as error:  # others' code: whoever installed it must hear its name
            said = f"{type(error).__name__}: {error}"[:300]
            raise DetectorError(
                f"plug-in `{point.name}` cannot be loaded: {said}; mend or uninstall it"
            ) from error
        if not isinstance(added, Entry):
            raise DetectorError(f"plug-in `{point.name}` is {type(added).__name__}, expected an Entry")
        if added.name in entries:
            raise DetectorError(f"plug-in `{point.name}` takes the name `{added.name}`, which is taken")
        entries[added.name] = added
    return tuple(entries[name] for name in sorted(entries))


def fits(entry: Entry, subject: Subject) -> bool:
    """Whether this detector should look at this node of a subject."""
    if subject.kind is Kind.EMPTY:
        return False
    if entry.whole:
        return True
    if entry.text and (subject.text or subject.links):
        return True
    return subject.kind.media in entry.media or subject.kind in entry.kinds


def load(entry: Entry, settings: Settings) -> Detect:
    """Import a detector and prepare it.

    Raises:
        DetectorError: the module cannot be imported, or has neither `detect` nor `prepare`.
    """
    try:
        module = importlib.import_module(entry.module)
    except ImportError as error:
        raise DetectorError(f"`{entry.name}` cannot be imported: {error}") from error
    detect = module.prepare(settings) if hasattr(module, "prepare") else getattr(module, "detect", None)
    if not callable(detect):
        raise DetectorError(f"`{entry.module}` has neither `detect` nor `prepare`")
    return detect  # type: ignore[no-any-return]  # the contract tests check what it yields


def card_path(entry: Entry) -> Path:
    """Where the detector's card lies, without importing the detector."""
    return source_path(entry).with_suffix(".card.toml")


def source_path(entry: Entry) -> Path:
    """The detector's source file, without importing the detector.

    Raises:
        DetectorError: there is no such module.
    """
    # The parent packages' `__init__` hold one docstring, so finding a spec imports nothing of weight.
    spec = importlib.util.find_spec(entry.module)
    if spec is None or spec.origin is None:
        raise DetectorError(f"`{entry.name}` names the module `{entry.module}`, which is not there")
    return Path(spec.origin)


def digest_of(entries: Sequence[Entry], settings: Settings) -> str:
    """SHA-256 over everything that findings depend on besides the subject, 64 hex digits.

    That is: the sources, cards and data of the rooms that make findings, the versions of the libraries they use, the
    catalogue with what plug-ins add, the limits, the banks of known items and of fact-checks, the cards of own models, the
    trust list, the watermark keys, whether speech is written down and, where it is switched on, the register of protected
    persons.

    Raises:
        DetectorError: a detector's module is not there.
        SettingsError: a bank, a card, the trust list or the keyring cannot be read.
    """
    digest = hashlib.sha256(canonical([settings.limits, *entries, *_libraries()]))
    folders = {PACKAGE / room for room in ROOMS}
    # A module outside any package has all that is installed for neighbours: of those only its own files count.
    alone = {source_path(entry) for entry in entries if "." not in entry.module}
    folders |= {source_path(entry).parent for entry in entries if "." in entry.module}
    files = [file for folder in sorted(folders) for file in sorted(folder.rglob("*"))]
    files += [file for source in sorted(alone) for file in sorted(source.parent.glob(f"{source.stem}.*"))]
    for file in files:
        if file.suffix in PARTS_OF_A_DETECTOR:
            digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    for bank in settings.banks:
        digest.update(canonical([bank.name, bank.allow, bank.harm]) + _digest_of_path(bank.path))
    for claims in settings.claims:
        digest.update(canonical([claims.name]) + _digest_of_path(claims.path))
    for words in settings.exchange.words:
        digest.update(canonical(words))
    for model in settings.models:  # its card names the model by SHA-256
        digest.update(_digest_of_path(model.path))
    if settings.trust_list:
        digest.update(_digest_of_path(Path(settings.trust_list)))
    if settings.transcribe_speech:
        digest.update(canonical(["transcribe_speech"]))
    if settings.protect_persons and (register := settings.home / PERSONS).exists():
        # The day counts too: consents run out, and what was found under one must not be given back after it.
        today = datetime.now(UTC).date().isoformat()
        digest.update(canonical(["persons", today]) + _digest_of_path(register))
    if (
        keyring := settings.home / KEYRING
    ).exists():  # 256 random bits a key: the digest tells nothing of them
        digest.update(_digest_of_path(keyring))
    return digest.hexdigest()


def _libraries() -> list[str]:
    """`name version` of the libraries that we depend on: another decoder may see another picture."""
    names = sorted(
        {re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0] for line in requires("brightline") or []}
    )
    found = []
    for name in names:
        with contextlib.suppress(PackageNotFoundError):  # optional ones
            found.append(f"{name} {version(name)}")
    return found


def _digest_of_path(path: Path) -> bytes:
    digest = hashlib.sha256()
    try:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                with file.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError as error:
        raise SettingsError(f"cannot read `{path}`, which the settings name: {error.strerror}") from error
    return digest.digest()
