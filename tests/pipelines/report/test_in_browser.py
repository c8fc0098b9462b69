"""The report as a browser shows it: silent, alone, open to all, and small."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.samples import IMAGES, SERIES, TABLE
from tests.browser import PHONE, barriers, opened
from tests.pipelines.report.world import world

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE},
}
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
LETTERS = """[...document.querySelectorAll('svg text')].map(one => {
  const {a, b} = one.getScreenCTM(); return Math.hypot(a, b) * parseFloat(getComputedStyle(one).fontSize) })"""
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module", params=[IMAGES, SERIES, TABLE])
def page_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    kinds = {SCRIPT: "ship", "plain": "hold"}
    return world(tmp_path_factory.mktemp(request.param), kinds, request.param).page


@pytest.mark.parametrize("look", LOOKS)
def test_the_report_is_silent_alone_and_open_to_all(browser: Any, page_file: Path, look: str) -> None:
    """No message, no request, nothing that axe calls serious, and nothing wider than the window, all sections unfolded."""
    with opened(browser, page_file, **LOOKS[look]) as page:
        page.evaluate(OPEN_ALL)
        assert barriers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_name_that_is_a_script_is_text(browser: Any, page_file: Path) -> None:
    """It is read on the page and runs nowhere; the page has the one script that it came with."""
    with opened(browser, page_file) as page:
        assert SCRIPT in page.locator("body").inner_text()
        assert page.locator("script").count() == 1


def test_text_in_drawings_can_be_read_on_a_phone(browser: Any, page_file: Path) -> None:
    """No letter is smaller than 8.5 pixels."""
    with opened(browser, page_file, viewport=PHONE) as page:
        page.evaluate(OPEN_ALL)
        sizes = page.evaluate(LETTERS)
        assert len(sizes) > 100 and min(sizes) >= 8.5


def test_a_link_to_a_class_unfolds_it(browser: Any, page_file: Path) -> None:
    """From the table of classes a click leads to what is said of the class."""
    with opened(browser, page_file) as page:
        assert not page.locator(".class .inner").first.is_visible()
        page.locator(".overview tbody th a").first.click()
        page.locator(".class .inner").first.wait_for(state="visible", timeout=5000)


def test_a_print_has_what_is_folded(browser: Any, page_file: Path) -> None:
    """Every section is open on paper, and folded again afterwards."""
    with opened(browser, page_file) as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details:not([open])").count() > 0


@pytest.mark.parametrize(("kind", "drawn"), [(IMAGES, "img"), (SERIES, "svg")])
def test_a_click_enlarges_a_picture(browser: Any, tmp_path: Path, kind: str, drawn: str) -> None:
    """The three pictures of a card open large, and the Escape key closes them."""
    with opened(browser, world(tmp_path, {"a": "hold"}, kind).page) as page:
        page.evaluate(OPEN_ALL)
        page.locator("button.card").first.click()
        large = page.locator(f"dialog {drawn}")
        assert large.count() == 3 and large.first.bounding_box()["width"] > 200
        page.keyboard.press("Escape")
        assert not page.locator("dialog").is_visible()


@pytest.mark.slow
def test_a_page_of_twenty_classes_of_ten_thousand_samples_stays_small(browser: Any, tmp_path: Path) -> None:
    """The page has less than 15 MB, and the browser shows each class."""
    made = world(tmp_path, {f"class {number}": "hold" for number in range(20)}, real=10_000, made=10_000, side=32)
    assert made.page.stat().st_size < 15e6
    with opened(browser, made.page) as page:
        assert page.locator(".class").count() == 20
