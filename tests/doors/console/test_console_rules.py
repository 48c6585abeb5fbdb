"""Policies, detectors, quality, banks and evidence in the console: by form, by two people, and accessible in a browser."""

import re

import pytest
from console_content import PASSWORD, SVG

from brightline.review import people
from brightline.review.people import Role

NOTE = "a version with a <b>bold</b> name"


def csrf_of(page):
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)[1]


@pytest.fixture(scope="module")
def author(console):
    people.add_person(console.state.store, "house", "writer", "Writer", (Role.AUTHOR,), PASSWORD)
    return console.signed_in("writer")


@pytest.fixture(scope="module")
def draft(author):
    """The address of a draft's page."""
    page = author.get("/policies/new?from=shipped:us/ca-sb942")
    source = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.DOTALL)[1]
    assert "pack: us/ca-sb942" in source
    form = {"csrf": csrf_of(page), "source": OWN, "note": NOTE}
    answer = author.post("/policies/drafts", data=form)
    assert answer.status_code == 303
    return answer.headers["location"]


OWN = """pack: house/console
version: 1
title: {en: Ours, zh: 本单位}
jurisdiction: HOUSE
about: {en: For a test., zh: 测试。}
rules:
  - id: named
    when: subject.name == 'never-handed-in.txt'
    action: label
    severity: low
    grounds: [{law: House rules, article: names, standing: house, as_of: 2026-11-23}]
    message: {en: A name., zh: 名称。}
    cases:
      - {name: it, subject: {kind: text, name: never-handed-in.txt}, expect: {matches: true, action: label}}
      - {name: other, subject: {kind: text, name: a.txt}, expect: {matches: false, action: allow}}
"""


def test_rules_are_shown_with_their_articles_and_worked_cases(console):
    page = console.signed_in("boss").get("/policies").text
    assert "Worked cases" in page
    assert "tag characters spell an order to an assistant" in page
    assert "Cybersecurity Law" in page or "House rules" in page


def test_a_draft_shows_what_it_changes_and_what_it_would_have_done(console, author, draft):
    page = author.get(f"{draft}?past=500")
    assert page.status_code == 200
    assert "its worked cases pass" in page.text
    assert "&lt;b&gt;bold&lt;/b&gt;" in page.text
    assert "Beside what people decided" in page.text
    assert (
        author.get(f"/policies/difference?one=force:cn/labelling&two={draft.split('/')[-1]}").status_code
        == 200
    )
    assert author.get("/policies/difference?one=force:none/none&two=x").status_code == 404
    reader = console.signed_in("aud")
    assert reader.get(draft).status_code == 200
    assert "/propose" not in reader.get(draft).text
    assert "/propose" in author.get(draft).text
    assert reader.get("/policies/new").status_code == 403


def test_a_policy_comes_into_force_by_two_people_at_their_pages(console, author, draft):
    token = csrf_of(author.get(draft))
    assert (
        author.post(f"{draft}/shadow", data={"csrf": token}).headers["location"] == "/policies/work#shadows"
    )
    shadow = re.search(r'href="(/policies/shadows/\w{32})"', author.get("/policies/work").text)[1]
    assert author.get(shadow).status_code == 200
    assert author.post(f"{draft}/propose", data={"csrf": token, "reason": ""}).status_code == 422
    assert author.post(f"{draft}/propose", data={"csrf": token, "reason": "for a test"}).status_code == 303
    own = author.get("/policies").text
    assert "another person agrees" in own
    boss = console.signed_in("boss")
    page = boss.get("/policies")
    agree = re.search(r'action="(/policies/promotions/\w{32}/agree)"', page.text)[1]
    assert agree not in own
    assert boss.post(agree, data={"csrf": "0" * 48}).status_code == 403
    assert boss.post(agree, data={"csrf": csrf_of(page)}).status_code == 303
    assert "house/console" in boss.get("/policies").text
    assert "in force" in boss.get("/policies/work").text
    own = author.post("/policies/own/propose", data={"csrf": token, "reason": "back"})
    assert own.status_code == 303
    page = boss.get("/policies")
    again = re.search(r'action="(/policies/promotions/\w{32}/agree)"', page.text)[1]
    assert boss.post(again, data={"csrf": csrf_of(page)}).status_code == 303
    assert console.state.house.force.of("house").digest == console.state.house.policy.digest
    assert author.post(f"{shadow}/end", data={"csrf": token}).status_code == 303


