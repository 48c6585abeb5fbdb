"""Write docs/reference/: commands, settings, detectors, rules and harms, each from the source that it describes.

python docs/make_reference.py      # `make docs`; tests/doors/test_docs.py holds the pages to the sources
"""

import ast
import copy
import inspect
import sys
import tokenize
import tomllib
import typing
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

sys.path.insert(0, str(Path(__file__).parent))

from make_harms import page as harms_page

from brightline.core.decision import Ground
from brightline.doors.cli.main import COMMANDS, brightline
from brightline.examine.catalogue import CATALOGUE, Entry, card_path
from brightline.policy.pack import Pack, Requirement, Rule
from brightline.policy.packs import load_packs, shipped
from brightline.settings import MiB, Settings

ENVIRONMENT = {"limits", "mark"}  # tables whose settings have names in the environment
FOLDER = Path(__file__).parent / "reference"
WIDTH = 100  # columns of the help texts
NOTE = "This page is written by `docs/make_reference.py` from {source}; run `make docs` after changing that."
STANDING = {
    "seen": "its text was seen in a public copy",
    "measured": "it was run and observed",
    "secondary": "seen only in a description of the norm",
    "memory": "from memory: such a rule may warn and may not block",
    "house": "no law, the operator's own rule",
}


def pages() -> dict[str, str]:
    """File name to the whole page in Markdown."""
    return {
        "cli.md": cli_page(),
        "settings.md": settings_page(),
        "detectors.md": detectors_page(),
        "rules.md": rules_page(),
        "harms.md": harms_page(),
    }


# Commands


def cli_page() -> str:
    """Every command's help, as the command prints it."""
    head = f"# Commands\n\n{NOTE.format(source='the commands themselves')}\n"
    return "\n".join([head, *(_command(path, command) for path, command in commands())])


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, a group before its own."""
    yield "brightline", brightline
    context = click.Context(brightline)
    for name in COMMANDS:
        command = brightline.get_command(context, name)
        if command is None:
            raise LookupError(f"`{name}` is listed and is no command")
        yield from _commands(f"brightline {name}", command, context)


def _commands(
    path: str, command: click.Command, context: click.Context
) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for part in sorted(command.list_commands(context)):
            inner = command.get_command(context, part)
            if inner is None:
                raise LookupError(f"`{path} {part}` is listed and is no command")
            yield from _commands(f"{path} {part}", inner, context)


def _command(path: str, command: click.Command) -> str:
    settings = dict(brightline.context_settings) | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    command = copy.copy(command)
    command._help_option = None  # click keeps the first one asked for, by whatever names it then had  # noqa: SLF001
    context = click.Context(command, info_name=path, **settings)
    return f"## {path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"


# Settings


def settings_page() -> str:
    """Every setting: default, what it means, its reason, its name in the environment."""
    tables = list(_tables(Settings, ""))
    files = {Path(inspect.getfile(kind)) for _, kind in tables}
    reasons = {key: value for file in sorted(files) for key, value in _comments(file).items()}
    inner = " and ".join(
        f"`{name}`"
        for name in sorted(field.name for field in msgspec.structs.fields(Settings) if _inner(field))
    )
    head = (
        f"# Settings\n\n{NOTE.format(source='`src/brightline/settings.py` and `settings_*.py`')}\n\n"
        "Settings stand in `brightline.toml`, in the working folder or where `--settings` points. Order: flag >"
        " environment > file > default. An unknown key is an error. In the environment, lists are separated by"
        f" commas. {inner.replace(' and ', ', ', inner.count(' and ') - 1)} are the tables below.\n"
    )
    shown = [_settings_table("## Top level\n", Settings, "", "BRIGHTLINE_", reasons)]
    for name, kind in tables[1:]:
        environ = f"BRIGHTLINE_{name.upper()}_" if name in ENVIRONMENT else ""
        said = inspect.getdoc(kind) or ""
        about = f"## `{name}`\n\n{said.partition(chr(10) * 2)[0]}{'' if environ else ' Not in the environment.'}\n"
        about = about.replace(f"`{name}`", f"`[{name}]`", 1) if not name.startswith("[") else about
        shown.append(
            _settings_table(about, kind, "" if name.startswith("[") else f"{name}.", environ, reasons)
        )
    return "\n".join([head, *shown])


def _tables(kind: type[msgspec.Struct], name: str) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """A table and those inside it; `[[...]]` for one of which there may be several."""
    yield name, kind
    for field in msgspec.structs.fields(kind):
        if inner := _inner(field):
            path = f"{name}.{field.name}".lstrip(".")
            named = f"{path}.NAME" if typing.get_origin(field.type) is dict else f"[[{path}]]"
            yield from _tables(inner, path if inner is field.type else named)


def _inner(field: msgspec.structs.FieldInfo) -> type[msgspec.Struct] | None:
    """The table that a field holds, one or several; None for a plain value."""
    types = (field.type, *typing.get_args(field.type))
    return next((one for one in types if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)


def _settings_table(
    head: str, kind: type[msgspec.Struct], prefix: str, environ: str, reasons: dict[tuple[str, str], str]
) -> str:
    meanings = _attributes(kind)
    lines = [
        head,
        "| key | default | unit | meaning | why this value | environment |",
        "|---|---|---|---|---|---|",
    ]
    for field in msgspec.structs.fields(kind):
        if _inner(field):
            continue
        default = "required" if field.required else f"`{_shown(field.default)}`"
        if field.default_factory is not msgspec.NODEFAULT:
            default = "`{}`" if field.default_factory is dict else f"`{_shown(field.default_factory())}`"
        name = f"`{environ}{field.name.upper()}`" if environ else "-"
        reason = reasons.get((kind.__name__, field.name), "-")
        unit = _unit(field.name, field.default)
        lines.append(_row(f"`{prefix}{field.name}`", default, unit, meanings[field.name], reason, name))
    return "\n".join([*lines, ""])


def _shown(value: object) -> str:
    """A default as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case tuple():
            return "[" + ", ".join(_shown(one) for one in value) + "]"
        case _:
            return f'"{value}"'


