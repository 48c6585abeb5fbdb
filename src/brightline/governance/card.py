"""What a model or data set says of itself: the front matter of its README and the configurations of its loaders.

Everything here is declared by whoever made it, and proves nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import yaml

from brightline.core.errors import GovernanceError

FRONT_LIMIT_BYTES = 64 * 1024  # of front matter; cards of large families have some 4 KiB
CONFIG_LIMIT_BYTES = 1024 * 1024  # of one configuration
ITEMS_LIMIT = 64  # of one list in a card
_FRONT = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LICENCE_FILE = re.compile(r"(?i)(?:licen[cs]e|copying)(?:[-_.][\w.-]+)?")


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is declared.

    Attributes:
        title: the name that it gives itself, or empty.
        licence: as written, such as `apache-2.0`, or empty.
        licence_name: of a licence that has no SPDX identifier.
        licence_link: where that one is found.
        base_models: what it was made from.
        relation: how: `finetune`, `adapter`, `quantized`, `merge`, or empty.
        datasets: what it was trained on.
        languages: of its words.
        task: such as `text-generation`.
        library: such as `transformers`.
        architectures: such as `LlamaForCausalLM`.
        files: where this was read.
    """

    title: str = ""
    licence: str = ""
    licence_name: str = ""
    licence_link: str = ""
    base_models: tuple[str, ...] = ()
    relation: str = ""
    datasets: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    task: str = ""
    library: str = ""
    architectures: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def read_card(folder: Path) -> Card:
    """The card of a folder; an empty one where it says nothing.

    Raises:
        GovernanceError: it says something that cannot be read.
    """
    if not folder.is_dir():
        return Card()
    front = _front(folder / "README.md")
    config, adapter = _config(folder / "config.json"), _config(folder / "adapter_config.json")
    base = _words(front.get("base_model")) or _words(adapter.get("base_model_name_or_path"))
    read = (("README.md", front), ("config.json", config), ("adapter_config.json", adapter))
    return Card(
        title=_word(front.get("model_name")) or _word(front.get("pretty_name")) or _word(config.get("_name_or_path")),
        licence=" OR ".join(_words(front.get("license"))),
        licence_name=_word(front.get("license_name")),
        licence_link=_word(front.get("license_link")),
        base_models=base,
        relation=_word(front.get("base_model_relation")) or ("adapter" if adapter else ""),
        datasets=_words(front.get("datasets")),
        languages=_words(front.get("language")),
        task=_word(front.get("pipeline_tag")),
        library=_word(front.get("library_name")),
        architectures=_words(config.get("architectures")),
        files=tuple(name for name, values in read if values),
    )  # fmt: skip


def licence_files(paths: Iterator[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Files at the top of a target that are licences by their names."""
    return tuple(path for path in paths if "/" not in path and _LICENCE_FILE.fullmatch(path))


def _front(path: Path) -> Mapping[str, object]:
    match = _FRONT.match(_head(path, FRONT_LIMIT_BYTES))
    if match is None:
        return {}
    try:
        block = match[1].decode("utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(block, yaml.SafeLoader)):
            raise GovernanceError(f"`{path.name}`: its front matter repeats itself by aliases; write it out")
        value = yaml.safe_load(block)
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        raise GovernanceError(f"`{path.name}`: its front matter is no YAML; mend it") from error
    return value if isinstance(value, dict) else {}


def _config(path: Path) -> Mapping[str, object]:
    data = _head(path, CONFIG_LIMIT_BYTES + 1)
    if not data:
        return {}
    if len(data) > CONFIG_LIMIT_BYTES:
        raise GovernanceError(f"`{path.name}` is larger than 1 MiB, which no configuration is")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise GovernanceError(f"`{path.name}` is no JSON; mend it") from error
    return value if isinstance(value, dict) else {}


def _head(path: Path, most: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        return b""
    try:
        with path.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise GovernanceError(f"cannot read `{path.name}`: {error.strerror}") from error


def _word(value: object) -> str:
    return " ".join(value.split())[:200] if isinstance(value, str) else ""


def _words(value: object) -> tuple[str, ...]:
    many = value if isinstance(value, list) else [value]
    return tuple(word for one in many[:ITEMS_LIMIT] if (word := _word(one)))
