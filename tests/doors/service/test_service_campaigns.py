"""Campaigns over HTTP: counted by category, tried in shadow, reported as PDF and DOCX."""

import io
import time

import docx
import pypdfium2
import pytest
from test_service_api import HIDDEN, hand_in


@pytest.fixture
def campaign(running):
    now = int(time.time() * 1000)
    body = {
        "title": "清朗 · AI application misuse <2026>", "from_ms": now - 3_600_000, "until_ms": now + 3_600_000,
        "goals": [{"category": "QL26-1.6", "wanted": 5}], "shadow": ["cn/qinglang-2026"],
    }  # fmt: skip
    made = running.as_("admin").post("/v1/campaigns", json=body)
    assert made.status_code == 201, made.text
    return made.json()["id"]


def test_decisions_and_disposals_are_counted_by_category(running, campaign):
    hand_in(running.as_("sub"), HIDDEN + " campaign")
    entry = {"kind": "account", "count": 12, "category": "QL26-1.6", "note": "sold cloned voices"}
    assert running.as_("admin").post(f"/v1/campaigns/{campaign}/disposals", json=entry).status_code == 201
    told = running.as_("rev").get(f"/v1/campaigns/{campaign}/report").json()
    rows = {row["category"]: row for row in told["rows"]}
    assert len(rows) == 15
    assert rows["QL26-1.6"]["disposals"] == {"account": 12}
    assert rows["QL26-1.6"]["wanted"] == 5
    assert told["actions"]["block"] >= 1
    assert sum(sum(day["actions"].values()) for day in told["days"]) == told["examined"] - told[
        "actions"
    ].get("allow", 0)


def test_the_report_is_a_pdf_and_a_docx_in_both_languages(running, campaign):
    for language, word in (("en", "By category"), ("zh", "按类别")):
        headers = {"accept-language": language}
        pdf = running.as_("rev").get(f"/v1/campaigns/{campaign}/report.pdf", headers=headers)
        assert pdf.headers["content-type"] == "application/pdf"
        with pypdfium2.PdfDocument(pdf.content) as document:
            text = "".join(page.get_textpage().get_text_bounded() for page in document)
        assert word in text
        assert "<2026>" in text
        data = running.as_("rev").get(f"/v1/campaigns/{campaign}/report.docx", headers=headers).content
        said = [paragraph.text for paragraph in docx.Document(io.BytesIO(data)).paragraphs]
        assert word in said
        assert any(
            "— " in line or "cosign" in line or "brightline" in line for line in said
        )  # the ledger's head


def test_packs_in_shadow_say_what_they_would_change_and_change_nothing(running, campaign):
    before = running.state.house.ledger.size
    answer = running.as_("rev").get(f"/v1/campaigns/{campaign}/shadow")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["packs"] == ["cn/qinglang-2026"]
    assert told["total"] > 0
    assert told["softer"] == 0
    assert running.state.house.ledger.size == before


def test_an_ended_campaign_takes_no_more_and_others_see_nothing(running, campaign):
    admin = running.as_("admin")
    assert admin.post(f"/v1/campaigns/{campaign}/end").json()["state"] == "ended"
    entry = {"kind": "item", "count": 1, "category": "other"}
    assert admin.post(f"/v1/campaigns/{campaign}/disposals", json=entry).status_code == 409
    for path in ("report", "report.pdf", "shadow"):
        assert running.as_("other-rev").get(f"/v1/campaigns/{campaign}/{path}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"title": "x", "from_ms": 5, "until_ms": 5},
        {"title": "x", "from_ms": 1, "until_ms": 5, "goals": [{"category": "QL99", "wanted": 1}]},
        {"title": "x", "from_ms": 1, "until_ms": 5, "shadow": ["../../etc/passwd"]},
    ],
)
def test_odd_campaigns_are_refused(running, body):
    assert running.as_("admin").post("/v1/campaigns", json=body).status_code == 422
