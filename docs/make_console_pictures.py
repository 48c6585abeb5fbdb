"""Pictures of the console for the docs: a service of its own over the examples, Debian's Chromium, no network.

    make console-pictures

Each page in some of light and dark, English and 中文, at three widths; written to docs/console/ as PNG of few colours.
"""

import io
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from brightline.doors.service.app import make_app
from brightline.doors.service.serve import open_state
from brightline.review import people
from brightline.review.people import Role
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs/console"
PASSWORD = "correct horse battery"  # noqa: S105 - of an account that lives a minute
COLOURS = 64  # of a picture, so that all of them stay small
SHOWN = (
    "text/hidden-instructions.md", "text/reordered-code.txt", "mail/bank-phishing.eml", "image/drawing-bad-mark.webp",
    "image/coffee-cup-altered.jpg", "chat/grandson-scam.zh.txt", "document/forwarded.zip", "text/river-notes.en.txt",
)  # fmt: skip
LOOKS: dict[str, dict[str, Any]] = {
    "light.en": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "locale": "en-GB"},
    "dark.zh": {"viewport": {"width": 360, "height": 780}, "color_scheme": "dark", "locale": "zh-CN"},
    "dark.en": {"viewport": {"width": 2560, "height": 1440}, "color_scheme": "dark", "locale": "en-GB"},
    "light.zh": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "locale": "zh-CN"},
}
PAGES = ("queue", "overview", "ledger", "ledger/0", "detectors", "policies", "people", "settings")
CASES = {
    "case-picture": "coffee-cup-altered.jpg",
    "case-mail": "bank-phishing.eml",
    "case-chat": "grandson-scam.zh.txt",
}
WIDEST = ("queue", "overview", "case-picture")  # the only ones that are kept of the widest screen


def main() -> None:
    """Make all pictures anew."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), jobs=1, service=ServiceSetting())
        with open_state(settings) as state:
            roles = (Role.LEAD, Role.ADMIN)
            people.add_person(state.store, "house", "ivy", "Ivy Example", roles, PASSWORD)
            token = people.add_token(state.store, "house", "docs", (Role.SUBMITTER, Role.REVIEWER))[1]
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            server = uvicorn.Server(uvicorn.Config(make_app(state), port=port, log_config=None))
            thread = threading.Thread(target=server.run)
            thread.start()
            try:
                _picture_all(f"http://127.0.0.1:{port}", token)
            finally:
                server.should_exit = True
                thread.join()
    total = sum(one.stat().st_size for one in OUT.iterdir())
    print(f"{len(list(OUT.iterdir()))} pictures, {total / 1e6:.2f} MB")


def _picture_all(url: str, token: str) -> None:
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
        cases = _handed_in(client)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for look, options in LOOKS.items():
            _pictures(browser, url, look, options, cases)
        browser.close()


def _handed_in(client: httpx.Client) -> dict[str, str]:
    """Hand the examples in; gives their cases by name."""
    while True:
        try:
            client.get("/healthz")
            break
        except httpx.ConnectError:
            time.sleep(0.1)
    made = []
    for path in SHOWN:
        file = {"file": (path.partition("/")[2], (ROOT / "examples" / path).read_bytes())}
        made.append(client.post("/v1/submissions", files=file).json()["id"])
    for one in made:
        while client.get(f"/v1/submissions/{one}?wait=30").json()["state"] != "done":
            pass
    return {one["name"]: one["id"] for one in client.get("/v1/cases").json()}


def _pictures(browser: Browser, url: str, look: str, options: dict[str, Any], cases: dict[str, str]) -> None:
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(f"{url}/sign-in")
    is_widest = options["viewport"]["width"] > 2000
    if not is_widest:
        _keep(page, f"sign-in.{look}")
    page.fill("#login", "ivy")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav")
    paths = {name.replace("/0", "-entry"): f"/{name}" for name in PAGES}
    paths |= {name: f"/cases/{cases[case]}" for name, case in CASES.items()}
    for name, path in paths.items():
        if not is_widest or name in WIDEST:
            page.goto(url + path)
            if name == "ledger-entry":
                page.locator("[data-verify]").click()
                page.wait_for_selector("#steps li:nth-child(5)")
            _keep(page, f"{name}.{look}")
    context.close()


def _keep(page: Page, name: str) -> None:
    drawn = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(OUT / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
