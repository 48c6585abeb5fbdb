"""The console over HTTP: who may see which page, where sign-in leads, CSRF, what is given out of content, what is kept."""

import re

import httpx
import pytest
from console_content import EVIL, OWN, PASSWORD

from brightline.doors.service.console.layout import PLACES


def csrf_of(page: httpx.Response) -> str:
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)[1]


@pytest.mark.parametrize("path", [place.path for place in PLACES])
def test_a_stranger_signs_in_first_and_comes_back(console, path):
    answer = console.visitor().get(f"{path}?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next={path}%3Fx%3D1"


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/overview?days=7", "/overview?days=7"), ("//evil.example/", "/"), ("https://evil.example/", "/"),
        ("/\\evil.example", "/"), ("/\tx", "/"), ("queue", "/"),
    ],
)  # fmt: skip
def test_signing_in_leads_to_pages_of_ours_alone(console, asked, led):
    answer = console.visitor().post("/sign-in", data={"login": "rev", "password": PASSWORD, "next": asked})
    assert (answer.status_code, answer.headers["location"]) == (303, led)


def test_the_cookie_is_guarded_and_new_at_each_sign_in(console):
    client, form = console.visitor(), {"login": "rev", "password": PASSWORD}
    first = client.post("/sign-in", data=form)
    told = first.headers["set-cookie"].lower()
    assert told.startswith("brightline=")
    assert "httponly" in told
    assert "samesite=strict" in told
    before = client.cookies["brightline"]
    client.post("/sign-in", data=form)
    assert client.cookies["brightline"] != before
    old = httpx.get(f"{console.url}/v1/me", headers={"cookie": f"brightline={before}"})
    assert old.status_code == 401  # a session that was fixed on somebody ends when that person signs in


def test_a_wrong_password_is_told_without_saying_which_part_was_wrong(console):
    told = [
        console.visitor().post("/sign-in", data={"login": login, "password": "wrong wrong wrong"})
        for login in ("rev2", "nobody-of-that-name")
    ]
    assert {one.status_code for one in told} == {403}
    assert len({re.search(r'role="alert"[^>]*>([^<]+)', one.text)[1] for one in told}) == 1


def test_each_person_sees_the_pages_that_the_roles_allow(console):
    for who in ("sub", "rev", "aud", "boss"):
        client = console.signed_in(who)
        person = console.program(who).get("/v1/me").json()
        home = client.get("/", follow_redirects=True).text
        for place in PLACES:
            allowed = place.deed is None or place.deed.value in person["may"]
            answer = client.get(place.path)
            assert answer.status_code == (200 if allowed else 403), (who, place.path)
            assert (f'href="{place.path}"' in home) == allowed


def test_a_form_without_its_token_changes_nothing(console):
    client, case = console.signed_in("rev"), console.case("note-0.txt")
    for path in ("decide", "undo", "escalate", "comment", "next"):
        answer = client.post(f"/cases/{case}/{path}", data={"action": "allow", "note": "x", "csrf": "0" * 48})
        assert answer.status_code == 403, path
    assert console.program("rev").get(f"/v1/cases/{case}").json()["state"] == "open"
    assert client.post("/sign-out").status_code == 403