def test_a_detector_says_honestly_that_answers_are_few(console):
    client = console.signed_in("boss")
    page = client.get("/detectors/message.fraud").text
    assert "Too few decisions to say" in page or "nothing can be said of it in use" in page
    assert client.get("/detectors/no.such").status_code == 404


def test_evidence_is_offered_with_content_only_to_who_may_read_it(console):
    case = console.case("drawing.svg")
    reviewer, auditor = console.signed_in("rev2"), console.signed_in("aud")
    assert "content=true" in reviewer.get(f"/cases/{case}/evidence").text
    assert "content=true" not in auditor.get(f"/cases/{case}/evidence").text
    bundle = reviewer.get(f"/v1/cases/{case}/evidence?content=true")
    assert SVG.encode() in bundle.content
    assert bundle.headers["content-disposition"].startswith("attachment")
    assert auditor.get("/ledger/1/evidence").status_code == 200
    assert console.signed_in("stranger").get(f"/cases/{case}/evidence").status_code == 404


def test_quality_is_for_leads_and_golden_items_are_made_there(console):
    assert console.signed_in("rev").get("/quality").status_code == 403
    boss = console.signed_in("boss")
    page = boss.get("/quality")
    assert "too few to say" in page.text
    bad = {"csrf": csrf_of(page), "case": console.case("drawing.svg"), "answer": "block", "note": "plain"}
    assert boss.post("/quality/golden", data=bad).status_code in {409, 303}
    assert boss.post("/quality/golden", data=bad | {"answer": "perhaps"}).status_code == 422


def test_a_file_is_looked_up_only_with_the_forms_token_and_within_bounds(console):
    reviewer = console.signed_in("rev2")
    token = csrf_of(reviewer.get("/queue"))
    files = {"file": ("a.txt", b"tea at noon")}
    assert reviewer.post("/banks/look", files=files).status_code == 403
    assert reviewer.post("/banks/look", files=files, data={"csrf": "0" * 48}).status_code == 403
    assert "0 found" in reviewer.post("/banks/look", files=files, data={"csrf": token}).text or (
        "No bank is loaded" in reviewer.get("/banks").text
    )
    large = {"file": ("a.bin", b"0" * (33 * 1024 * 1024))}
    assert reviewer.post("/banks/look", files=large, data={"csrf": token}).status_code == 413


@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "theme", "language"), [(360, "dark", "zh"), (1280, "light", "en"), (3840, "dark", "en")]
)
def test_pages_behind_the_places_are_accessible_and_fit(
    console, chromium, author, draft, width, theme, language
):
    from axe_playwright_python.sync_playwright import Axe

    people_of = {"writer": [f"{draft}?past=500", "/policies/work", "/policies/new"], "boss": [
        "/policies", "/detectors/message.fraud", "/quality", "/banks", f"/cases/{console.case('drawing.svg')}/evidence",
        f"/banks/add?case={console.case('drawing.svg')}",
    ]}  # fmt: skip
    found = []
    for who, paths in people_of.items():
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            locale="zh-CN" if language == "zh" else "en-GB",
        )
        page, said = context.new_page(), []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.goto(f"{console.url}/sign-in")
        page.fill("input[name=login]", who)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_selector("nav")
        for path in paths:
            page.goto(console.url + path)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
            assert page.locator("html").get_attribute("data-language") == language
            found += [
                (path, rule["id"], rule["nodes"][0]["html"][:200])
                for rule in Axe().run(page).response["violations"]
                if rule["impact"] in {"serious", "critical"}
            ]
        assert said == []
        context.close()
    assert found == []


@pytest.mark.browser
def test_a_draft_is_written_and_proposed_by_keyboard_alone(console, chromium, author):
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    page.goto(f"{console.url}/")
    page.wait_for_selector("input:focus")
    page.keyboard.type("writer")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav")
    page.keyboard.press("g")
    with page.expect_navigation():
        page.keyboard.press("p")
    with page.expect_navigation():
        page.keyboard.press("w")
    page.locator("#note").focus()
    page.keyboard.type("by keyboard")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "its worked cases pass" in page.locator("main").inner_text()
    with page.expect_navigation():
        page.keyboard.press("t")
    assert "decisions" in page.locator("#past").inner_text()
    context.close()
