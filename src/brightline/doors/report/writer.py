"""Writes the report as judgements come, so that a scan of any length needs no more memory than one of them."""

from collections import Counter
from pathlib import Path

from brightline.core.decision import Action
from brightline.core.harm import Harm
from brightline.doors.answer import is_incomplete
from brightline.doors.report.page import Page, Row, rows_of
from brightline.doors.report.view import item_view
from brightline.doors.words import ACTIONS, NOT_JUDGED
from brightline.line import Judgement
from brightline.policy.harms import harm_words

LISTED = 2_000  # articles on one page; browsers stay quick, and what is beyond is counted
LISTED_ALLOWED = 500  # of which at most these are things that were allowed


class ReportWriter(Page):
    """The page of what was judged."""

    def __init__(self, path: Path, *, language: str) -> None:
        super().__init__(path, language=language)
        self._item = self._templates.get_template("item.html")
        self._actions: Counter[Action] = Counter()
        self._harms: Counter[Harm] = Counter()
        self._unread = self._incomplete = self._listed_allowed = self._left_out = 0

    def add(self, judgement: Judgement) -> None:
        """Take one judgement into the report."""
        if judgement.decision is None or judgement.examination is None:
            self._unread += 1
        else:
            self._actions[judgement.decision.action] += 1
            self._incomplete += is_incomplete(judgement.decision)
            self._harms.update({finding.harm for finding in judgement.examination.findings if finding.harm})
        allowed = judgement.decision is not None and judgement.decision.action is Action.ALLOW
        if self._listed >= LISTED or (allowed and self._listed_allowed >= LISTED_ALLOWED):
            self._left_out += 1
            return
        self._listed_allowed += allowed
        # What could not be judged comes with what is blocked: both want eyes first.
        rank = judgement.decision.action.rank if judgement.decision is not None else Action.BLOCK.rank
        self._list(self._item.render(item=item_view(judgement)), rank=rank, name=judgement.job.name)

    def finish(self, *, checkpoint: str) -> None:
        """Put head, articles (strictest first) and tail together, and move the page to its path.

        Raises:
            OSError: the page cannot be written.
        """
        head = self._head(
            "head.html",
            actions=self._action_rows(),
            harms=self._harm_rows(),
            incomplete=self._incomplete,
            left_out=self._left_out,
        )
        tail = self._tail("tail.html", checkpoint=checkpoint)
        self._put_together(head, tail)

    def _action_rows(self) -> list[Row]:
        counts = [(action.value, ACTIONS[action], self._actions[action]) for action in reversed(Action)]
        if self._unread:
            counts.append(("unread", NOT_JUDGED, self._unread))
        return rows_of(counts)

    def _harm_rows(self) -> list[Row]:
        return rows_of([(harm.value, harm_words(harm), count) for harm, count in self._harms.most_common()])
