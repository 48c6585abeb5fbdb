"""`brightline bom`: the bill of materials of a model or data set."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from brightline.core.errors import GovernanceError
from brightline.doors.exits import Exit
from brightline.doors.gate.run import nature_of
from brightline.governance.bom import cyclonedx, spdx
from brightline.governance.card import read_card
from brightline.governance.checks import Target
from brightline.governance.manifest import read_manifest

FORMS = {"cyclonedx": cyclonedx, "spdx": spdx}


@click.command(name="bom")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--form", type=click.Choice([*FORMS]), default="cyclonedx", show_default=True, help="CycloneDX 1.6 or SPDX 3.0.1, in JSON.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), help="File to write [default: standard output].")
def command(path: Path, form: str, output: Path | None) -> int:
    """Write the bill of materials of the model or data set at PATH: every file with its SHA-256, and what its card declares.

    Licence, base models and training data are told as the card declares them; nothing is loaded or run.
    """
    manifest = read_manifest(path)
    if manifest.links or manifest.others:
        first = (*manifest.links, *manifest.others)[0]
        raise GovernanceError(
            f"`{first}` is a link or no file, so the bill would not be whole; replace it by a file"
        )
    names = [path.name] if path.is_file() else [one.path for one in manifest.files]
    target = Target(name=str(path), path=path, nature=nature_of(names), manifest=manifest)
    data = FORMS[form](target, read_card(path), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if output is None:
        sys.stdout.buffer.write(data)
        return Exit.ALLOWED
    try:
        output.write_bytes(data)
    except OSError as error:
        raise GovernanceError(f"cannot write `{output}`: {error.strerror}") from error
    return Exit.ALLOWED
