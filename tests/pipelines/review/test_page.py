"""The page in a browser: what keys do, what stays after a reload, what it looks like to whom."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.commands.review import begin
from pipelines.review.session import Session
from tests.browser import PHONE, barriers
from tests.pipelines.review.serving import at, reviewing, served
from tests.pipelines.review.world import SLUG, write_project


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return begin(write_project(tmp_path))


def said(page: Any, text: str) -> None:
    page.wait_for_function("text => document.getElementById('said').textContent.includes(text)", arg=text)


def decided(session: Session) -> dict[int, str]:
    return {number: one for number, one in enumerate(session.decided(SLUG)) if one}


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_keys_keep_reject_and_undo(browser: Any, session: Session) -> None:
    """Each decision goes on to the next sample and is written; undo goes back as far as there is something to take back."""
    with reviewing(browser, session) as page:
        for number, key in enumerate("krr"):
            press(page, key)
            at(page, number + 1)
        said(page, "Sample 3 rejected")
        page.wait_for_function("() => saved.then(() => true)")
        assert decided(session) == {0: "keep", 1: "reject", 2: "reject"}
        press(page, "p", "k")
        page.wait_for_function("() => saved.then(() => true)")
        assert decided(session)[2] == "keep"
        for expected in ("sample 3, now rejected", "sample 3, now undecided", "sample 2, now", "sample 1, now"):
            press(page, "u")
            said(page, expected)
        press(page, "u")
        said(page, "Nothing is left to undo")
        assert decided(session) == {}


def test_a_reload_shows_the_same_sample_and_all_decisions(browser: Any, session: Session) -> None:
    """Neither the place nor a decision is lost."""
    with reviewing(browser, session) as page:
        press(page, "r")
        at(page, 1)
        press(page, "n")
        at(page, 2)
        page.reload()
        at(page, 2)
        press(page, "p", "p")
        at(page, 0)
        assert page.inner_text("#state") == "rejected"


def test_what_is_not_seen_is_not_decided_on(browser: Any, session: Session) -> None:
    """A key that comes before the next sample is there decides nothing."""
    with reviewing(browser, session) as page:
        page.evaluate("cards.set(1, new Promise(() => {}))")
        press(page, "r", "r", "k")
        page.wait_for_function("() => saved.then(() => true)")
        assert decided(session) == {0: "reject"}


def test_a_filter_lists_and_all_that_is_listed_is_rejected(browser: Any, session: Session) -> None:
    """The count stands on the button and in the question; cancelled, nothing is written; confirmed, all is; undone, none."""
    with reviewing(browser, session) as page:
        press(page, "f")
        page.keyboard.type("0")
        page.fill("[name=score_to]", "0.5")
        page.keyboard.press("Enter")
        page.wait_for_function("() => list.length < decided.length")
        count = page.evaluate("list.length")
        assert f"Reject all {count} listed" in page.inner_text("#all")
        press(page, "a")
        page.wait_for_selector("#sure[open]")
        assert f"Reject all {count} samples" in page.inner_text("#question")
        press(page, "Escape")
        assert decided(session) == {}
        press(page, "a")
        page.wait_for_selector("#sure[open]")
        press(page, "Enter")
        said(page, f"{count} samples rejected")
        assert len(decided(session)) == count
        press(page, "u")
        said(page, f"Undone: {count} samples")
        assert decided(session) == {}


def test_the_end_of_a_class_says_what_was_decided_and_how_well(browser: Any, session: Session) -> None:
    """After the last sample stand the counts, and the share of real samples that were rejected with its interval."""
    with reviewing(browser, session) as page:
        total = len(session.classes[SLUG].keys)
        for number in range(total - 1):
            press(page, "r")
            at(page, number + 1)
        press(page, "r")
        page.wait_for_selector("#summary:not([hidden])")
        page.wait_for_function("() => document.getElementById('counts').textContent.includes('0 undecided')")
        assert page.inner_text("#counts") == "0 kept, 40 rejected, 0 undecided."
        assert "of 10 real samples 10 were rejected, 100% (95% interval 72% to 100%)" in page.inner_text("#error")


def test_every_key_is_listed_under_the_question_mark(browser: Any, session: Session) -> None:
    """The list and the script know the same keys."""
    with reviewing(browser, session) as page:
        press(page, "?")
        listed = set(page.locator("#keys kbd").all_inner_texts()) - {"Esc"}
        keys = set(page.evaluate("Object.keys(KEYS)"))
        assert listed == {{"ArrowRight": "→", "ArrowLeft": "←"}.get(key, key) for key in keys}


def test_a_key_typed_into_a_field_decides_nothing(browser: Any, session: Session) -> None:
    """Keys are text where text is typed, and belong to the browser together with Ctrl."""
    with reviewing(browser, session) as page:
        press(page, "g", "1", "2", "r", "Escape", "Control+k")
        assert decided(session) == {}
        press(page, "g", "Enter")
        at(page, 11)


def test_when_the_server_has_ended_the_page_says_so(browser: Any, session: Session) -> None:
    """A decision that could not be written is not shown as made."""
    with served(session) as access:
        page = browser.new_context().new_page()
        page.goto(access.address)
        at(page, 0)
    press(page, "r")
    page.wait_for_function("() => document.getElementById('trouble').textContent.includes('start it again')")
    page.context.close()


@pytest.mark.parametrize("kind", ["images", "series", "table"])
@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark", "viewport": PHONE}])
def test_the_page_has_no_barriers(browser: Any, tmp_path: Path, kind: str, options: dict[str, Any]) -> None:
    """Axe finds nothing serious, light and dark, and at the width of a phone nothing has to be scrolled sideways."""
    with reviewing(browser, begin(write_project(tmp_path, kind=kind)), **options) as page:
        assert barriers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        press(page, "r", "?")
        assert barriers(page) == []
        press(page, "Escape", "s")
        page.wait_for_selector("#summary:not([hidden])")
        assert barriers(page) == []
