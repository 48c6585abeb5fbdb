"""Cases that may be decided together: the same bytes, or the same harm found in the same kind of subject by the same rules."""

from collections import defaultdict

import msgspec

from brightline.core.words import Words
from brightline.doors.service.console.colleagues import may_take
from brightline.doors.service.state import State
from brightline.review import cases, submissions
from brightline.review.cases import Case
from brightline.review.people import Person

LOOKED_AT = 200  # cases from the top of the queue: one page of one decision for many
LEAST = 2  # cases make a cluster
RULES_SHOWN = 6


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Cases that look alike.

    Attributes:
        harm: of all of them.
        kind: likewise.
        asked: by the policy.
        rules: that asked for it, each with what it says.
        same_bytes: all of them are the same bytes.
        cases: the most urgent first.
    """

    harm: str
    kind: str
    asked: str
    rules: tuple[tuple[str, Words], ...]
    same_bytes: bool
    cases: tuple[Case, ...]


def clusters_of(state: State, person: Person) -> list[Cluster]:
    """Clusters among the cases that this person may decide now, the largest first."""
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[Case]] = defaultdict(list)
    said: dict[str, Words] = {}
    with state.store.reading() as connection:
        waiting = [
            (case, submissions.get(connection, case.submission, case.tenant).entry)
            for case in cases.queue(connection, person.tenant, count=LOOKED_AT)
            if may_take(case, person)
        ]
    for case, entry in waiting:
        matches = state.house.ledger.decision(entry).matches if entry is not None else ()
        strict = {match.rule: match.message for match in matches if match.action.value == case.asked}
        said |= strict
        groups[case.harm, case.kind, case.asked, tuple(sorted(strict))].append(case)
    found = [
        Cluster(
            harm=harm, kind=kind, asked=asked, rules=tuple((rule, said[rule]) for rule in rules[:RULES_SHOWN]),
            same_bytes=len({case.digest for case in alike}) == 1, cases=tuple(alike),
        )
        for (harm, kind, asked, rules), alike in groups.items()
        if len(alike) >= LEAST
    ]  # fmt: skip
    return sorted(found, key=lambda cluster: -len(cluster.cases))
