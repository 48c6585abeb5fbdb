"""`brightline protect`: the register of persons who asked to be protected from being impersonated."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click
import msgspec

from brightline.core.errors import BankError
from brightline.core.subject import Context, Media, Subject, facts_of
from brightline.core.words import Words
from brightline.detectors.audio.voices import Voice, likeness
from brightline.detectors.image.faces import find_faces
from brightline.detectors.person.files import KEYS_NAME
from brightline.detectors.person.protected import compare
from brightline.detectors.person.register import Draft, Person, Register, draft
from brightline.detectors.person.template import Template, distance, template_of
from brightline.detectors.person.voice import ONE_PERSON as ONE_VOICE
from brightline.detectors.person.voice import enrolled_voice, speakers_in
from brightline.detectors.person.voiced import compare_voices
from brightline.doors.access import record_access, register_facts
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.intake.open import open_file
from brightline.media.image import decode
from brightline.settings import Settings
from brightline.watermark.keyring import held

ENROL_FACE = 80  # pixels: a template for years is made of a good picture
SOUND = {Media.AUDIO, Media.VIDEO}
SOUND_S = 60.0  # wall clock that a clip may take to be heard
ONE_PERSON = 0.6  # farther apart, pictures are of two persons: what the network was trained to


@click.group(name="protect")
def command() -> None:
    """Keep the register of persons who asked to be protected from being impersonated.

    Only persons who consented in writing belong into it. It is consulted while `protect_persons = true` stands in
    the settings, and not by default. Every use of it is recorded in the ledger. Read docs/guides/protected-persons.md
    about the law before you switch it on.
    """


@command.command()
@click.argument("name")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--consent", required=True, help="Where the person's written consent is kept.")
@click.option(
    "--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day of the consent, YYYY-MM-DD."
)
@settings_options
def add(
    name: str,
    files: tuple[Path, ...],
    consent: str,
    until: datetime,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> int:
    """Add a person who consented: NAME is your own number for them, FILES are pictures and clips of them alone.

    A clip has at least five seconds of their voice in full sound. Templates are kept, sealed; the files are not.
    """
    settings = read_settings(settings_file, home=home, language=language)
    opened = {file: _opened(file, settings) for file in files}
    clips = [file for file in files if opened[file].kind.media in SOUND]
    pictures = [file for file in files if file not in clips]
    templates = [_enrolled(picture, opened[picture], settings) for picture in pictures]
    voices = [enrolled_voice(speakers_in(opened[clip], SOUND_S), str(clip)) for clip in clips]
    _check_one_person(templates, pictures)
    _check_one_voice(voices, clips)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with held(settings.home / KEYS_NAME):
        register = Register.load(settings.home).with_person(
            name, consent, until.date(), templates, voices=voices
        )
        record = register.persons[-1].record
        _put(
            settings,
            draft(register, settings.home),
            "add",
            {"record": record, "pictures": str(len(pictures)), "clips": str(len(clips))},
        )
    _say(
        settings,
        f"`{name}` is protected until {until.date()}, record {record}",
        f"`{name}` 已受保护，有效期至 {until.date()}，记录 {record}",
    )
    if not settings.protect_persons:
        _say(
            settings,
            "the register is not consulted yet: set `protect_persons = true`",
            "登记册尚未启用：请设置 `protect_persons = true`",
            aside=True,
        )
    return Exit.ALLOWED


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@settings_options
def list_persons(as_json: bool, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """List the persons in the register, without their templates."""
    settings = read_settings(settings_file, home=home, language=language)
    register = Register.load(settings.home)
    facts = register_facts(register.digest, 0)
    record_access(settings, "list", facts, register.digest, {"persons": str(len(register.persons))})
    for person in register.persons:
        click.echo(_json(person) if as_json else _line(person).in_language(settings.language))
    if not register.persons:
        _say(settings, "nobody is in the register", "登记册为空", aside=True)
    return Exit.ALLOWED


@command.command()
@click.argument("name")
@settings_options
def withdraw(name: str, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Withdraw the person NAME for good: the rest is sealed anew and the old key destroyed."""
    settings = read_settings(settings_file, home=home, language=language)
    with held(settings.home / KEYS_NAME):
        register = Register.load(settings.home)
        left = register.without(name)
        record = next(person.record for person in register.persons if person.name == name)
        _put(settings, draft(left, settings.home), "withdraw", {"record": record})
    _say(settings, f"`{name}` is no longer in the register", f"`{name}` 已从登记册删除")
    return Exit.ALLOWED