def test_a_page_of_another_site_signs_nobody_in(console):
    answer = console.visitor().post(
        "/sign-in", data={"login": "rev", "password": PASSWORD}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_form_that_is_too_long_is_refused_before_it_is_read(console):
    answer = console.visitor().post("/sign-in", data={"login": "x" * 300_000})
    assert answer.status_code == 413


def test_a_case_of_another_tenant_is_not_there(console):
    client, case = console.signed_in("stranger"), console.case("message.eml")
    assert client.get(f"/cases/{case}").status_code == 404
    assert client.get(f"/cases/{case}/media").status_code == 404
    token = csrf_of(client.get("/queue"))
    answer = client.post(f"/cases/{case}/decide", data={"action": "allow", "csrf": token})
    assert answer.status_code == 404
    preview = client.post("/queue/bulk", data={"case": [case], "action": "block", "csrf": token})
    assert "message.eml" not in preview.text
    assert 'href="/ledger/' not in client.get("/ledger").text
    assert client.get("/ledger/0").status_code == 404
    assert client.get("/ledger/0/proof").status_code == 404


def test_content_is_shown_only_to_who_may_read_it_and_on_record(console):
    case = console.case("hidden-instructions.md")
    words = (
        console.program("rev")
        .get(f"/v1/submissions/{console.ids['hidden-instructions.md']}/content")
        .text.split()[1]
    )
    size = console.state.house.ledger.size

    def deeds() -> list[str]:
        """What people did since; the service may have recorded a decision of its own in between."""
        entries = console.state.house.ledger.entries(size)
        said = [finding.detail("deed") for one in entries for finding in one.examination.findings]
        return [deed for deed in said if deed]

    shown = console.signed_in("aud").get(f"/cases/{case}")
    assert shown.status_code == 200
    assert '<pre class="words"' not in shown.text
    assert deeds() == []
    reviewer = console.signed_in("rev2")
    for _ in range(2):
        assert words in reviewer.get(f"/cases/{case}").text
    assert deeds() == ["content.read"]  # looked at twice within a quarter of an hour: one reading


def test_only_media_is_given_out_as_itself_by_the_kind_found_in_the_bytes(console):
    reader = console.signed_in("rev")
    whole = reader.get(f"/cases/{console.case('coffee-cup-altered.jpg')}/media")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "image/jpeg")
    assert "sandbox" in whole.headers["content-security-policy"]
    assert whole.headers["x-content-type-options"] == "nosniff"
    piece = reader.get(
        f"/cases/{console.case('coffee-cup-altered.jpg')}/media", headers={"range": "bytes=10-19"}
    )
    assert (piece.status_code, piece.content) == (206, whole.content[10:20])
    assert piece.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    beyond = reader.get(
        f"/cases/{console.case('coffee-cup-altered.jpg')}/media", headers={"range": "bytes=99999999-"}
    )
    assert beyond.status_code == 416
    for name in ("drawing.svg", "page.html", "message.eml", "page.jpg", "forwarded.zip"):
        assert reader.get(f"/cases/{console.case(name)}/media").status_code == 415, name


def test_hostile_names_and_contents_are_escaped_on_every_page(console):
    boss = console.signed_in("boss")
    for name in ("drawing.svg", "page.html", "message.eml", f"{EVIL}.txt"):
        page = boss.get(f"/cases/{console.case(name)}").text
        for tag in ("<script>", "<svg onload", "<img src=x", 'href="javascript:'):
            assert tag not in page, (name, tag)
    assert "<script>" not in boss.get("/queue").text
    assert OWN in page.replace("&#39;", "'")  # it is shown, as words


def test_pages_carry_no_inline_script_or_style_and_nothing_from_elsewhere(console):
    boss = console.signed_in("boss")
    paths = [place.path for place in PLACES] + [
        f"/cases/{console.case('coffee-cup-altered.jpg')}",
        "/ledger/0",
    ]
    for path in paths:
        answer = boss.get(path)
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"", answer.text), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text), path


def test_a_lead_decides_several_after_a_preview(console):
    boss = console.signed_in("boss")
    chosen = [console.case(f"note-{number}.txt") for number in (4, 5)]
    form = {
        "case": chosen,
        "action": "block",
        "reason": "prompt_injection",
        "csrf": csrf_of(boss.get("/queue")),
    }
    preview = boss.post("/queue/bulk", data=form)
    assert preview.text.count("✓") == 2
    assert {console.program("rev").get(f"/v1/cases/{one}").json()["state"] for one in chosen} == {"open"}
    boss.post("/queue/bulk", data=form | {"confirmed": "yes"})
    states = {console.program("rev").get(f"/v1/cases/{one}").json()["state"] for one in chosen}
    assert states <= {"decided", "closed"}
    reviewer = console.signed_in("rev")
    refused = reviewer.post("/queue/bulk", data=form | {"csrf": csrf_of(reviewer.get("/queue"))})
    assert refused.status_code == 403


