"""Appeals, incidents and statements of reasons over HTTP."""

import time

from test_service_api import HIDDEN, _until, case_of, hand_in

from brightline.review.statements import faults_of


def blocked(running, text):
    return hand_in(running.as_("sub"), HIDDEN + text)["id"]


def test_an_author_appeals_by_code_and_another_person_decides(running):
    submission = blocked(running, " appeal 1")
    listed = running.as_("rev").get("/v1/cases?count=200").json()
    case = next(one["id"] for one in listed if one["submission"] == submission)
    reviewer = running.as_("rev")
    reviewer.post(f"/v1/cases/{case}/decide", json={"action": "block"})
    opened = running.as_("sub").post(
        "/v1/appeals", json={"submission": submission, "reason": "it is a watermark"}
    )
    assert opened.status_code == 201, opened.text
    appeal, code = opened.json()["id"], opened.json()["code"]
    grouped = "-".join(code[at : at + 5] for at in range(0, 20, 5)).lower()
    assert running.as_("nobody").get(f"/v1/appeals/status/{grouped}").json()["state"] == "open"
    own = reviewer.post(f"/v1/appeals/{appeal}/decide", json={"outcome": "rejected", "notice": "no"})
    assert own.status_code == 403
    done = running.as_("rev2").post(
        f"/v1/appeals/{appeal}/decide",
        json={"outcome": "upheld", "notice": "You were right, we restored it."},
    )
    assert done.json()["outcome"] == "upheld"
    assert (
        running.as_("nobody").get(f"/v1/appeals/status/{code}").json()["notice"].startswith("You were right")
    )
    entry = _until(
        lambda: reviewer.get(f"/v1/appeals/{appeal}").json()["entry"], lambda found: found is not None
    )
    assert running.state.house.ledger.decision(entry).action.value == "allow"


def test_appeals_are_refused_where_there_is_nothing_to_contest_or_one_is_open(running):
    client = running.as_("sub")
    allowed = hand_in(client, "A quiet note about gardens.")["id"]
    assert client.post("/v1/appeals", json={"submission": allowed, "reason": "x"}).status_code == 409
    held = blocked(running, " appeal 2")
    assert client.post("/v1/appeals", json={"submission": held, "reason": "x"}).status_code == 201
    assert client.post("/v1/appeals", json={"submission": held, "reason": "x"}).status_code == 409
    assert (
        running.as_("other-sub").post("/v1/appeals", json={"submission": held, "reason": "x"}).status_code
        == 404
    )
    assert running.as_("nobody").get("/v1/appeals/status/AAAAA-BBBBB-CCCCC-DDDDD").status_code == 404


def test_an_incidents_clocks_start_when_it_was_found(running):
    admin, found_ms = running.as_("admin"), int(time.time() * 1000) - 3_600_000
    made = admin.post(
        "/v1/incidents",
        json={
            "title": "Cloned voice of the chair",
            "duties": ["cn_other", "eu_serious"],
            "found_ms": found_ms,
        },
    ).json()
    due = {(term["duty"], term["clock"]["id"]): term["due_ms"] - found_ms for term in made["terms"]}
    assert due == {
        ("cn_other", "report"): 4 * 3_600_000,
        ("cn_other", "summary"): 30 * 86_400_000,
        ("eu_serious", "report"): 15 * 86_400_000,
    }
    assert admin.post(f"/v1/incidents/{made['id']}/close").status_code == 409
    for duty, clock in due:
        assert admin.post(f"/v1/incidents/{made['id']}/clocks/{duty}/{clock}").status_code == 200
        assert admin.post(f"/v1/incidents/{made['id']}/clocks/{duty}/{clock}").status_code == 409
    assert admin.post(f"/v1/incidents/{made['id']}/close").json()["state"] == "closed"
    assert running.as_("other-admin").get(f"/v1/incidents/{made['id']}").status_code == 404
    assert admin.post("/v1/incidents", json={"title": "x", "duties": []}).status_code == 422


def test_a_statement_of_reasons_is_one_that_the_database_takes(running):
    submission, seer = blocked(running, " statement"), running.as_("rev")
    told = seer.get(f"/v1/submissions/{submission}/statement?territory=DE&territory=FR").json()
    assert faults_of(told["statement"]) == []
    assert told["statement"]["automated_decision"] == "AUTOMATED_DECISION_FULLY"
    assert told["statement"]["territorial_scope"] == ["DE", "FR"]
    assert "appeal" in told["notice"]
    chinese = seer.get(f"/v1/submissions/{submission}/statement", headers={"accept-language": "zh-CN"}).json()
    assert "申诉" in chinese["notice"]
    broken = dict(told["statement"], puid="a b", automated_detection="maybe")
    assert len(faults_of(broken)) == 2


def test_a_persons_decision_is_stated_as_partly_automated(running):
    case, reviewer = case_of(running, HIDDEN + " stated"), running.as_("rev")
    reviewer.post(f"/v1/cases/{case}/decide", json={"action": "block"})
    closed = _until(lambda: reviewer.get(f"/v1/cases/{case}").json(), lambda told: told["state"] == "closed")
    told = reviewer.get(f"/v1/submissions/{closed['submission']}/statement").json()["statement"]
    assert told["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"
    assert faults_of(told) == []
