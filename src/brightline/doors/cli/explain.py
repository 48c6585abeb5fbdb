"""`brightline explain`: what, where, how sure, on what basis, under which rule."""

import click
import msgspec

from brightline.assembly import existing_ledger
from brightline.doors.cli.ledger import one_entry
from brightline.doors.cli.options import read_settings, settings_options


class Explained(msgspec.Struct, frozen=True):
    """A recorded decision with all that it rests on."""

    entry: object
    receipt: object
    examination: object
    trace: object


@click.command(name="explain")
@click.argument("receipt")
@click.option("--trace", is_flag=True, help="Every rule's condition, clause by clause.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@settings_options
def command(
    receipt: str, settings_file: object, home: object, language: str | None, *, trace: bool, as_json: bool
) -> None:
    """Say why the decision of RECEIPT (index, leaf or subject digest) was made."""
    from brightline.core.wire import canonical
    from brightline.policy.decide import policy_from_bytes
    from brightline.policy.explain import explain

    settings = read_settings(settings_file, home=home, language=language)  # type: ignore[arg-type]  # click's Path
    with existing_ledger(settings) as ledger:
        index = one_entry(ledger, receipt)
        entry = ledger.entry(index)
        decision = ledger.decision(index)
        examination = ledger.examination(decision.examination)
        proof = ledger.receipt(index)
        traces = explain(policy_from_bytes(ledger.policy(decision.policy)), examination) if trace else []
    if as_json:
        click.echo(canonical(Explained(entry, proof, examination, traces)))
        return
    from brightline.doors.cli.show_explanation import show_explanation

    show_explanation(entry, decision, examination, proof, traces, settings.language)
