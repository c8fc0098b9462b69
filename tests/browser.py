"""A headless Chromium for tests of pages: what a page says on its console, what it asks the network for, what axe finds."""

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE = {"width": 390, "height": 844}
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Playwright `Browser`; the test is skipped where Chromium or Playwright is missing.

    It ends with the module: while it lives, nothing else in this thread can use asyncio.
    """
    binary = next(filter(None, map(shutil.which, NAMES)), None)
    if binary is None:
        pytest.skip("no Chromium on the PATH; install it, e.g.: apt-get install chromium")
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("Playwright is missing; install it: pip install '.[dev]'")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=binary, args=list(ARGUMENTS))
        yield started
        started.close()


@contextmanager
def opened(browser: Any, path: Path, **options: Any) -> Iterator[Any]:
    """Yield the file as a page that has loaded; at the end it must have said nothing, and asked for nothing but itself.

    options: of the browser's context, such as `color_scheme="dark"` or `viewport=PHONE`.
    """
    context = browser.new_context(**options)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(path.as_uri())
        yield page
        foreign = [url for url in asked if not url.startswith(("data:", "blob:", path.as_uri()))]
        assert not said and not foreign, f"said {said}, asked for {foreign}"
    finally:
        context.close()


def barriers(page: Any) -> list[str]:
    """Return what axe calls serious or critical on a page, one line each; skips where axe is missing."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing: pip install '.[dev]'")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:120]}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
