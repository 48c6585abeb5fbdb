"""What people decided, for good, of what a policy had decided before: the answers that rules and detectors are held against."""

from sqlalchemy import Connection, select

from brightline.core.decision import Action
from brightline.review.tables import cases, submissions

ANSWERS_READ = 50_000  # newest cases


def copies(connection: Connection, tenant: str) -> frozenset[int]:
    """Ledger positions of what was written down again for golden cases: no decisions of their own."""
    wanted = select(submissions.c.entry).where(
        submissions.c.tenant == tenant, submissions.c.copy_of.is_not(None), submissions.c.entry.is_not(None)
    )
    return frozenset(int(entry) for entry in connection.execute(wanted).scalars())


def of_entries(connection: Connection, tenant: str) -> dict[int, Action]:
    """The person's action by the ledger position of the decision that was reviewed, golden cases apart."""
    wanted = (
        select(submissions.c.entry, cases.c.decided)
        .join(cases, cases.c.submission == submissions.c.id)
        .where(
            cases.c.tenant == tenant,
            cases.c.state == "closed",
            cases.c.golden == "",
            submissions.c.entry.is_not(None),
        )
        .order_by(cases.c.id.desc())
        .limit(ANSWERS_READ)
    )
    return {int(row.entry): Action(row.decided) for row in connection.execute(wanted)}
