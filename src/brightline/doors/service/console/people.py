"""People, tokens of programs, and hooks, for those who may manage them."""

from typing import Annotated

from fastapi import Depends, Path, Request, Response

from brightline.doors.service import api_manage
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.console.layout import Fields, go, pages, render, text
from brightline.doors.service.forms import HookForm, PersonForm, TokenForm
from brightline.review import outbox, people
from brightline.review.people import May, Person, Role

ROUTER = pages()
Manager = Annotated[Person, Depends(needs(May.MANAGE))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@ROUTER.get("/people")
def show(request: Request, person: Manager) -> Response:
    """The page."""
    return _page(request, person)


@ROUTER.post("/people")
def add_person(request: Request, person: Manager, fields: Fields) -> Response:
    """Make an account."""
    form = PersonForm.model_validate(
        {
            "login": text(fields, "login"),
            "shown": text(fields, "shown"),
            "roles": fields.getlist("role"),
            "password": text(fields, "password", people.PASSWORD_MOST + 1),
        }
    )
    api_manage.add_person(request, form, person)
    return go("/people")


@ROUTER.post("/people/{someone}/close")
def close_person(request: Request, someone: SomeId, person: Manager) -> Response:
    """Close an account."""
    api_manage.close_person(request, someone, person)
    return go("/people")


@ROUTER.post("/people/tokens")
def add_token(request: Request, person: Manager, fields: Fields) -> Response:
    """Make a token; the page shows it this once."""
    form = TokenForm.model_validate({"name": text(fields, "name"), "roles": fields.getlist("role")})
    made = api_manage.add_token(request, form, person)
    return _page(request, person, token=made["token"])


@ROUTER.post("/people/tokens/{token}/revoke")
def revoke_token(request: Request, token: SomeId, person: Manager) -> Response:
    """End a token."""
    api_manage.revoke_token(request, token, person)
    return go("/people#tokens")


@ROUTER.post("/people/hooks")
def add_hook(request: Request, person: Manager, fields: Fields) -> Response:
    """Tell an address of events; the page shows the secret this once."""
    form = HookForm.model_validate({"url": text(fields, "url", 2001), "events": fields.getlist("event")})
    made = api_manage.add_hook(request, form, person)
    return _page(request, person, secret=str(made["secret"]))


@ROUTER.post("/people/hooks/{hook}/end")
def end_hook(request: Request, hook: SomeId, person: Manager) -> Response:
    """Tell it nothing more."""
    api_manage.end_hook(request, hook, person)
    return go("/people#hooks")


def _page(request: Request, person: Person, token: str = "", secret: str = "") -> Response:
    with state_of(request).store.reading() as connection:
        accounts = people.list_people(connection, person.tenant)
        tokens = people.list_tokens(connection, person.tenant)
        hooks = outbox.list_hooks(connection, person.tenant)
    return render(
        request, "people.html", person, accounts=accounts, tokens=tokens, hooks=hooks, roles=list(Role),
        events=outbox.EVENTS, token=token, secret=secret, least=people.PASSWORD_LEAST, most=people.PASSWORD_MOST,
    )  # fmt: skip
