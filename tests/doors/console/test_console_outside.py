"""The pages for those outside and for authorities: appeals by code, complaints, measures, incidents, campaigns, statements."""

import re
import time

import httpx
import pytest
from console_content import HIDDEN

from brightline.review import appeals

SLIP = "AAAAA-AAAAA-AAAAA-AAAAB"  # its check sign is wrong
UNKNOWN = appeals.grouped("A" * appeals.CODE_LENGTH)  # well formed, and given to nobody


def csrf_of(page: httpx.Response) -> str:
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)[1]


def post(client, path, at="/settings", **fields):
    """Send a form of a page, and follow where it leads."""
    answer = client.post(path, data={"csrf": csrf_of(client.get(at)), **fields}, follow_redirects=True)
    assert answer.status_code == 200, answer.text[:600]
    return answer


def deeds_since(console, size):
    return [
        finding.detail("deed")
        for entry in console.state.house.ledger.entries(size)
        for finding in entry.examination.findings
        if finding.claim == "review.done"
    ]


@pytest.fixture
def held(console):
    """A fresh submission that was held, with its case."""
    name = f"contested-{time.monotonic_ns()}.txt"
    console.hand_in([(name, f"See you at {name}.{HIDDEN}".encode())])
    return name, console.case(name)


def code_of(console, case):
    """The code of the notice that a reviewer fetches."""
    page = post(console.signed_in("rev"), f"/cases/{case}/statement")
    return re.search(r'<strong class="mono">([A-Z2-9-]+)</strong>', page.text)[1]


def test_whom_a_decision_concerns_appeals_by_code_alone_and_reads_the_outcome(console, held):
    name, case = held
    post(console.signed_in("rev"), f"/cases/{case}/decide", action="block")
    code = code_of(console, case)
    outside = console.visitor()
    taken = outside.post("/appeal", data={"code": code.lower(), "reason": "it is a watermark of ours"})
    assert "has been taken in" in taken.text
    assert "A person is looking at it" in outside.post("/appeal/status", data={"code": code}).text
    listed = console.signed_in("rev2").get("/appeals").text
    appeal = re.search(rf'href="/appeals/([0-9a-f]{{32}})">{re.escape(name)}', listed)[1]
    judge = console.signed_in("rev")
    assert "You had a part in the decision" in judge.get(f"/appeals/{appeal}").text
    refused = judge.post(
        f"/appeals/{appeal}/decide", data={"csrf": csrf_of(judge.get("/settings")), "outcome": "rejected"}
    )
    assert refused.status_code == 403
    post(console.signed_in("rev2"), f"/appeals/{appeal}/decide", outcome="upheld")
    english = outside.post("/appeal/status", data={"code": code}, headers={"accept-language": "en"}).text
    chinese = outside.post("/appeal/status", data={"code": code}, headers={"accept-language": "zh-CN"}).text
    assert "You were right" in english
    assert "您的申诉成立" in chinese
    assert "撤销原决定" in chinese


def test_a_code_that_is_unknown_is_answered_like_one_that_is_not(console, held):
    code = code_of(console, held[1])
    outside = console.visitor()
    form = {"reason": "please look again"}
    answers = [outside.post("/appeal", data={"code": one, **form}) for one in (UNKNOWN, code, code)]
    assert len({one.text for one in answers}) == 1
    assert {one.status_code for one in answers} == {200}
    before = code_of(console, console.case("note-1.txt"))  # given out, and no appeal made with it
    told = {outside.post("/appeal/status", data={"code": one}).text for one in (UNKNOWN, before)}
    assert len(told) == 1
    slip = outside.post("/appeal", data={"code": SLIP, **form})
    assert slip.status_code == 422
    assert "slip" in slip.text


def test_forms_for_those_outside_are_limited_and_refuse_other_sites(console):
    outside = console.visitor()
    cross = {"sec-fetch-site": "cross-site"}
    for path in ("/appeal", "/appeal/status"):
        assert outside.post(path, data={"code": UNKNOWN, "reason": "x"}, headers=cross).status_code == 403
    answers = [outside.post("/appeal/status", data={"code": UNKNOWN}).status_code for _ in range(45)]
    assert 429 in answers


def test_a_statement_of_reasons_is_shown_valid_in_both_languages(console, held):
    page = console.signed_in("rev").get(f"/cases/{held[1]}/statement").text
    assert "valid by the database" in page
    assert "DECISION_GROUND_" in page
    assert "You may appeal within" in page
    assert "天内申诉" in page


