"""Puts evidence bundles together: entries with all they rest on, content if the person may read it, and how to verify.

Content goes in only after the ledger holds who reads it; the manifest's digest is in the ledger before the bundle is given
out, so that every file of it is vouched for by the log's signature.
"""

import tempfile
from collections.abc import Iterator
from importlib.resources import files
from typing import IO, Any

import msgspec

from brightline.core.decision import Action
from brightline.core.scratch import scratch_folder
from brightline.core.wire import canonical
from brightline.doors.service import record
from brightline.doors.service.api_submissions import read_on_record
from brightline.doors.service.state import State
from brightline.ledger.bundle import SEAL, Bundle
from brightline.policy.decide import policy_from_bytes
from brightline.policy.explain import explain
from brightline.review.people import Person
from brightline.review.submissions import Submission

IN_MEMORY_BYTES = 8 * 1024 * 1024  # larger bundles lie in a file that has no name
PIECE_BYTES = 1024 * 1024
CONTENT = "content/subject.bin"
VERIFIERS = ("evidence.py", "verify.py")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into a bundle.

    Attributes:
        indices: of entries in the ledger, at least one.
        submission: whose content it is; None where there is none.
        case: what happened, as this person may see it; empty for none.
        content: whether the content goes in; the caller has seen that the person may read it.
    """

    indices: tuple[int, ...]
    submission: Submission | None = None
    case: dict[str, Any] = {}
    content: bool = False


def make_bundle(state: State, person: Person, wanted: Wanted) -> IO[bytes]:
    """The bundle as an open file, at its begin.

    Raises:
        NotThereError: the content was erased.
        LedgerError: an entry is not there, or who made this could not be recorded; nothing is given out.
    """
    file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - who gets it closes it
        IN_MEMORY_BYTES, dir=str(scratch_folder())
    )
    bundle = Bundle(file)
    _add_instructions(bundle)
    ledger = state.house.ledger
    bundle.add("log.vkey", [ledger.vkey.encode() + b"\n"])
    bundle.add("checkpoint", [ledger.checkpoint().encode()])
    if wanted.case:
        bundle.add("case.json", [msgspec.json.format(canonical(wanted.case)) + b"\n"])
    for index in sorted(set(wanted.indices)):
        _add_entry(state, bundle, index)
    if wanted.content and wanted.submission is not None:
        bundle.add(CONTENT, read_on_record(state, person, wanted.submission))
    _seal(state, person, bundle, wanted)
    bundle.close()
    file.seek(0)
    return file


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """The bytes of an open file, which is then closed."""
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _add_instructions(bundle: Bundle) -> None:
    texts = files("brightline.doors.service") / "texts"
    for language in ("en", "zh"):
        data = (texts / f"how-to-verify.{language}.md").read_bytes()
        bundle.add(f"HOW-TO-VERIFY.{language}.md", [data])
    for name in VERIFIERS:
        bundle.add(f"verify/{name}", [(files("brightline.ledger") / name).read_bytes()])


def _add_entry(state: State, bundle: Bundle, index: int) -> None:
    ledger, folder = state.house.ledger, f"entries/{index}"
    decision = ledger.decision(index)
    examination = ledger.examination(decision.examination)
    policy = ledger.policy(decision.policy)
    traces = explain(policy_from_bytes(policy), examination)
    asked = [trace for trace in traces if trace.asked is not Action.ALLOW]
    bundle.add(f"{folder}/proof.tlog-proof", [ledger.prove(index).encode()])
    bundle.add(f"{folder}/decision.json", [canonical(decision)])
    bundle.add(f"{folder}/examination.json", [canonical(examination)])
    bundle.add(f"{folder}/policy.json", [policy])
    bundle.add(f"{folder}/trace.json", [canonical(asked)])


def _seal(state: State, person: Person, bundle: Bundle, wanted: Wanted) -> None:
    """Record that this bundle is made, and put the proof of that beside the manifest."""
    facts = {
        "manifest": bundle.add_manifest(),
        "content": "yes" if wanted.content else "no",
        "entries": ",".join(str(index) for index in sorted(set(wanted.indices))),
        "case": str(wanted.case.get("id", "")),
    }
    receipt = record.done(state, person, "evidence.export", wanted.submission, facts)
    ledger = state.house.ledger
    examination = ledger.examination(ledger.decision(receipt.index).examination)
    bundle.add(f"{SEAL}examination.json", [canonical(examination)])
    bundle.add(f"{SEAL}proof.tlog-proof", [ledger.prove(receipt.index).encode()])
