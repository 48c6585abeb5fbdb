"""`brightline gateway`: the proxy before your models, and the keys of who may use it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from brightline.core.errors import SettingsError
from brightline.core.subject import Audience
from brightline.core.words import Words
from brightline.doors.cli.gateway_contents import contents
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.doors.gateway.keys import OPERATOR, Key, key_of, load_secret, make_key
from brightline.doors.gateway.running import reload_all
from brightline.doors.gateway.store import Store
from brightline.policy.decide import compile_policy
from brightline.policy.packs import load_packs
from brightline.settings import Settings


@click.group(name="gateway", invoke_without_command=True)
@settings_options
@click.pass_context
def command(
    context: click.Context, settings_file: Path | None, home: Path | None, language: str | None
) -> int:
    """Guard any model behind the OpenAI API: prompts and answers are judged, decided and recorded.

    Serves what the table `[gateway]` of the settings names, until told to stop; requests under way are then finished.
    Logs are lines of JSON on standard error. docs/guides/gateway.md shows how.
    """
    if context.invoked_subcommand is not None:
        return Exit.ALLOWED
    settings = read_settings(settings_file, home=home, language=language)
    if not settings.gateway.upstreams:
        raise SettingsError("no upstream to ask: name at least one in `[[gateway.upstreams]]`")
    from brightline.doors.gateway.logs import log_to_stderr  # late: the keys need no server
    from brightline.doors.gateway.serve import Gateway

    log_to_stderr()
    host = settings.gateway.host

    def reread() -> Settings:
        return read_settings(settings_file, home=home, language=language)

    Gateway(settings, reread).run(
        lambda port: _say(
            settings, f"listening on http://{host}:{port}/v1", f"已监听 http://{host}:{port}/v1"
        )
    )
    return Exit.ALLOWED


command.add_command(contents)


@command.group()
def key() -> None:
    """Make, list and revoke the keys of callers."""


@key.command()
@click.argument("tenant")
@click.option("--name", default="", help="What people call the key.")
@click.option("--operator", is_flag=True, help="It may read the metrics too.")
@click.option(
    "--audience",
    type=click.Choice([one.value for one in Audience]),
    default=Audience.INTERNAL.value,
    help="Who sees the answers [default: internal].",
)
@click.option(
    "--model", "models", multiple=True, help="A model that it may ask, again for more [default: all]."
)
@click.option("--requests-per-minute", type=click.IntRange(0), default=0, help="0 is no limit.")
@click.option("--tokens-per-minute", type=click.IntRange(0), default=0, help="0 is no limit.")
@click.option(
    "--tokens-per-day", type=click.IntRange(0), default=0, help="Budget of a day, UTC; 0 is no limit."
)
@click.option(
    "--money-per-day", type=click.FloatRange(0), default=0.0, help="By the settings' prices; 0 is no limit."
)
@click.option(
    "--money-per-month",
    type=click.FloatRange(0),
    default=0.0,
    help="Of a calendar month, UTC; 0 is no limit.",
)
@click.option(
    "--policy", "packs", multiple=True, help="A pack laid over the house's for this key, again for more."
)
@settings_options
def new(
    tenant: str,
    name: str,
    operator: bool,
    audience: str,
    models: tuple[str, ...],
    requests_per_minute: int,
    tokens_per_minute: int,
    tokens_per_day: int,
    money_per_day: float,
    money_per_month: float,
    packs: tuple[str, ...],
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> int:
    """Make a key for TENANT and show it once; only its hash is kept."""
    settings = read_settings(settings_file, home=home, language=language)
    if (money_per_day or money_per_month) and not settings.gateway.prices:
        raise SettingsError(
            "a budget in money needs `[gateway.prices]`: what a million tokens of each model cost"
        )
    if packs:
        compile_policy(load_packs([*dict.fromkeys((*settings.policies, *packs))]))  # wrong ones are told now
    wanted = Key(
        id="",
        tenant=tenant,
        name=name,
        roles=("caller", OPERATOR) if operator else ("caller",),
        audience=Audience(audience),
        models=models,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        tokens_per_day=tokens_per_day,
        money_per_day=money_per_day,
        money_per_month=money_per_month,
        policies=packs,
    )
    store = Store(settings)
    try:
        made, token = make_key(store, load_secret(settings.home), wanted)
    finally:
        store.close()
    click.echo(token)
    _say(
        settings,
        f"key {made.id} of `{tenant}`; it is shown this once",
        f"`{tenant}` 的密钥 {made.id}，仅显示这一次",
    )
    return Exit.ALLOWED


@key.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@settings_options
def list_keys(as_json: bool, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """List the keys, without their tokens."""
    settings = read_settings(settings_file, home=home, language=language)
    store = Store(settings)
    try:
        keys = [key_of(row) for row in store.all_keys()]
    finally:
        store.close()
    for one in keys:
        click.echo(_json(one) if as_json else _line(one).in_language(settings.language))
    if not keys:
        _say(settings, "there is no key; make one with `brightline gateway key new`", "尚无密钥")
    return Exit.ALLOWED


@key.command()
@click.argument("key_id")
@settings_options
def revoke(key_id: str, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """End the key KEY_ID; running gateways hear of it within about a second."""
    settings = read_settings(settings_file, home=home, language=language)
    store = Store(settings)
    try:
        was_there = store.revoke(key_id, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    finally:
        store.close()
    if not was_there:
        raise SettingsError(f"no key `{key_id[:80]}` in force; `brightline gateway key list` shows them")
    _say(settings, f"key {key_id} is revoked", f"密钥 {key_id} 已吊销")
    return Exit.ALLOWED


@command.command()
@settings_options
def reload(settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Have running gateways read settings, policy and keys anew; requests under way go on as they began.

    The same as the signal SIGHUP, and tells what came of it. When something of the new is wrong, the old stays in force.
    """
    settings = read_settings(settings_file, home=home, language=language)
    failed = ""
    for told in reload_all(settings.home):
        failed = failed or told.error
        if not told.error:
            _say(
                settings,
                f"the gateway on port {told.port} has the new settings",
                f"端口 {told.port} 的网关已启用新设置",
            )
    if failed:
        raise SettingsError(failed)
    return Exit.ALLOWED


def _line(one: Key) -> Words:
    models = ", ".join(one.models)
    state = Words("revoked", "已吊销") if one.revoked else Words("in force", "有效")
    en = f"{one.id}\t{one.tenant}\t{state.en}\t{one.name}\t{models or 'all models'}\tmade {one.made}"
    zh = f"{one.id}\t{one.tenant}\t{state.zh}\t{one.name}\t{models or '全部模型'}\t创建于 {one.made}"
    return Words(en, zh)


def _json(one: Key) -> str:
    told = {name: getattr(one, name) for name in one.__struct_fields__}
    return json.dumps(told, sort_keys=True, ensure_ascii=False)


def _say(settings: Settings, en: str, zh: str) -> None:
    click.echo(Words(en, zh).in_language(settings.language), err=True)