def _unit(name: str, default: object) -> str:
    if name.endswith("_bytes") and isinstance(default, int):
        return f"bytes ({default // MiB} MiB)" if default >= MiB else f"bytes ({default // 1024} KiB)"
    if name.endswith("_seconds"):
        return "s"
    return {int: "count", str: "text", bool: "true or false", Path: "path", tuple: "list"}.get(
        type(default), "text"
    )


def _attributes(kind: type) -> dict[str, str]:
    """Name to meaning, from the docstring's section `Attributes`."""
    section = (kind.__doc__ or "").split("Attributes:\n", 1)[1]
    found: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        if line.startswith("        ") and not line.startswith("         "):
            name, _, words = line.strip().partition(": ")
            found[name] = words
        elif line.strip():
            found[name] += f" {line.strip()}"
    return found


def _comments(source: Path) -> dict[tuple[str, str], str]:
    """(class, field) to the comment behind the field."""
    with source.open("rb") as stream:
        behind = {
            token.start[0]: token.string.removeprefix("#").strip()
            for token in tokenize.tokenize(stream.readline)
            if token.type == tokenize.COMMENT
        }
    found = {}
    for node in ast.parse(source.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if (
                    isinstance(line, ast.AnnAssign)
                    and line.lineno in behind
                    and isinstance(line.target, ast.Name)
                ):
                    found[node.name, line.target.id] = behind[line.lineno]
    return found


# Detectors


def detectors_page() -> str:
    """Every card."""
    head = (
        f"# Detectors\n\n{NOTE.format(source='the cards beside the detectors')}\n\n"
        "No detector says more than its basis: *proof* follows from the bytes, *match* from a bank, *declared* from"
        " what the file says of itself, *estimate* from rules or a model whose rate of error was measured.\n"
    )
    entries = sorted(CATALOGUE, key=lambda entry: entry.name)
    return "\n".join([head, *(_card(entry) for entry in entries)])


def _card(entry: Entry) -> str:
    card = tomllib.loads(card_path(entry).read_text("utf-8"))
    lines = [
        f"## {entry.name}\n",
        f"{card['purpose']['en']}\n",
        f"{card['purpose']['zh']}\n",
        *(f"- **{name}:** {words}" for name, words in _facts(card)),
        "\nWhat it cannot do:\n",
        *(f"- {limit}" for limit in card["limits"]),
        "\nWhat it was measured on:\n",
        *(f"- {one['what']}: {one['figures']} (`{one['command']}`)" for one in card["measured"]),
        "\nDetails of its findings:\n",
        *(f"- `{name}`: {words}" for name, words in card["details"].items()),
        "",
    ]
    return "\n".join(lines)


def _facts(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "claims", ", ".join(f"`{claim}`" for claim in card["claims"])
    yield "harms", ", ".join(card["harms"]) or "none"
    yield "basis", ", ".join(card["basis"])
    yield "looks at", ", ".join(card["inputs"])
    yield "training", card["training"]
    yield "calibration", card["calibration"]
    yield "licence", card["licence"]


# Rules


def rules_page() -> str:
    """Every rule of every pack that ships."""
    standing = "\n".join(f"- *{name}*: {words}" for name, words in STANDING.items())
    head = (
        f"# Rules\n\n{NOTE.format(source='the packs in `src/brightline/policies/`')}\n\n"
        f"Behind each ground stands how well we know the article, and since when:\n\n{standing}\n"
    )
    return "\n".join([head, *(_pack(pack) for pack in load_packs(shipped()))])


def _pack(pack: Pack) -> str:
    about = f"{_flat(pack.about.en)}\n\n{_flat(pack.about.zh)}\n"
    lines = [f"## {pack.id}\n", f"{pack.title.en} · {pack.title.zh} · version {pack.version}\n", about]
    if pack.utc_offset:
        hours = timedelta(minutes=pack.utc_offset).total_seconds() / 3600
        lines.append(f"Dates begin at midnight of UTC{hours:+g}.\n")
    lines += [_required(requirement) for requirement in pack.requires]
    return "\n".join([*lines, *(_rule(pack.id, rule) for rule in pack.rules)])


def _required(requirement: Requirement) -> str:
    over = ", ".join((*requirement.media, *requirement.kinds)) or "everything"
    return f"Without the answer of `{requirement.detector}` on {over}, the decision is REVIEW.\n"


def _rule(pack: str, rule: Rule) -> str:
    lines = [
        f"### {pack}#{rule.id}\n",
        f"**{rule.action.value}**, severity {rule.severity.value}{_when(rule)}\n",
        f"> {_flat(rule.message.en)}\n>\n> {_flat(rule.message.zh)}\n",
        *(_ground(ground) for ground in rule.grounds),
        f"\n```text\n{rule.when.strip()}\n```\n",
    ]
    return "\n".join(lines)


def _when(rule: Rule) -> str:
    since = f", from {rule.effective.since}" if rule.effective.since else ""
    return since + (f", until {rule.effective.until}" if rule.effective.until else "")


def _ground(ground: Ground) -> str:
    as_of = f", {ground.as_of}" if ground.as_of else ""
    return f"- {ground.law}, {ground.article} ({ground.standing.value}{as_of})"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
