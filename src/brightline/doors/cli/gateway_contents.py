"""`brightline gateway content`: prompts and answers that a rule had kept, for those who may read them."""

import json
import sys
from pathlib import Path

import click

from brightline.core.errors import SettingsError
from brightline.core.words import Words
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.doors.gateway.contents import HOLD, DayKeys, expire, hold, open_content, release, today
from brightline.doors.gateway.store import Store
from brightline.settings import Settings


@click.group(name="content")
def contents() -> None:
    """Read, hold and erase prompts and answers that a rule had kept."""


@contents.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@settings_options
def list_contents(as_json: bool, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """List what is kept: its entry in the ledger, tenant, time, and whether it is on hold."""
    settings, store = _open(settings_file, home, language)
    try:
        rows = store.contents()
    finally:
        store.close()
    for entry, tenant, time, day in rows:
        told = {"entry": entry, "tenant": tenant, "time": time, "hold": day == HOLD}
        held = Words("\ton hold", "\t依法保留") if day == HOLD else Words("", "")
        line = f"{entry}\t{tenant}\t{time}{held.in_language(settings.language)}"
        click.echo(json.dumps(told, sort_keys=True, ensure_ascii=False) if as_json else line)
    return Exit.ALLOWED


@contents.command()
@click.argument("entry", type=int)
@settings_options
def show(entry: int, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Write what is kept of ENTRY to standard output, as it came."""
    settings, store = _open(settings_file, home, language)
    try:
        content = open_content(store, settings, entry)
    finally:
        store.close()
    if content is None or content.data is None:
        raise _nothing(entry)
    sys.stdout.buffer.write(content.data)
    sys.stdout.flush()
    return Exit.ALLOWED


@contents.command(name="hold")
@click.argument("entry", type=int)
@settings_options
def hold_content(entry: int, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Keep ENTRY until its hold is ended, whatever the clock says."""
    settings, store = _open(settings_file, home, language)
    try:
        content = hold(store, settings, entry)
    finally:
        store.close()
    if content is None:
        raise _nothing(entry)
    _say(settings, f"entry {entry} is on hold", f"条目 {entry} 已依法保留")
    return Exit.ALLOWED


@contents.command(name="release")
@click.argument("entry", type=int)
@settings_options
def release_content(entry: int, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """End the hold of ENTRY; it is erased at once where its time is over."""
    settings, store = _open(settings_file, home, language)
    try:
        content = release(store, settings, entry)
    finally:
        store.close()
    if content is None:
        raise SettingsError(f"entry {entry} is not on hold")
    _say(settings, f"entry {entry} is kept until {content.until}", f"条目 {entry} 保存至 {content.until}")
    return Exit.ALLOWED


@contents.command(name="expire")
@settings_options
def expire_contents(settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Destroy the keys of all that was kept long enough; a running gateway does so every hour."""
    settings, store = _open(settings_file, home, language)
    try:
        gone = expire(store, settings.gateway.contents, DayKeys(settings), today())
    finally:
        store.close()
    _say(settings, f"{gone} erased", f"已销毁 {gone} 条")
    return Exit.ALLOWED


def _open(settings_file: Path | None, home: Path | None, language: str | None) -> tuple[Settings, Store]:
    settings = read_settings(settings_file, home=home, language=language)
    return settings, Store(settings)


def _nothing(entry: int) -> SettingsError:
    return SettingsError(f"nothing is kept of entry {entry}, or its time is over")


def _say(settings: Settings, en: str, zh: str) -> None:
    click.echo(Words(en, zh).in_language(settings.language), err=True)
