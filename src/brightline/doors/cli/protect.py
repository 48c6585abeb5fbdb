"""`brightline protect`: the register of persons who asked to be protected from being impersonated."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click

from brightline.core.errors import BankError
from brightline.core.subject import Context, Subject, facts_of
from brightline.core.words import Words
from brightline.detectors.image.faces import find_faces
from brightline.detectors.person.files import KEYS_NAME
from brightline.detectors.person.protected import Comparison, compare
from brightline.detectors.person.register import Draft, Person, Register, draft
from brightline.detectors.person.template import Template, distance, template_of
from brightline.doors.access import record_access, register_facts
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.intake.open import open_file
from brightline.media.image import decode
from brightline.settings import Settings
from brightline.watermark.keyring import held

ENROL_FACE = 80  # pixels: a template for years is made of a good picture
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
    "pictures", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--consent", required=True, help="Where the person's written consent is kept.")
@click.option(
    "--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day of the consent, YYYY-MM-DD."
)
@settings_options
def add(
    name: str,
    pictures: tuple[Path, ...],
    consent: str,
    until: datetime,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> int:
    """Add a person who consented: NAME is your own number for them, PICTURES show them alone.

    Templates are kept, sealed; the pictures are not.
    """
    settings = read_settings(settings_file, home=home, language=language)
    templates = [_enrolled(picture, settings) for picture in pictures]
    _check_one_person(templates, pictures)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with held(settings.home / KEYS_NAME):
        register = Register.load(settings.home).with_person(name, consent, until.date(), templates)
        record = register.persons[-1].record
        _put(
            settings,
            draft(register, settings.home),
            "add",
            {"record": record, "pictures": str(len(pictures))},
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
    "pictures", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@settings_options
def check(
    pictures: tuple[Path, ...], settings_file: Path | None, home: Path | None, language: str | None
) -> int:
    """Say whether PICTURES show somebody in the register; of anybody else nothing is said. Exit code 1: a likeness."""
    settings = read_settings(settings_file, home=home, language=language)
    register = Register.load(settings.home)
    found = False
    for picture in pictures:
        subject = _opened(picture, settings)
        compared = compare(decode(subject, settings.limits), register.in_force())
        records = ",".join(one.person.record for one in compared.likenesses)
        details = {"faces": str(compared.faces), "records": records}
        facts = register_facts(facts_of(subject).digest, subject.size_bytes)
        record_access(settings, "check", facts, register.digest, details)
        found |= bool(compared.likenesses)
        _show(settings, picture, compared)
    return Exit.CAUGHT if found else Exit.ALLOWED


def _put(settings: Settings, made: Draft, action: str, details: dict[str, str]) -> None:
    """Record the change, then make it: a change that is not in the ledger does not happen."""
    facts = register_facts(made.digest, len(made.data))
    record_access(settings, action, facts, made.digest, details)
    made.save(settings.home)


def _opened(picture: Path, settings: Settings) -> Subject:
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return open_file(picture, context=Context(channel="protect", time=time), limits=settings.limits)


def _enrolled(picture: Path, settings: Settings) -> Template:
    """The template of the one large face in a picture.

    Raises:
        BankError: it shows no face, several, or a small one.
    """
    pixels = decode(_opened(picture, settings), settings.limits)
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


def _show(settings: Settings, picture: Path, compared: Comparison) -> None:
    for one in compared.likenesses:
        percent = round(100 * one.probability)
        _say(
            settings,
            f"{picture}\tlike `{one.person.name}`, {percent} %",
            f"{picture}\t与 `{one.person.name}` 相似，{percent}%",
        )
    if not compared.likenesses:
        _say(
            settings,
            f"{picture}\tlike nobody in the register ({compared.faces} faces compared)",
            f"{picture}\t与登记册中的人员均不相似（已比对 {compared.faces} 张人脸）",
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
        "expires": person.expires, "pictures": len(person.templates),
    }  # fmt: skip
    return json.dumps(told, sort_keys=True, ensure_ascii=False)
