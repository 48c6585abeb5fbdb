"""Golden cases: shown when cases have drawn them, closed as a person's own figure and never as a decision."""

import hashlib
import logging

from brightline.core.decision import Action
from brightline.core.errors import LedgerError
from brightline.doors.service import record
from brightline.doors.service.state import State
from brightline.review import cases, golden
from brightline.review.cases import Case, Ruling
from brightline.review.golden import Due
from brightline.review.people import Person
from brightline.review.submissions import Submission

LOGGER = logging.getLogger(__name__)


def serve_golden(state: State) -> int:
    """Open golden cases for those that drew one; says how many.

    The decision is written down again in the ledger, so that a golden case has a position as fresh as any other's.
    """
    if not state.setting.golden_percent:
        return 0
    with state.store.reading() as connection:
        found = golden.due(connection, state.setting.golden_percent)
    return sum(_serve(state, one) for one in found)


def _serve(state: State, one: Due) -> bool:
    ledger = state.house.ledger
    decision = ledger.decision(one.entry)
    examination = ledger.examination(decision.examination)
    key = hashlib.sha256(f"golden {one.cause}".encode()).hexdigest()
    receipt = ledger.record([(examination, decision)], [key])[0]
    try:
        with state.store.writing() as connection:
            golden.serve(connection, one, receipt.index, receipt.leaf, state.setting)
    except LedgerError as error:  # another server has served it
        LOGGER.info("golden: %s", error)
        return False
    return True


def close_golden(state: State, case: Case, submission: Submission, ruling: Ruling) -> None:
    """Close an answered golden case: its answer is in the ledger as a deed, and nobody outside is told of it."""
    receipt = record.write(state, *record.golden(state, case, submission, ruling))
    with state.store.writing() as connection:
        cases.close(connection, case.id, receipt.index)


def make_golden(state: State, person: Person, case: str, answer: Action, note: str) -> str:
    """Make the subject of a closed case golden; gives the item's id.

    Raises:
        NotThereError: this tenant has no such case.
        ConflictError: the case is not closed, or its subject is golden already.
        ReviewError: no reason is given.
    """
    with state.store.writing() as connection:
        item = golden.add(connection, case, person.tenant, person.id, answer, note)
    record.done(state, person, "golden.add", None, {"golden": item, "case": case, "answer": answer.value})
    return item


def retire_golden(state: State, person: Person, item: str) -> None:
    """Show it no more.

    Raises:
        NotThereError: this tenant has none of that id in use.
    """
    with state.store.writing() as connection:
        golden.retire(connection, item, person.tenant)
    record.done(state, person, "golden.retire", None, {"golden": item})
