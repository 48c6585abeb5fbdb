"""One console for all tests of this folder, a few real submissions judged by the real line, and Debian's Chromium."""

import shutil
from collections.abc import Iterator

import pytest
from console_content import submissions
from console_service import Console, opened

from brightline.review.people import Role
from brightline.settings_service import ServiceSetting

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
ROLES = {
    "rev": (Role.REVIEWER,), "rev2": (Role.REVIEWER,), "boss": (Role.LEAD, Role.ADMIN), "aud": (Role.AUDITOR,),
    "sub": (Role.SUBMITTER,), "coded": (Role.REVIEWER,), "coded2": (Role.REVIEWER,),
}  # fmt: skip


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    setting = ServiceSetting(undo_seconds=8, requests_per_minute=100_000)
    with opened(tmp_path_factory.mktemp("console"), setting, ROLES, submissions()) as made:
        yield made


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; .ci/run installs Debian's")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