@command.command()
@settings_options
def expire(settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Remove all persons whose consent has run out; run it daily."""
    settings = read_settings(settings_file, home=home, language=language)
    with held(settings.home / KEYS_NAME):
        register = Register.load(settings.home)
        gone = len(register.persons) - len(register.in_force())
        if gone:
            _put(settings, draft(register, settings.home), "expire", {"persons": str(gone)})
    _say(settings, f"{gone} removed", f"已删除 {gone} 人")
    return Exit.ALLOWED


@command.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@settings_options
def check(
    files: tuple[Path, ...], settings_file: Path | None, home: Path | None, language: str | None
) -> int:
    """Say whether FILES show or sound like somebody in the register; of anybody else nothing is said. Exit code 1: a likeness."""
    settings = read_settings(settings_file, home=home, language=language)
    register = Register.load(settings.home)
    found = False
    for file in files:
        subject = _opened(file, settings)
        alike = _compared(subject, register, settings)
        records = ",".join(person.record for person, _ in alike.found)
        details = {alike.what: str(alike.count), "records": records}
        facts = register_facts(facts_of(subject).digest, subject.size_bytes)
        record_access(settings, "check", facts, register.digest, details)
        found |= bool(alike.found)
        _show(settings, file, alike)
    return Exit.CAUGHT if found else Exit.ALLOWED


class _Alike(msgspec.Struct, frozen=True):
    """What came of one file: `faces` or `voices`, how many were compared, and who they are like with which probability."""

    what: str
    count: int
    found: tuple[tuple[Person, float], ...]


def _compared(subject: Subject, register: Register, settings: Settings) -> _Alike:
    if subject.kind.media in SOUND:
        speakers = speakers_in(subject, SOUND_S)
        voices = compare_voices(speakers, register.in_force())
        return _Alike("voices", len(speakers), tuple((one.person, one.probability) for one in voices))
    faces = compare(decode(subject, settings.limits), register.in_force())
    return _Alike("faces", faces.faces, tuple((one.person, one.probability) for one in faces.likenesses))


def _put(settings: Settings, made: Draft, action: str, details: dict[str, str]) -> None:
    """Record the change, then make it: a change that is not in the ledger does not happen."""
    facts = register_facts(made.digest, len(made.data))
    record_access(settings, action, facts, made.digest, details)
    made.save(settings.home)


def _opened(picture: Path, settings: Settings) -> Subject:
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return open_file(picture, context=Context(channel="protect", time=time), limits=settings.limits)


def _enrolled(picture: Path, subject: Subject, settings: Settings) -> Template:
    """The template of the one large face in a picture.

    Raises:
        BankError: it shows no face, several, or a small one.
    """
    pixels = decode(subject, settings.limits)
    faces = find_faces(pixels)
    if len(faces) != 1:
        raise BankError(f"`{picture}` shows {len(faces)} faces, expected the person alone")
    if faces[0].side < ENROL_FACE:
        raise BankError(f"the face in `{picture}` is {faces[0].side} px high, expected at least {ENROL_FACE}")
    return template_of(pixels, faces[0])


def _check_one_person(templates: Sequence[Template], pictures: Sequence[Path]) -> None:
    for index, other in enumerate(templates[1:], 1):
        if distance(templates[0], other) > ONE_PERSON:
            raise BankError(
                f"`{pictures[0]}` and `{pictures[index]}` seem to show two persons; add one at a time"
            )


def _check_one_voice(voices: Sequence[Voice], clips: Sequence[Path]) -> None:
    for index, other in enumerate(voices[1:], 1):
        if likeness(voices[0], other) < ONE_VOICE:
            raise BankError(f"`{clips[0]}` and `{clips[index]}` seem to be of two persons; add one at a time")


def _show(settings: Settings, file: Path, alike: _Alike) -> None:
    for person, probability in alike.found:
        percent = round(100 * probability)
        _say(
            settings,
            f"{file}\tlike `{person.name}`, {percent} %",
            f"{file}\t与 `{person.name}` 相似，{percent}%",
        )
    if not alike.found:
        counted = "个声音" if alike.what == "voices" else "张人脸"
        _say(
            settings,
            f"{file}\tlike nobody in the register ({alike.count} {alike.what} compared)",
            f"{file}\t与登记册中的人员均不相似（已比对 {alike.count} {counted}）",
        )


def _say(settings: Settings, en: str, zh: str, *, aside: bool = False) -> None:
    click.echo(Words(en, zh).in_language(settings.language), err=aside)


def _line(person: Person) -> Words:
    held_today = date.fromisoformat(person.expires) >= datetime.now(UTC).date()
    state = Words("until", "有效期至") if held_today else Words("run out on", "已于此日期届满")
    return Words(
        f"{person.name}\t{state.en} {person.expires}\tconsent {person.consent}\trecord {person.record}",
        f"{person.name}\t{state.zh} {person.expires}\t同意书 {person.consent}\t记录 {person.record}",
    )


def _json(person: Person) -> str:
    told = {
        "name": person.name, "record": person.record, "consent": person.consent, "added": person.added,
        "expires": person.expires, "pictures": len(person.templates), "clips": len(person.voices),
    }  # fmt: skip
    return json.dumps(told, sort_keys=True, ensure_ascii=False)
