"""What was taken out of an exchange and the names that stand in its place; kept in memory as long as the exchange.

    vault = Vault("the words of the prompt")
    vault.name("email", "a@example.com", restore=True)   -> "[EMAIL_1]"
    vault.hide(text)                                      -> the text with names in place of all that is known
    vault.restored("write to [EMAIL_1]")                  -> "write to a@example.com"

An answer that comes in chunks is restored by a `Restorer`, which holds what may be the beginning of a name.
"""

import re
from collections.abc import Callable

import msgspec

from brightline.core.errors import ExchangeError
from brightline.exchange.nouns import Json

NAMES_LIMIT = 1_000  # different values that are taken out of one exchange (count)
VALUE_MIN = 4  # ASCII characters; shorter ones stand in other words as well; of other scripts two are enough
NAME_LIMIT = 48  # characters of a name
DEPTH_LIMIT = 64  # of a body in which values are replaced (levels)
_CANNOT = f"more than {NAMES_LIMIT} values, or one under {VALUE_MIN} characters, cannot be taken out"
_NAME = re.compile(r"\[([A-Za-z][A-Za-z_]{0,30}_[0-9]{1,6})\]")
_BEGUN = re.compile(rf"\[[A-Za-z0-9_]{{0,{NAME_LIMIT}}}\Z")
_KIND = re.compile(r"[^A-Z]+")


class Vault:
    """One exchange's.

    Attributes:
        count: values that were taken out.
    """

    def __init__(self, taken: str = "") -> None:
        """Begin: names that stand in the words already are not given again."""
        self._taken = {match[1].upper() for match in _NAME.finditer(taken)}
        self._names: dict[str, str] = {}
        self._values: dict[str, str] = {}  # of names that are restored
        self._pattern: re.Pattern[str] | None = None

    @property
    def count(self) -> int:
        """Values that were taken out."""
        return len(self._names)

    @property
    def restores(self) -> bool:
        """Whether anything is put back."""
        return bool(self._values)

    def name(self, kind: str, value: str, *, restore: bool) -> str:
        """The name that stands for a value, the same for the same value.

        Raises:
            ExchangeError: there are too many, or the value is too short to be replaced everywhere.
        """
        known = self._names.get(value)
        if known is not None:
            return known
        if _is_short(value) or len(self._names) >= NAMES_LIMIT:
            raise ExchangeError(_CANNOT)
        stem = _KIND.sub("_", kind.upper()).strip("_")[:30] or "REDACTED"
        number = 1
        while (full := f"{stem}_{number}") in self._taken:
            number += 1
        self._taken.add(full)
        self._names[value] = f"[{full}]"
        if restore:
            self._values[full] = value
        self._pattern = None
        return self._names[value]

    def put(self, value: str, words: str) -> None:
        """Have words stand for a value, for good.

        Raises:
            ExchangeError: as `name`.
        """
        if value in self._names:
            return
        if _is_short(value) or len(self._names) >= NAMES_LIMIT:
            raise ExchangeError(_CANNOT)
        self._names[value] = words
        self._pattern = None

    def hide(self, text: str) -> str:
        """The text with names in place of all values that are known, longer ones first."""
        if not self._names:
            return text
        if self._pattern is None:
            values = sorted(self._names, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(value) for value in values))
        return self._pattern.sub(lambda match: self._names[match[0]], text)

    def restored(self, text: str, *, quoted: bool = False) -> str:
        """The text with values in place of their names; `quoted` inside a JSON string that is itself a string."""
        if not self._values or "[" not in text:
            return text

        def value(match: re.Match[str]) -> str:
            found = self._values.get(match[1].upper())
            if found is None:
                return match[0]
            return msgspec.json.encode(found)[1:-1].decode() if quoted else found

        return _NAME.sub(value, text)

    def hidden_body(self, body: dict[str, Json]) -> dict[str, Json]:
        """A request's body with all known values replaced, wherever they stand.

        Raises:
            ExchangeError: it is nested too deep.
        """
        return {name: value if name == "model" else mapped(value, self._hide) for name, value in body.items()}

    def restored_body(self, data: bytes) -> bytes:
        """An answer's body, with values in place of their names."""
        if not self._values:
            return data
        return msgspec.json.encode(mapped(msgspec.json.decode(data), self._restore))

    def _hide(self, text: str, _: str) -> str:
        return self.hide(text)

    def _restore(self, text: str, key: str) -> str:
        return self.restored(text, quoted=key in QUOTED)


QUOTED = frozenset({"arguments", "partial_json"})  # fields whose text is JSON


def _is_short(value: str) -> bool:
    return len(value) < (VALUE_MIN if value.isascii() else VALUE_MIN // 2)


def mapped(value: Json, change: Callable[[str, str], str], left: int = DEPTH_LIMIT, key: str = "") -> Json:
    """JSON with every string changed, given it and the key that it stands under.

    Raises:
        ExchangeError: it is nested too deep.
    """
    if isinstance(value, str):
        return change(value, key)
    if not isinstance(value, list | dict):
        return value
    if not left:
        raise ExchangeError(f"nested deeper than {DEPTH_LIMIT} levels")
    if isinstance(value, list):
        return [mapped(one, change, left - 1, key) for one in value]
    return {name: mapped(one, change, left - 1, name) for name, one in value.items()}


class Restorer:
    """Puts values back into words that come in chunks."""

    def __init__(self, vault: Vault, *, quoted: bool = False) -> None:
        """Begin a channel; `quoted` where its words are JSON."""
        self._vault, self._quoted = vault, quoted
        self._held = ""

    def feed(self, text: str) -> str:
        """Take the next words; give all but what may be the beginning of a name."""
        text = self._held + text
        begun = _BEGUN.search(text)
        at = begun.start() if begun is not None else len(text)
        self._held = text[at:]
        return self._vault.restored(text[:at], quoted=self._quoted)

    def close(self) -> str:
        """The words end: what was held was no name."""
        held, self._held = self._held, ""
        return held
