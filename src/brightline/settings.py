"""brightline.toml and BRIGHTLINE_* become one frozen Settings; unknown keys are errors.

Order: flag > `BRIGHTLINE_SECTION_KEY` in the environment > file > default. Read once, in `assembly.py`, and passed
down; never global.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from brightline.core.errors import SettingsError
from brightline.settings_exchange import ExchangeSetting, fault_of_exchange
from brightline.settings_gateway import GatewaySetting, fault_of
from brightline.settings_service import ServiceSetting, fault_of_service

MiB = 1024 * 1024
SETTINGS_FILE_LIMIT_BYTES = (
    64 * 1024
)  # a settings file is written by hand; `tomllib` takes quadratic time for some


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much untrusted bytes may cost. Hitting one leaves a Gap and never an ALLOW.

    Attributes:
        subject_bytes: a file larger than this is not opened (bytes).
        memory_bytes: bytes of one node held in memory; larger files are mapped.
        text_bytes: bytes of one text that are decoded; the rest is a gap.
        parts: parts in the whole tree of a subject (count).
        depth: nesting of parts, 0 is the subject itself.
        unpacked_bytes: bytes that all parts of one subject may unpack to together.
        ratio: unpacked to packed size of one archive member, above which it is a bomb.
        pages: pages of a document that are read.
        pixels: width x height x frames of a picture that is decoded.
        media_seconds: seconds of audio or video that are decoded.
        detector_seconds: wall-clock seconds for one detector on one subject.
        subject_seconds: wall-clock seconds for a whole subject.
        worker_memory_bytes: private memory that one worker takes beyond our libraries' own (RLIMIT_DATA).
    """

    subject_bytes: int = 4096 * MiB  # a 2 GB video fits
    memory_bytes: int = 64 * MiB
    text_bytes: int = 16 * MiB  # 8 million Chinese characters: several novels
    parts: int = 10_000
    depth: int = 8
    unpacked_bytes: int = 512 * MiB
    ratio: int = 200  # deflate reaches 1032; honest text stays under 20
    pages: int = 2_000
    pixels: int = 64_000_000  # 192 MB as RGB; larger cameras set it higher, together with worker memory
    media_seconds: float = 4 * 3600.0
    detector_seconds: float = 5.0
    subject_seconds: float = 9.0  # no file may hold a worker for 10 s
    worker_memory_bytes: int = 320 * MiB  # two workers, their libraries and the parent stay under 1 GB


class BankSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bank of known items that the operator loads.

    Attributes:
        name: how findings call it.
        path: the bank's file.
        allow: a match vouches for the item in place of accusing it.
        harm: the misuse code that a match warns of; empty for an allow-bank.
    """

    name: str
    path: Path
    allow: bool = False
    harm: str = ""


class ClaimsSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bank of fact-checks that the operator loads.

    Attributes:
        name: how findings call it.
        path: the bank's folder, written by `brightline bank claims`.
    """

    name: str
    path: Path


class ModelSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One image classifier of your own.

    Attributes:
        path: its card, a TOML file beside the ONNX file; docs/guides/own-models.md says what stands in it.
    """

    path: Path


class MarkSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `brightline mark` writes of you, so that nobody types a code twice.

    Attributes:
        producer: provider code or name of who generates the content, field ContentProducer.
        propagator: provider code or name of who spreads it, field ContentPropagator.
        system: name and version of the generating system, as California's latent disclosure asks for.
        signer_chain: PEM file with the certificate that signs C2PA manifests, leaf first.
        signer_key: PEM file with that certificate's private key, readable by its owner alone.
        signer_passphrase: file whose first line opens that key; empty for a key that is not encrypted.
        timestamps: address of an RFC 3161 time-stamping authority; empty signs without a timestamp, offline.
    """

    producer: str = ""
    propagator: str = ""
    system: str = ""
    signer_chain: str = ""
    signer_key: str = ""
    signer_passphrase: str = ""
    timestamps: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an operator can set.

    Attributes:
        home: folder for the ledger, its key and the store.
        database: SQLAlchemy URL of the store; empty is SQLite in `home`.
        origin: name of the log, first line of its checkpoints; a host name and path that you control.
        tenant: whose overlay applies.
        policies: packs in force, names of shipped packs or paths; each in turn may only tighten.
        jobs: worker processes; 0 is one for each core.
        language: `en` or `zh`, for what people read.
        limits: how much untrusted bytes may cost.
        banks: banks of known items.
        claims: banks of fact-checks.
        models: image classifiers of your own.
        trust_list: folder with a C2PA trust-list pack; empty is the one that ships.
        protect_persons: faces and voices are compared with the register of persons who asked to be protected; read
            docs/guides/protected-persons.md about the law first.
        transcribe_speech: what is said in sound and video is written down and judged as text; needs the extra
            `speech`, and about a tenth of the sound's length on one core.
        mark: what is written of you into marks.
        gateway: the proxy before your models.
        service: API, console and workers.
        exchange: what is done with what callers and models say to each other.
    """

    home: Path = Path("~/.local/share/brightline")
    database: str = ""
    origin: str = "brightline.local/ledger"
    tenant: str = ""
    policies: tuple[str, ...] = (
        "cn/labelling",
        "cn/qinglang-2026",
        "eu/ai-act-50",
        "eu/dsa",
        "us/ca-sb942",
        "house/default",
    )
    jobs: int = 0
    language: str = "en"
    limits: Limits = Limits()
    banks: tuple[BankSetting, ...] = ()
    claims: tuple[ClaimsSetting, ...] = ()
    models: tuple[ModelSetting, ...] = ()
    trust_list: str = ""
    protect_persons: bool = False  # faces and voices are sensitive personal information in most laws
    transcribe_speech: bool = False  # costs far more than all else; calls are confidential in most laws
    mark: MarkSetting = MarkSetting()
    gateway: GatewaySetting = GatewaySetting()
    service: ServiceSetting = ServiceSetting()
    exchange: ExchangeSetting = ExchangeSetting()


def load_settings(
    file: Path | None, environ: Mapping[str, str], flags: Mapping[str, Any] | None = None
) -> Settings:
    """Merge flags, environment and file over the defaults.

    Args:
        file: a TOML file, or None for `brightline.toml` in the working folder if there is one.
        environ: usually `os.environ`; only `BRIGHTLINE_*` is read.
        flags: values from the command line; None values do not count.

    Raises:
        SettingsError: a key is unknown, a value malformed, or the file unreadable.
    """
    merged: dict[str, Any] = _read_file(file)
    base = file.parent if file is not None else Path()
    for named in ("banks", "claims", "models"):
        banks = merged.get(named)
        for bank in banks if isinstance(banks, list) else ():
            if isinstance(bank, dict) and "path" in bank:
                bank["path"] = str(base / str(bank["path"]))
    for name, text in sorted(environ.items()):
        if name.startswith("BRIGHTLINE_"):
            _place(merged, name, text)
    merged.update({name: value for name, value in (flags or {}).items() if value is not None})
    try:
        settings = msgspec.convert(merged, Settings, strict=False, dec_hook=_decode_path)
    except (msgspec.ValidationError, ValueError) as error:
        path = file or default_file()
        of = f"settings in `{path}` and `BRIGHTLINE_*`" if path is not None else "settings in `BRIGHTLINE_*`"
        raise SettingsError(f"{of}: {_line(error)}") from error
    _check(settings)
    return msgspec.structs.replace(settings, home=settings.home.expanduser())


def default_file() -> Path | None:
    """`brightline.toml` in the working folder, if there is one."""
    file = Path("brightline.toml")
    return file if file.is_file() else None


def worker_count(settings: Settings) -> int:
    """Worker processes to start: what the operator set, or one for each core we may use."""
    return settings.jobs or len(os.sched_getaffinity(0))


def _read_file(file: Path | None) -> dict[str, Any]:
    path = file or default_file()
    if path is None:
        return {}
    try:
        if path.stat().st_size > SETTINGS_FILE_LIMIT_BYTES:
            raise SettingsError(
                f"`{path}` is larger than {SETTINGS_FILE_LIMIT_BYTES // 1024} KiB, which no settings file is"
            )
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read settings `{path}`: {error.strerror}") from error
    except RecursionError as error:
        raise SettingsError(f"`{path}` is not TOML that we read: it is nested too deep") from error
    except ValueError as error:  # of TOML, of UTF-8, of a number with thousands of digits
        raise SettingsError(f"`{path}` is not TOML: {_line(error)}") from error


def _line(error: Exception) -> str:
    """What an error says, on one line, since it may quote the file."""
    said = " ".join(str(error).split())[:300]
    return f"{said[:1].lower()}{said[1:]}"


def _place(merged: dict[str, Any], name: str, text: str) -> None:
    key = name.removeprefix("BRIGHTLINE_").lower()
    if key.startswith("limits_"):
        merged["limits"] = {**merged.get("limits", {}), key.removeprefix("limits_"): text}
    elif key.startswith("mark_"):
        merged["mark"] = {**merged.get("mark", {}), key.removeprefix("mark_"): text}
    elif key == "policies":
        merged[key] = [part.strip() for part in text.split(",") if part.strip()]
    else:
        merged[key] = text


def _decode_path(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise TypeError(f"no setting is a {kind.__name__}")


def _check(settings: Settings) -> None:
    for name in Limits.__struct_fields__:
        if getattr(settings.limits, name) <= 0:
            raise SettingsError(f"`limits.{name}` is {getattr(settings.limits, name)}, expected more than 0")
    if settings.jobs < 0:
        raise SettingsError(f"`jobs` is {settings.jobs}, expected 0 or more")
    if settings.language not in {"en", "zh"}:
        raise SettingsError(f"`language` is `{settings.language}`, expected `en` or `zh`")
    if not settings.policies:
        raise SettingsError("`policies` is empty: without a rule everything would pass; name at least one")
    if (
        fault := fault_of(settings.gateway)
        or fault_of_exchange(settings.exchange)
        or fault_of_service(settings.service)
    ):
        raise SettingsError(fault)