def test_languages_looks_and_own_settings_are_kept(console):
    client = console.signed_in("aud")
    english = client.get("/settings")
    answer = client.post(
        "/settings",
        data={"csrf": csrf_of(english), "language": "zh", "theme": "dark", "grey": "on", "shortcuts": "on"},
    )
    assert answer.status_code == 303
    chinese = client.get("/settings").text
    assert 'lang="zh-CN"' in chinese
    assert 'data-theme="dark"' in chinese
    assert "身心保护" in chinese
    again = console.signed_in("aud")
    assert again.cookies["language"] == "zh"
    assert not re.search(r'name="blur" value="on" checked', again.get("/settings").text)


def qr_of(page):
    """What an independent reader reads in the page's QR code."""
    import base64
    import io

    import zxingcpp
    from PIL import Image

    data = base64.b64decode(re.search(r'src="data:image/png;base64,([^"]+)"', page)[1])
    with Image.open(io.BytesIO(data)) as picture:
        return zxingcpp.read_barcodes(picture.convert("L"))[0].text


def test_one_time_codes_are_set_up_with_their_first_code(console):
    import pyotp

    client = console.signed_in("coded")
    told = client.post("/settings/second", data={"csrf": csrf_of(client.get("/settings"))})
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', told.text)[1]
    assert f"otpauth://totp/Brightline:coded?secret={secret}" in told.text
    assert qr_of(told.text).startswith(f"otpauth://totp/Brightline:coded?secret={secret}")
    wrong = {"csrf": csrf_of(told), "secret": secret, "code": "000000"}
    assert client.post("/settings/second/confirm", data=wrong).status_code == 422
    right = wrong | {"code": pyotp.TOTP(secret).now()}
    assert client.post("/settings/second/confirm", data=right).status_code == 303
    refused = console.visitor().post("/sign-in", data={"login": "coded", "password": PASSWORD})
    assert refused.status_code == 403


def test_accounts_tokens_and_hooks_are_made_and_ended(console):
    boss = console.signed_in("boss")
    csrf = csrf_of(boss.get("/people"))
    account = {"csrf": csrf, "login": "ada", "role": ["reviewer"], "password": "a long enough password"}
    assert boss.post("/people", data=account).status_code == 303
    assert boss.post("/people", data=account).status_code == 409
    token = boss.post("/people/tokens", data={"csrf": csrf, "name": "crawler", "role": ["submitter"]})
    assert "bls_" in token.text
    assert "bls_" not in boss.get("/people").text
    hook = boss.post("/people/hooks", data={"csrf": csrf, "url": "https://example.com/hook"})
    assert "whsec_" in hook.text
    page = boss.get("/people").text
    for path in (
        *re.findall(r'action="(/people/hooks/\w+/end)"', page),
        re.findall(r'action="(/people/\w{32}/close)"', page)[0],
    ):
        assert boss.post(path, data={"csrf": csrf}).status_code == 303


def test_a_first_run_says_how_to_make_the_first_account(tmp_path):
    import contextlib

    from fastapi.testclient import TestClient

    from brightline.doors.service.app import make_app
    from brightline.doors.service.serve import open_state
    from brightline.settings import Settings
    from brightline.settings_service import ServiceSetting

    settings = Settings(
        home=tmp_path, jobs=1, service=ServiceSetting(public_url="https://review.example.com")
    )
    with open_state(settings) as state, contextlib.closing(TestClient(make_app(state))) as client:
        page = client.get("/sign-in", headers={"accept": "text/html"})
        assert "brightline people add" in page.text
        answer = client.post("/look", data={"language": "zh", "next": "/sign-in"}, follow_redirects=False)
        assert "secure" in answer.headers["set-cookie"].lower()