def test_a_complaint_is_answered_and_its_contact_opened_on_record(console, held):
    rev, size = console.signed_in("rev"), console.state.house.ledger.size
    submission = console.ids[held[0]]
    page = post(
        rev, "/complaints", what="intimate", said="my face on another body", place="https://example.com/1",
        contact="ivy@example.com", submission=submission,
    )  # fmt: skip
    complaint = str(page.url).rsplit("/", 1)[1]
    assert "ivy@example.com" not in page.text
    assert re.search(r"in</?.*(1 d|2 d)|data-due", page.text)
    aud = console.signed_in("aud")
    assert (
        aud.post(f"/complaints/{complaint}/contact", data={"csrf": csrf_of(aud.get("/settings"))}).status_code
        == 403
    )
    shown = post(rev, f"/complaints/{complaint}/contact")
    assert "ivy@example.com" in shown.text
    taken = post(
        rev, "/register", kind="item", deed="removed", target="https://example.com/1", count="2",
        harm="impersonation_face", complaint=complaint, submission=submission,
    )  # fmt: skip
    assert "https://example.com/1" in taken.text
    done = post(rev, f"/complaints/{complaint}/answer", outcome="acted", answer="We took it down.")
    assert "We took it down." in done.text
    assert deeds_since(console, size) == [
        "complaint.enter",
        "complaint.contact",
        "measure.enter",
        "complaint.answer",
    ]
    stated = console.program("rev").get(f"/v1/submissions/{submission}/statement").json()["statement"]
    assert stated["source_type"] == "SOURCE_ARTICLE_16"
    again = console.program("rev").post(
        f"/v1/complaints/{complaint}/answer", json={"outcome": "acted", "answer": "x"}
    )
    assert again.status_code == 409
    stranger = console.signed_in("stranger")
    assert stranger.get(f"/complaints/{complaint}").status_code == 404
    assert "https://example.com/1" not in stranger.get("/register").text


def test_an_incident_is_opened_from_a_case_reported_and_closed(console, held):
    boss, submission = console.signed_in("boss"), console.ids[held[0]]
    assert f'value="{submission}"' in boss.get(f"/incidents?submission={submission}").text
    page = post(
        boss, "/incidents", title="Cloned voice of the chair", note="Seen by the press office.", duty=["cn_other", "us_ncii"],
        found="2026-01-02T03:04", submissions=submission,
    )  # fmt: skip
    incident = str(page.url).rsplit("/", 1)[1]
    assert page.text.count("data-due") == 3
    assert "late by" in page.text
    assert "2026-01-02 03:04:00" in page.text
    for duty, clock in (("cn_other", "report"), ("cn_other", "summary"), ("us_ncii", "removal")):
        page = post(
            boss, f"/incidents/{incident}/clocks/{duty}/{clock}", authority="Provincial CAC", reference="2026-17",
            said="What happened.",
        )  # fmt: skip
    assert page.text.count("Provincial CAC") == 3
    for form, start in (("pdf", b"%PDF"), ("docx", b"PK"), ("html", b"<!doctype")):
        assert boss.get(f"/v1/incidents/{incident}/report.{form}").content.startswith(start)
    assert "closed" in post(boss, f"/incidents/{incident}/close").text
    assert console.signed_in("stranger").get(f"/incidents/{incident}").status_code == 404
    odd = boss.post(
        "/incidents",
        data={"csrf": csrf_of(boss.get("/settings")), "title": "x", "duty": "eu_death", "found": "then"},
    )
    assert odd.status_code == 422


def test_measures_count_in_the_campaign_of_their_time_and_restored_ones_do_not(console):
    boss = console.signed_in("boss")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    page = post(
        boss, "/campaigns", title="Clear <Spring>", about="Two weeks.", first=today, last=today, shadow=["cn/qinglang-2026"],
        rules=["house/default"], **{"goal.QL26-2.3": "4"},
    )  # fmt: skip
    campaign = str(page.url).rsplit("/", 1)[1]
    assert "Clear &lt;Spring&gt;" in page.text
    before = console.program("rev").get(f"/v1/campaigns/{campaign}/report").json()["rows"]
    for deed in ("suspended", "restored"):
        post(
            boss, "/register", kind="account", deed=deed, target="@fake", count="3", harm="impersonation_face"
        )
    post(
        boss, f"/campaigns/{campaign}/disposals", kind="product", count="7", category="QL26-2.3", note="apps"
    )
    rows = console.program("rev").get(f"/v1/campaigns/{campaign}/report").json()["rows"]
    old, new = ({row["category"]: row["disposals"] for row in told} for told in (before, rows))
    assert new["QL26-2.3"]["account"] - old["QL26-2.3"].get("account", 0) == 3
    assert new["QL26-2.3"]["product"] == 7
    shown = boss.get(f"/campaigns/{campaign}?shadow=true").text
    assert "decisions," in shown
    html = boss.get(f"/v1/campaigns/{campaign}/report.html").text
    assert "Clear &lt;Spring&gt;" in html
    assert "ended" in post(boss, f"/campaigns/{campaign}/end").text


def test_cases_that_look_alike_are_decided_together_by_leads(console):
    names = [f"alike-{time.monotonic_ns()}-{number}.txt" for number in range(3)]
    console.hand_in([(name, f"Number {name}.{HIDDEN}".encode()) for name in names])
    boss = console.signed_in("boss")
    page = boss.get("/queue/clusters").text
    section = next(part for part in page.split("<section") if names[0] in part)
    chosen = [console.case(name) for name in names]
    assert all(f'value="{case}"' in section for case in chosen)
    preview = post(boss, "/queue/bulk", case=chosen, action="block")
    assert preview.text.count("✓") == 3
    assert console.signed_in("rev").get("/queue/clusters").status_code == 403
