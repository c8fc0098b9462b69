"""The real server in a thread of its own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

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
