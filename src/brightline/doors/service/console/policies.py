"""The policy in force, to read: its packs, and each rule with what it asks for, when, and on what ground of law."""

from typing import Annotated

import msgspec
from fastapi import Depends, Request, Response

from brightline.doors.service.access import needs, state_of
from brightline.doors.service.console.layout import pages, render
from brightline.policy.decide import Policy
from brightline.policy.pack import Pack, Rule
from brightline.review.people import May, Person

ROUTER = pages()
Seer = Annotated[Person, Depends(needs(May.SEE))]


class PackShown(msgspec.Struct, frozen=True):
    """A pack and its rules as they are in force, overlays laid on."""

    pack: Pack
    rules: tuple[Rule, ...]


@ROUTER.get("/policies")
def show(request: Request, person: Seer) -> Response:
    """The page."""
    state = state_of(request)
    shown = [*_packs(state.house.policy), *_packs(state.review_policy)]
    return render(request, "policies.html", person, packs=shown, digest=state.house.policy.digest)


def _packs(policy: Policy) -> list[PackShown]:
    rules = [one.active for one in policy.rules]
    return [
        PackShown(pack, tuple(one.rule for one in rules if one.name.startswith(f"{pack.id}#")))
        for pack in policy.packs
    ]
