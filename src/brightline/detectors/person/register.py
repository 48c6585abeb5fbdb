"""The register of protected persons: templates of those who asked for it, sealed, and nothing else of them.

Each record is sealed with AES-256-GCM (NIST SP 800-38D) under a key from a keyring of its own. Whoever is removed, or
whose consent has run out, is gone for good: the others are sealed anew under a fresh key and the old key is destroyed,
so that an old copy of the file opens no more (but with an old copy of the keyring; back up neither, or both for short).
"""

import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from brightline.core.errors import BankError
from brightline.detectors.audio.voices import MODEL_SHA256 as VOICE_MODEL_SHA256
from brightline.detectors.audio.voices import NUMBERS as VOICE_NUMBERS
from brightline.detectors.audio.voices import Voice
from brightline.detectors.person.files import FILE_NAME, KEYS_NAME
from brightline.detectors.person.template import MODEL_SHA256, Template
from brightline.watermark.keyring import Keyring

PERSONS_LIMIT = 10_000  # compared one by one: 2 ms; false matches grow with each
TEMPLATES_LIMIT = 16  # pictures of one person
VOICES_LIMIT = 16  # clips of one person's voice
CONSENT_DAYS = 3 * 366  # longest term of a consent, our own choice: it is asked for again, not kept for ever
FILE_LIMIT_BYTES = PERSONS_LIMIT * 48 * 1024
_NONCE_BYTES = 12
_READINGS = 3  # file and keyring are two files: between our two reads a change may have replaced both
_USE = "protected persons"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person who asked to be protected.

    Attributes:
        record: 32 random hex digits, which findings and the ledger tell; it says nothing of the person.
        name: what the operator calls the person, best a number of a file elsewhere and no name.
        consent: where the operator keeps the person's written consent.
        added: RFC 3339 UTC time.
        expires: last day of the consent, ISO date.
        model: SHA-256 of the network that made the templates of faces.
        templates: of faces, 128 float32 numbers each, little-endian.
        voices: of voices, 256 float32 numbers each, little-endian.
        voice_model: SHA-256 of the network that made those; empty where there are none.
    """

    record: str
    name: str
    consent: str
    added: str
    expires: str
    model: str
    templates: tuple[bytes, ...] = ()
    voices: tuple[bytes, ...] = ()
    voice_model: str = ""

    def __post_init__(self) -> None:
        """Refuse what the register cannot keep."""
        if not _NAME.fullmatch(self.name):
            raise BankError(
                f"`{self.name[:64]}` is no name of a record: expected at most 64 of A-Z, a-z, 0-9, `.`, `_`, `-`"
            )
        if not self.consent.strip() or len(self.consent) > 200:
            raise BankError(
                "a protected person needs a reference to their written consent, of at most 200 characters"
            )
        if not self.voices and not 1 <= len(self.templates) <= TEMPLATES_LIMIT:
            raise BankError(f"{len(self.templates)} pictures of one person, expected 1 to {TEMPLATES_LIMIT}")
        if len(self.templates) > TEMPLATES_LIMIT or len(self.voices) > VOICES_LIMIT:
            raise BankError(
                f"{len(self.templates)} pictures and {len(self.voices)} clips of one person, expected at most "
                f"{TEMPLATES_LIMIT} and {VOICES_LIMIT}"
            )
        sizes = {
            *(len(one) * 2 for one in self.templates),
            *map(len, self.voices),
        }  # a voice has twice the numbers
        if sizes != {4 * VOICE_NUMBERS}:
            raise BankError(f"a template of `{self.name}` is damaged")

    def __repr__(self) -> str:
        """Nothing that a traceback or a log should hold."""
        return f"Person(record={self.record!r}, templates={len(self.templates)}, voices={len(self.voices)})"

    def arrays(self) -> tuple[Template, ...]:
        """The templates of faces as numbers."""
        return tuple(np.frombuffer(one, dtype="<f4") for one in self.templates)

    def voice_arrays(self) -> tuple[Voice, ...]:
        """The templates of voices as numbers; none where another network made them than the one that we use."""
        if self.voice_model != VOICE_MODEL_SHA256:
            return ()
        return tuple(np.frombuffer(one, dtype="<f4") for one in self.voices)

    def is_in_force(self, day: date) -> bool:
        """Whether the consent still holds on that day, and the templates are of the network that we use."""
        return date.fromisoformat(self.expires) >= day and self.model == MODEL_SHA256


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    record: str
    nonce: bytes
    data: bytes


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    key: str
    persons: tuple[_Sealed, ...]


class Register(msgspec.Struct, frozen=True):
    """All protected persons, in the order in which they were added.

    Attributes:
        persons: those in the file, expired ones too.
        digest: SHA-256 of the file, 64 hex digits; empty where there is none.
    """

    persons: tuple[Person, ...] = ()
    digest: str = ""

    @classmethod
    def load(cls, home: Path) -> Self:
        """Open the register in a home folder; one without any person where there is no file.

        Raises:
            BankError: the file is damaged, was changed, or is open to others.
            KeyringError: its key is missing, or its keyring open to others.
        """
        path = home / FILE_NAME
        if not path.exists():
            return cls()
        for _ in range(_READINGS):
            data = _read(path)
            file = _decoded(data, path)
            secret = {key.id: key for key in Keyring.load(home / KEYS_NAME).keys}.get(file.key)
            if secret is not None:
                box = AESGCM(secret.secret_for(_USE))
                persons = tuple(_opened(box, one, path) for one in file.persons)
                return cls(persons, hashlib.sha256(data).hexdigest())
        raise BankError(f"the key of `{path}` is not in its keyring: put both back from one backup")

    def in_force(self, day: date | None = None) -> tuple[Person, ...]:
        """Those whose consent holds on that day, today by default."""
        today = day or datetime.now(UTC).date()
        return tuple(person for person in self.persons if person.is_in_force(today))

    def with_person(
        self,
        name: str,
        consent: str,
        expires: date,
        templates: Sequence[Template],
        now: datetime | None = None,
        voices: Sequence[Voice] = (),
    ) -> Self:
        """This register and one more person.

        Raises:
            BankError: the name is taken, the consent has run out or runs too long, or there is no room.
        """
        time = (now or datetime.now(UTC)).astimezone(UTC)
        if any(person.name == name for person in self.persons):
            raise BankError(f"`{name}` is in the register already; withdraw it first")
        if not time.date() <= expires <= time.date() + timedelta(days=CONSENT_DAYS):
            raise BankError(
                f"consent until {expires}, expected a day from today on and within {CONSENT_DAYS} days"
            )
        if len(self.persons) >= PERSONS_LIMIT:
            raise BankError(f"more than {PERSONS_LIMIT} protected persons in one register")
        person = Person(
            record=secrets.token_hex(16),
            name=name,
            consent=consent,
            added=time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            expires=expires.isoformat(),
            model=MODEL_SHA256,
            templates=tuple(one.astype("<f4").tobytes() for one in templates),
            voices=tuple(one.astype("<f4").tobytes() for one in voices),
            voice_model=VOICE_MODEL_SHA256 if voices else "",
        )
        return type(self)((*self.persons, person))

    def without(self, name: str) -> Self:
        """This register without one person.

        Raises:
            BankError: there is no such person.
        """
        left = tuple(person for person in self.persons if person.name != name)
        if len(left) == len(self.persons):
            raise BankError(f"no `{name}` in the register; see `brightline protect list`")
        return type(self)(left)


class Draft(msgspec.Struct, frozen=True):
    """A register as it will be written, so that its digest can be recorded before it counts."""

    data: bytes
    digest: str
    keyring: Keyring  # with the new key alone
    before: Keyring  # with the old keys too

    def save(self, home: Path) -> None:
        """Put it in place: the new key first, then the register, and the old keys are destroyed last.

        A crash in between leaves a register that opens with a key that is there.

        Raises:
            BankError: the file cannot be written.
            KeyringError: the keyring cannot be written.
        """
        both = Keyring((*self.before.keys, *self.keyring.keys))
        both.save(home / KEYS_NAME)
        _write(home / FILE_NAME, self.data)
        self.keyring.save(home / KEYS_NAME)


def draft(register: Register, home: Path, day: date | None = None) -> Draft:
    """Seal a register under a fresh key; persons whose consent has run out are left out.

    Raises:
        KeyringError: the keyring that is there cannot be read.
    """
    keys = home / KEYS_NAME
    before = Keyring.load(keys) if keys.exists() else Keyring()
    fresh = Keyring().with_new(f"persons-{secrets.token_hex(8)}")
    box = AESGCM(fresh.active.secret_for(_USE))
    persons = tuple(_sealed(box, person) for person in register.in_force(day))
    data = msgspec.json.encode(_File(1, fresh.active.id, persons)) + b"\n"
    return Draft(data, hashlib.sha256(data).hexdigest(), fresh, before)


def digest_of(home: Path) -> str:
    """SHA-256 of the register's file, 64 hex digits, or empty where there is none; of sealed bytes, so it tells nothing.

    Raises:
        BankError: the file cannot be read.
    """
    path = home / FILE_NAME
    return hashlib.sha256(_read(path)).hexdigest() if path.exists() else ""


def _decoded(data: bytes, path: Path) -> _File:
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BankError(f"`{path}` is no register that we wrote") from None
    if file.version != 1:
        raise BankError(f"`{path}` is no register that we wrote")
    return file


def _sealed(box: AESGCM, person: Person) -> _Sealed:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _Sealed(
        person.record, nonce, box.encrypt(nonce, msgspec.msgpack.encode(person), _bound(person.record))
    )


def _opened(box: AESGCM, sealed: _Sealed, path: Path) -> Person:
    try:
        data = box.decrypt(sealed.nonce, sealed.data, _bound(sealed.record))
        return msgspec.msgpack.decode(data, type=Person)
    except (InvalidTag, ValueError):
        raise BankError(f"record `{sealed.record[:32]}` of `{path}` was changed or is damaged") from None


def _bound(record: str) -> bytes:
    """What is sealed along, so that no record can take another's place."""
    return b"brightline protected person 1 " + record.encode()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            if facts.st_mode & 0o077:
                raise BankError(f"`{path}` is open to others; run `chmod 600` on it")
            data = file.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise BankError(f"cannot read `{path}`: {error.strerror}") from error
    if len(data) > FILE_LIMIT_BYTES:
        raise BankError(f"`{path}` is larger than {FILE_LIMIT_BYTES // 2**20} MiB, which no register is")
    return data


def _write(path: Path, data: bytes) -> None:
    """A new file beside, made durable, then put in place; `mkstemp` makes it 0600 from its first moment."""
    beside = Path()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        beside = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if beside.name:
            beside.unlink(missing_ok=True)
        raise BankError(f"cannot write `{path}`: {error.strerror}") from error
