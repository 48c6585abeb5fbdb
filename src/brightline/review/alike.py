"""Other submissions of the same bytes: what was decided of them before."""

from sqlalchemy import Connection, select

from brightline.review.submissions import Submission, get
from brightline.review.tables import submissions


def alike(connection: Connection, submission: Submission, count: int = 10) -> list[Submission]:
    """The tenant's newest submissions with the same digest, without this one."""
    own = select(submissions.c.copy_of).where(submissions.c.id == submission.id)
    if not submission.digest or connection.execute(own).scalar():
        return []  # what a golden case copies would show it to be one
    wanted = (
        select(submissions.c.id)
        .where(
            submissions.c.digest == submission.digest,
            submissions.c.tenant == submission.tenant,
            submissions.c.id != submission.id,
            submissions.c.copy_of.is_(None),
        )
        .order_by(submissions.c.id.desc())
        .limit(count)
    )
    found = list(connection.execute(wanted).scalars())
    return [get(connection, one, submission.tenant) for one in found]
