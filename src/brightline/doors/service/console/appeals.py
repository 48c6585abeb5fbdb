"""Appeals for reviewers: what is contested, why, and the outcome by somebody who had no part in the decision."""

from typing import Annotated, Literal

from fastapi import Query, Request, Response
from sqlalchemy import Connection

from brightline.core.words import Words
from brightline.doors.service import api_appeals
from brightline.doors.service.access import state_of
from brightline.doors.service.api_appeals import OutcomeForm
from brightline.doors.service.asks import Reviewer, Seer, Skip, SomeId
from brightline.doors.service.console.case_view import case_view
from brightline.doors.service.console.cases import looked_at
from brightline.doors.service.console.colleagues import names_of
from brightline.doors.service.console.layout import Fields, go, pages, render, text
from brightline.review import appeals, cases, submissions
from brightline.review.appeals import REASON_LIMIT, Appeal
from brightline.review.people import May, Person
from brightline.review.store import now_ms
from brightline.review.submissions import Submission

ROUTER = pages()
PAGE = 50
Which = Annotated[Literal["open", "decided"], Query()]
# What an author is told where the reviewer writes nothing.
NOTICES = {
    "upheld": Words(
        "You were right. A person who had no part in the first decision looked again and reversed it.",
        "您的申诉成立。未参与原决定的人员已重新复核，并撤销原决定。",
    ),
    "rejected": Words(
        "A person who had no part in the first decision looked again, and it stands. You may turn to a certified"
        " body for out-of-court dispute settlement, or to a court.",
        "未参与原决定的人员已重新复核，原决定维持不变。您仍可向经认证的庭外争议解决机构申请处理，或向法院提起诉讼。",
    ),
}


@ROUTER.get("/appeals")
def show_all(request: Request, person: Seer, state: Which = "open", skip: Skip = 0) -> Response:
    """The list."""
    with state_of(request).store.reading() as connection:
        found = appeals.listed(connection, person.tenant, state, PAGE + 1, skip)
        about = {one.id: submissions.get(connection, one.submission, person.tenant) for one in found}
        own = {one.id for one in found if person.id in appeals.judges_of(connection, one.submission)}
    return render(
        request, "appeals.html", person, found=found[:PAGE], more=len(found) > PAGE, about=about, own=own,
        which=state, skip=skip, page=PAGE, now=now_ms(),
    )  # fmt: skip


@ROUTER.get("/appeals/{appeal}")
def show(request: Request, appeal: SomeId, person: Seer) -> Response:
    """One appeal, with what it contests."""
    state = state_of(request)
    with state.store.reading() as connection:
        found = appeals.get(connection, appeal, person.tenant)
        about = submissions.get(connection, found.submission, person.tenant)
        case = _case_of(connection, about)
        is_judge = person.id in appeals.judges_of(connection, about.id)
        names = names_of(connection, person.tenant)
    view = case_view(state, about, looked_at(request, person, about))
    return render(
        request, "appeal.html", person, appeal=found, about=about, case=case, view=view, names=names, now=now_ms(),
        is_judge=is_judge, can=_can(found, person) and not is_judge, notices=NOTICES, limit=REASON_LIMIT,
    )  # fmt: skip


@ROUTER.post("/appeals/{appeal}/decide")
def decide(request: Request, appeal: SomeId, person: Reviewer, fields: Fields) -> Response:
    """Decide it; where nothing is written, its author gets our standing notice in both languages."""
    outcome = text(fields, "outcome")
    own, own_zh = (
        text(fields, "notice", REASON_LIMIT).strip(),
        text(fields, "notice_zh", REASON_LIMIT).strip(),
    )
    standing = NOTICES.get(outcome, Words("", ""))
    if not own and not own_zh:
        own, own_zh = standing.en, standing.zh
    form = OutcomeForm.model_validate({"outcome": outcome, "notice": own, "notice_zh": own_zh})
    api_appeals.decide(request, appeal, form, person)
    return go(f"/appeals/{appeal}")


def _can(appeal: Appeal, person: Person) -> bool:
    return appeal.state == "open" and person.may(May.REVIEW)


def _case_of(connection: Connection, about: Submission) -> str:
    return cases.of_submission(connection, about.id, about.tenant)
