"""`brightline mark code`: build or check a provider code of TC260-PG-20252A."""

import click

from brightline.doors.exits import Exit
from brightline.provenance.provider_code import (
    ProviderCode,
    Service,
    build_provider_code,
    parse_provider_code,
)


@click.command(name="code")
@click.argument("uscc")
@click.option("--service", type=click.Choice([one.value for one in Service]), default="generation",
              show_default=True, help="What the organisation does.")  # fmt: skip
@click.option(
    "--model", default="0000", show_default=True, help="Four of 0-9A-Z for a model or application, free."
)
def code(uscc: str, service: str, model: str) -> int:
    """Build the 27-character provider code from USCC, a Unified Social Credit Code; or check a code that is given.

    The code is self-assigned (TC260-PG-20252A): no authority issues it. The check digit is GB 32100-2015's.
    """
    parsed = parse_provider_code(uscc)
    if isinstance(parsed, ProviderCode):
        click.echo(
            f"{parsed.text}  valid: organisation {parsed.bound}, {parsed.service}, model {parsed.suffix}"
        )
        return Exit.ALLOWED
    if len(uscc) not in {17, 18}:
        click.echo(f"brightline: `{uscc[:40]}` is no provider code ({parsed})", err=True)
        return Exit.CAUGHT
    try:
        click.echo(build_provider_code(uscc, Service(service), model).text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return Exit.ALLOWED
