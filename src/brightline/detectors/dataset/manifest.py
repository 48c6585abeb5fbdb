"""The manifest of sources: where rows come from, by what right they may be used, when and by whom they were collected."""

import tomllib
from pathlib import Path

import msgspec

from brightline.core.errors import DetectorError

MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024  # written by hand or by a pipeline: a thousand sources


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source; `name` is what the rows' column says, empty for rows without one.

    Attributes:
        name: as the rows say it.
        licence: its licence, as an SPDX expression where there is one.
        authorised: what the right to use it rests on where no licence says so: a contract, a consent, an agreement.
        collected: when, an ISO date or span.
        by: who collected it.
    """

    name: str = ""
    licence: str = ""
    authorised: str = ""
    collected: str = ""
    by: str = ""


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: tuple[Source, ...] = ()


def read_manifest(path: Path) -> tuple[Source, ...]:
    """The sources of a TOML manifest, one `[[source]]` each.

    Raises:
        DetectorError: it cannot be read or says what no manifest says.
    """
    try:
        if path.stat().st_size > MANIFEST_LIMIT_BYTES:
            raise DetectorError(f"`{path.name}` is larger than 4 MiB, which no manifest is")
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), _Manifest).source
    except OSError as error:
        raise DetectorError(f"cannot read `{path.name}`: {error.strerror}") from error
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise DetectorError(
            f"`{path.name}` is no manifest of sources: {' '.join(str(error).split())[:200]}"
        ) from error


def lacking(source: Source) -> tuple[str, ...]:
    """What a source does not say and must: `authorisation`, `collected`, `by`."""
    said = {
        "authorisation": source.licence or source.authorised,
        "collected": source.collected,
        "by": source.by,
    }
    return tuple(name for name, value in said.items() if not value)
