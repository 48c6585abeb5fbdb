"""`/v1`: people, tokens, hooks, statistics, the ledger's head and proofs."""

import base64
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse

from brightline.core.errors import NotThereError
from brightline.doors.service import record
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.forms import HookForm, PersonForm, TokenForm
from brightline.examine.catalogue import catalogue
from brightline.review import cases, outbox, people, statistics
from brightline.review.people import May, Person, Role

ROUTER = APIRouter(prefix="/v1", tags=["management"])
Manager = Annotated[Person, Depends(needs(May.MANAGE))]
Seer = Annotated[Person, Depends(needs(May.SEE))]
Anybody = Annotated[Person, Depends(needs(None))]
Auditor = Annotated[Person, Depends(needs(May.AUDIT))]
Index = Annotated[int, Path(ge=0, le=2**62)]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@ROUTER.get("/me")
def me(person: Anybody) -> dict[str, Any]:
    """Who you are, and what you may do."""
    may = [deed.value for deed in May if person.may(deed)]
    return {
        "id": person.id,
        "tenant": person.tenant,
        "login": person.login,
        "roles": list(person.roles),
        "may": may,
    }


@ROUTER.get("/people")
def list_people(request: Request, person: Manager) -> list[dict[str, Any]]:
    """Accounts of your tenant."""
    with state_of(request).store.reading() as connection:
        found: list[dict[str, Any]] = msgspec.to_builtins(people.list_people(connection, person.tenant))
    return found


@ROUTER.post("/people", status_code=HTTPStatus.CREATED)
def add_person(request: Request, form: PersonForm, person: Manager) -> dict[str, Any]:
    """Make an account."""
    state = state_of(request)
    roles = tuple(Role(role) for role in form.roles)
    made = people.add_person(state.store, person.tenant, form.login, form.shown, roles, form.password)
    record.done(state, person, "person.add", None, {"of": made.id, "roles": ",".join(roles)})
    told: dict[str, Any] = msgspec.to_builtins(made)
    return told


@ROUTER.post("/people/{someone}/close", status_code=HTTPStatus.NO_CONTENT)
def close_person(request: Request, someone: SomeId, person: Manager) -> None:
    """Close an account; its sessions end at once."""
    state = state_of(request)
    with state.store.writing() as connection:
        people.switch(connection, someone, person.tenant, on=False)
    record.done(state, person, "person.close", None, {"of": someone})


@ROUTER.get("/tokens")
def list_tokens(request: Request, person: Manager) -> list[dict[str, Any]]:
    """Tokens of your tenant, without themselves."""
    with state_of(request).store.reading() as connection:
        return people.list_tokens(connection, person.tenant)


@ROUTER.post("/tokens", status_code=HTTPStatus.CREATED)
def add_token(request: Request, form: TokenForm, person: Manager) -> dict[str, str]:
    """Make a token for a program; it is shown this once."""
    state = state_of(request)
    roles = tuple(Role(role) for role in form.roles)
    made, token = people.add_token(state.store, person.tenant, form.name, roles)
    record.done(state, person, "token.add", None, {"of": made, "roles": ",".join(roles)})
    return {"id": made, "token": token}


@ROUTER.post("/tokens/{token}/revoke", status_code=HTTPStatus.NO_CONTENT)
def revoke_token(request: Request, token: SomeId, person: Manager) -> None:
    """End a token."""
    state = state_of(request)
    with state.store.writing() as connection:
        people.revoke_token(connection, token, person.tenant)
    record.done(state, person, "token.revoke", None, {"of": token})


@ROUTER.get("/hooks")
def list_hooks(request: Request, person: Manager) -> list[dict[str, Any]]:
    """Who is told of what."""
    with state_of(request).store.reading() as connection:
        found: list[dict[str, Any]] = msgspec.to_builtins(outbox.list_hooks(connection, person.tenant))
    return found


@ROUTER.post("/hooks", status_code=HTTPStatus.CREATED)
def add_hook(request: Request, form: HookForm, person: Manager) -> dict[str, Any]:
    """Tell an address of events; the secret that signs notices is shown this once."""
    made, secret = outbox.add_hook(state_of(request).store, person.tenant, form.url, tuple(form.events))
    return {**msgspec.to_builtins(made), "secret": secret}


@ROUTER.post("/hooks/{hook}/end", status_code=HTTPStatus.NO_CONTENT)
def end_hook(request: Request, hook: SomeId, person: Manager) -> None:
    """Tell it nothing more."""
    with state_of(request).store.writing() as connection:
        outbox.end_hook(connection, hook, person.tenant)


@ROUTER.post("/notices/{notice}/replay", status_code=HTTPStatus.NO_CONTENT)
def replay_notice(request: Request, notice: SomeId, person: Manager) -> None:
    """Deliver a notice again."""
    with state_of(request).store.writing() as connection:
        outbox.replay(connection, person.tenant, notice)


@ROUTER.get("/statistics")
def get_statistics(
    request: Request, person: Seer, days: Annotated[int, Query(ge=1, le=366)] = 30
) -> dict[str, Any]:
    """Volumes, actions, harms, latency and the queue, of the last days."""
    with state_of(request).store.reading() as connection:
        told: dict[str, Any] = msgspec.to_builtins(statistics.overview(connection, person.tenant, days))
        return told | {"cases": cases.counts(connection, person.tenant)}


@ROUTER.get("/detectors", dependencies=[Depends(needs(May.SEE))])
def list_detectors() -> list[dict[str, Any]]:
    """The detectors in the catalogue."""
    return [{"name": entry.name, "module": entry.module} for entry in catalogue()]


@ROUTER.get("/ledger/checkpoint", response_class=PlainTextResponse, dependencies=[Depends(needs(None))])
def checkpoint(request: Request) -> str:
    """The newest signed head."""
    return state_of(request).house.ledger.checkpoint()


@ROUTER.get("/ledger/key", response_class=PlainTextResponse, dependencies=[Depends(needs(None))])
def ledger_key(request: Request) -> str:
    """The public key that verifies checkpoints, in Go's `note` format."""
    return state_of(request).house.ledger.vkey


@ROUTER.get("/ledger/entries/{index}")
def ledger_entry(request: Request, index: Index, person: Auditor) -> dict[str, Any]:
    """One entry of your tenant, checked against its leaf hash."""
    check_own(request, index, person)
    told: dict[str, Any] = msgspec.to_builtins(
        state_of(request).house.ledger.entry(index), enc_hook=lambda value: base64.b64encode(value).decode()
    )
    return told


@ROUTER.get("/ledger/entries/{index}/proof", response_class=PlainTextResponse)
def ledger_proof(request: Request, index: Index, person: Auditor) -> Response:
    """A C2SP `.tlog-proof` of one entry of your tenant."""
    check_own(request, index, person)
    return PlainTextResponse(state_of(request).house.ledger.prove(index))


def check_own(request: Request, index: int, person: Person) -> None:
    """See that an entry is of the person's tenant; another's is as if it were not there.

    Raises:
        NotThereError: it is another's, or there is none.
    """
    ledger = state_of(request).house.ledger
    if index >= ledger.size:
        raise NotThereError(f"no entry {index}")
    decision = ledger.decision(index)
    if ledger.examination(decision.examination).context.tenant != person.tenant:
        raise NotThereError(f"no entry {index}")
