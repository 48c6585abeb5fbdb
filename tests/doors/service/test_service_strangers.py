"""Nobody reaches another tenant's things by their ids: every route that takes an id, enumerated from the router.

Each table gets a row of a tenant of its own. Somebody of another tenant who has every role asks for it on every route, with
bodies made from the API's document: the answer is that there is no such thing, and no row has changed.
"""

import re

import httpx
import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from sqlalchemy import LargeBinary, String, Text, insert, select

from brightline.doors.service.access import COOKIE, csrf_of
from brightline.doors.service.app import ROUTERS
from brightline.doors.service.console.app import ROUTERS as PAGES
from brightline.review import people, tables, tables_quality
from brightline.review.people import Role
from brightline.review.store import new_id

OWNER, PASSWORD = "strangers-owner", "correct horse battery"
# Whose row an id in a path names. A new name fails the tests until it stands here.
NAMED = {
    "submission": tables.submissions, "case": tables.cases, "appeal": tables.appeals, "incident": tables.incidents,
    "campaign": tables.campaigns, "complaint": tables.complaints, "someone": tables.people, "token": tables.tokens,
    "hook": tables.hooks, "notice": tables.outbox, "draft": tables_quality.drafts, "shadow": tables_quality.shadows,
    "promotion": tables.promotions, "item": tables_quality.golden, "change": tables_quality.bank_changes,
}  # fmt: skip
# Where a body that the document allows is still refused for its words, one that is not.
BODIES = {"/v1/campaigns/{campaign}/disposals": {"kind": "item", "count": 1, "category": "other"}}
NO_IDS = {"code", "name", "duty", "clock", "form"}  # a secret of its own, and closed sets of words
GONE = {404, 422}  # no such thing; or the body will not do, and then no row was looked for


def routes(routers):
    """Those that take an id."""
    found = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return [route for route in found if {*re.findall(r"\{(\w+)\}", route.path)} - NO_IDS]


def odd_value(column):
    """Something that fits the column and nothing else: who reads it as a row of ours fails loudly."""
    if isinstance(column.type, LargeBinary):
        return b"x"
    if isinstance(column.type, String | Text):
        return new_id()[: column.type.length or 32] if column.unique else "x"
    return 0


def add_row(connection, table, ids):
    """A row of the owner's, and first those that it points to; gives its id."""
    if table.name in ids:
        return ids[table.name]
    values = {}
    for column in table.columns:
        if column.foreign_keys:
            values[column.name] = add_row(connection, next(iter(column.foreign_keys)).column.table, ids)
        elif column.name == "tenant":
            values[column.name] = OWNER
        elif column.name == "id":
            values[column.name] = new_id()
        elif not column.nullable:
            values[column.name] = odd_value(column)
    connection.execute(insert(table).values(**values))
    return ids.setdefault(table.name, values.get("id"))


@pytest.fixture(scope="module")
def strangers(running):
    """The owner's ids, an entry of another tenant's, and a cookie and a token of somebody with every role."""
    store, ids = running.state.store, {}
    with store.writing() as connection:
        for table in NAMED.values():
            add_row(connection, table, ids)
    told = running.as_("sub").post("/v1/submissions?wait=30", json={"text": "A note of one tenant."}).json()
    people.add_person(store, "other", f"stranger-{new_id()[-6:]}", "S", tuple(Role), PASSWORD)
    with store.reading() as connection:
        login = next(one.login for one in people.list_people(connection, "other") if one.shown == "S")
    token = people.add_token(store, "other", "stranger", tuple(Role))[1]
    cookie = people.sign_in(store, login, PASSWORD, "", running.state.setting)[1]
    named = {name: ids[table.name] for name, table in NAMED.items()} | {"index": str(told["entry"])}
    return named, token, cookie


def rows_of(store):
    """All rows of the owner's, as they stand."""
    with store.reading() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).where(table.c.tenant == OWNER))
            ]
            for table in NAMED.values()
            if "tenant" in table.c
        }


def filled(path, named):
    names = {*re.findall(r"\{(\w+)\}", path)} - NO_IDS
    assert names <= named.keys(), f"{path}: say in NAMED what {names - named.keys()} name"
    return {name: named[name] for name in names}


def test_no_route_of_the_api_reaches_what_is_of_another_tenant(running, strangers):
    named, token, _ = strangers
    before = rows_of(running.state.store)
    schema = schemathesis.openapi.from_url(f"{running.url}/v1/openapi.json")
    known = {(one.ok().path, one.ok().method): one.ok() for one in schema.get_all_operations()}
    asked, reached = 0, {}
    for route in routes(ROUTERS):
        for method in sorted(route.methods):
            statuses = _asked(known[route.path, method.lower()], filled(route.path, named), token)
            if not statuses <= GONE or 404 not in statuses:
                reached[f"{method} {route.path}"] = statuses
            asked += 1
    assert reached == {}  # anything but 404, or no body good enough for the row to be looked for
    assert asked > 30
    assert rows_of(running.state.store) == before


def _asked(operation, ids, token):
    statuses = set()

    @settings(
        max_examples=4, deadline=None, suppress_health_check=[*HealthCheck], derandomize=True, database=None
    )
    @given(case=operation.as_strategy())
    def ask(case):
        case.path_parameters = {**(case.path_parameters or {}), **ids}
        case.body = BODIES.get(operation.path, case.body)
        statuses.add(case.call(headers={"authorization": f"Bearer {token}"}).status_code)

    ask()
    return statuses


def test_no_page_reaches_what_is_of_another_tenant(running, strangers):
    named, _, cookie = strangers
    before = rows_of(running.state.store)
    form = {
        "csrf": csrf_of(cookie),
        "action": "block",
        "note": "n",
        "reason": "r",
        "person": "",
        "outcome": "rejected",
    }
    asked = 0
    with httpx.Client(base_url=running.url, headers={"cookie": f"{COOKIE}={cookie}"}, timeout=60) as client:
        for route in routes(PAGES):
            ids = filled(route.path, named)
            path = re.sub(r"\{(\w+)\}", lambda found, ids=ids: ids.get(found[1], "html"), route.path)
            for method in sorted(route.methods):
                answer = client.request(method, path, data=form if method == "POST" else None)
                expected = {404} if method == "GET" else GONE
                assert answer.status_code in expected, (method, path, answer.status_code)
                asked += 1
    assert asked > 15
    assert rows_of(running.state.store) == before
