"""The report opened from disk, in a browser, without a server and without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.browser.sample import HOSTILE, RETRYING, sample_report

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT_MS = 10_000

RETRY_FINDINGS, RETRY_SCENARIOS = "#findings-RETRY003-1", "#scenarios-RETRY003-1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with the sample report."""
    folder = tmp_path_factory.mktemp("site")
    report = folder / "report.json"
    report.write_text(json.dumps(sample_report()), encoding="utf-8")
    environment = {**os.environ, "LOGCONFORM_REPORT": str(report), "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder / "site")]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
    return folder / "site"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Chromium with a profile of its own."""
    if CHROMIUM is None:
        missing = "no chromium on the PATH; on Debian: apt install chromium"
        if "chromium" in os.environ.get("LOGCONFORM_REQUIRE", "").split(","):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=CHROMIUM,
            headless=True,
            args=FLAGS,
            viewport={"width": 1280, "height": 900},
        )
        context.set_default_timeout(TIMEOUT_MS)
        yield context
        context.close()


@pytest.fixture
def page(browser: BrowserContext, site: Path) -> Iterator[Page]:
    """The report's page. Whatever a test does on it, nothing is fetched from a host, and no script fails."""
    page = browser.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else faults.append(request.url)
    )
    page.goto((site / "report" / "index.html").as_uri())
    yield page
    page.close()
    assert faults == []


def test_the_verdict_is_the_first_thing_to_see(page: Page) -> None:
    """The banner is above the fold, and says the verdict and the subject."""
    banner = page.locator(".lc-banner")
    expect(banner).to_be_in_viewport()
    expect(banner.locator(".lc-verdict")).to_have_text("✗ Does not conform")
    expect(banner).to_contain_text("billing.celery_app:app")


def test_a_requirement_leads_to_its_text_in_the_contract(page: Page) -> None:
    """The link opens the contract's page at the requirement."""
    page.locator("#requirement-RETRY003").get_by_role("link", name="RETRY003", exact=True).click()
    page.wait_for_url("**/contract/retry.html#RETRY003")
    expect(page.locator("h2#RETRY003")).to_be_in_viewport()


def test_a_cell_leads_to_its_findings(page: Page) -> None:
    """From the status to what is wrong, and the record that shows it."""
    page.locator("#requirement-RETRY003").get_by_role("link", name="violated").click()
    findings = page.locator(RETRY_FINDINGS)
    expect(findings).to_be_in_viewport()
    expect(findings).to_contain_text(RETRYING.strip())


def test_a_scenario_opens_and_shows_its_record(page: Page) -> None:
    """Closed at first; then steps, then records."""
    group = page.locator(RETRY_SCENARIOS)
    record = group.locator(".lc-record")
    expect(record).to_be_hidden()
    group.locator("details.lc-scenario > summary").click()
    expect(group.get_by_text("its last execution does not say that it retries")).to_be_visible()
    expect(record).to_be_hidden()
    group.locator("details.lc-evidence-lines > summary").click()
    expect(record).to_be_visible()
    expect(record).to_have_text(RETRYING.strip())


def test_hostile_evidence_does_nothing(page: Page) -> None:
    """No script of it runs, no element of it exists, and it can be read."""
    assert page.evaluate("window.hacked") is None
    assert page.locator(".md-content img").count() == 0
    expect(page.locator("#findings-FMT001-1 .lc-evidence")).to_contain_text(HOSTILE.split(" \x1b")[0])


def test_the_matrix_can_be_filtered_by_status(page: Page) -> None:
    """A button shows the requirements of one status, and only the profiles that have any."""
    rows = page.locator(".lc-matrix tr[data-status]:visible")
    everything = rows.count()
    page.locator(".lc-filter").get_by_role("button", name="violated").click()
    expect(rows).to_have_count(2)
    expect(page.locator(".lc-profile:visible")).to_have_text(["core", "retry"])
    page.locator(".lc-filter").get_by_role("button", name="all").click()
    expect(rows).to_have_count(everything)


def test_search_works_from_disk(page: Page) -> None:
    """The index is loaded without a server; a requirement is found by its identifier."""
    page.locator(".md-search__input").click()
    page.keyboard.type("CTX005")
    result = page.locator(".md-search-result__link").first
    expect(result).to_be_visible()
    assert "context.html" in (result.get_attribute("href") or "")


def test_the_page_fits_a_telephone(page: Page) -> None:
    """Wide tables scroll within themselves; the page does not."""
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
