"""What routes ask of a request: who sends it, which row it names, which page of a list it wants."""

from typing import Annotated, Any

import msgspec
from fastapi import Depends, Path, Query

from brightline.doors.service.access import needs
from brightline.review.people import May, Person
from brightline.review.rows import PAGE_LIMIT

Seer = Annotated[Person, Depends(needs(May.SEE))]
Reader = Annotated[Person, Depends(needs(May.READ))]
Submitter = Annotated[Person, Depends(needs(May.SUBMIT))]
Reviewer = Annotated[Person, Depends(needs(May.REVIEW))]
Lead = Annotated[Person, Depends(needs(May.LEAD))]
Manager = Annotated[Person, Depends(needs(May.MANAGE))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Count = Annotated[int, Query(ge=1, le=PAGE_LIMIT)]
Skip = Annotated[int, Query(ge=0, le=100_000)]


def told(value: msgspec.Struct) -> dict[str, Any]:
    """A noun as callers see it."""
    shown: dict[str, Any] = msgspec.to_builtins(value)
    return shown
