"""Where a passphrase or PIN is: in a file or in an environment variable, never on the command line and never logged."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from brightline.core.errors import MarkingError

SECRET_LIMIT_BYTES = 4096  # a passphrase; nobody types more


class Passphrase(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a secret; exactly one of the two is set.

    Attributes:
        file: its first line is the secret.
        variable: name of the environment variable that holds it.
    """

    file: Path | None = None
    variable: str = ""

    def __post_init__(self) -> None:
        """Refuse none and refuse two: a forgotten second place would be a secret left lying."""
        if (self.file is None) == (not self.variable):
            raise MarkingError("a passphrase comes from a file or from a variable: give one of the two")


def read_passphrase(place: Passphrase | None, environ: Mapping[str, str]) -> bytes | None:
    """The secret, or None where no place was given.

    Raises:
        MarkingError: the file cannot be read, the variable is not set, or either is empty.
    """
    if place is None:
        return None
    secret = _from_file(place.file) if place.file is not None else environ.get(place.variable, "").encode()
    if not secret:
        raise MarkingError(
            f"the passphrase in `{place.file or place.variable}` is empty or not set; it is needed to open the key"
        )
    return secret


def _from_file(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.readline(SECRET_LIMIT_BYTES).rstrip(b"\r\n")
    except OSError as error:
        raise MarkingError(f"cannot read the passphrase file `{file}`: {error.strerror}") from error
