"""The real server in a thread of its own, and its page in a browser."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipelines.review.guard import Access
from pipelines.review.server import listen, server
from pipelines.review.session import Session


@contextmanager
def served(session: Session) -> Iterator[Access]:
    """Yield how the server is reached while it runs."""
    opened, access = listen()
    running = server(session, access)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [opened]})
    thread.start()
    try:
        while not running.started:
            time.sleep(0.01)
        yield access
    finally:
        running.should_exit = True
        thread.join()
        opened.close()


@contextmanager
def reviewing(browser: Any, session: Session, **options: Any) -> Iterator[Any]:
    """Yield the page; at the end it must have said nothing on its console, and asked nobody else for anything."""
    with served(session) as access:
        context = browser.new_context(**options)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        home = f"http://{access.host}/"
        page.on("request", lambda asked: asked.url.startswith((home, "data:")) or said.append(asked.url))
        try:
            page.goto(access.address)
            at(page, 0)
            yield page
            assert not said
        finally:
            context.close()


def at(page: Any, number: int) -> None:
    """Wait until a sample is shown."""
    page.wait_for_selector(f"body[data-shown='{number}'] #card > *")
