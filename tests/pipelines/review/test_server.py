"""The server: who is let in, and what it answers."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pipelines.commands.review import begin
from pipelines.review.guard import Access
from pipelines.review.session import Session
from tests.pipelines.review.serving import served
from tests.pipelines.review.world import SLUG, write_project


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return begin(write_project(tmp_path))


@pytest.fixture
def access(session: Session) -> Iterator[Access]:
    with served(session) as found:
        yield found


@pytest.fixture
def client(access: Access) -> Iterator[httpx.Client]:
    """A client that was let in, and sends what the page sends."""
    origin = f"http://{access.host}"
    with httpx.Client(base_url=origin, headers={"Origin": origin}, follow_redirects=True) as found:
        found.get(access.address)
        yield found


PATHS = ("/", "/review.js", f"/{SLUG}/", f"/{SLUG}/card/0", f"/{SLUG}/summary", "/?token=guess", "/?token=")


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_served_without_the_token(access: Access, path: str) -> None:
    """Whoever does not know the token is told to open the printed address, and nothing else."""
    answer = httpx.get(f"http://{access.host}{path}")
    assert answer.status_code == 403
    assert answer.text == "open the address that `tailweight review` printed; it carries a token"


def test_the_token_becomes_a_cookie_that_no_script_and_no_other_site_has(access: Access) -> None:
    """The address with the token leads to one without it, with a cookie that is not the token."""
    answer = httpx.get(access.address)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert access.token.lower() not in cookie


@pytest.mark.parametrize("host", ["evil.example", "localhost:1", "127.0.0.1"])
def test_another_host_is_refused(client: httpx.Client, access: Access, host: str) -> None:
    """A name that leads here by way of another site's DNS gets nothing, with cookie and with token."""
    assert client.get(f"/{SLUG}/", headers={"Host": host}).status_code == 421
    assert client.get(access.address, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_only_the_page_itself_writes(client: httpx.Client, session: Session, origin: str) -> None:
    """A request from another site decides nothing, even with the cookie."""
    sent = {"number": 0, "decision": "reject"}
    assert client.post(f"/{SLUG}/decide", json=sent, headers={"Origin": origin}).status_code == 403
    assert not session.file.exists()
    assert client.post(f"/{SLUG}/decide", json=sent).json() == {"changed": [[0, "reject"]]}


def test_every_answer_keeps_the_page_to_itself(client: httpx.Client) -> None:
    """Pages, files, cards and errors forbid all but this server's own style, script and requests."""
    for path in (f"/{SLUG}/", "/review.css", f"/{SLUG}/card/0", "/nothing/"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    page = client.get(f"/{SLUG}/").text
    assert "<b>rare" not in page and "it&#39;s &lt;b&gt;rare" in page
    assert "http" not in page and "style=" not in page


def test_nothing_tells_real_from_synthetic(client: httpx.Client, session: Session) -> None:
    """No answer that belongs to one sample differs in form between real and synthetic ones."""
    real = session.classes[SLUG].queue["real"].to_numpy()
    cards = [client.get(f"/{SLUG}/card/{number}").json() for number in range(len(real))]
    assert len({(tuple(card), tuple(card["names"]), card["side"]) for card in cards}) == 1
    found = client.post(f"/{SLUG}/list", json={}).json()
    assert found["numbers"] == list(range(len(real)))
    assert SLUG not in str(cards)


@pytest.mark.parametrize(
    ("path", "sent", "code"),
    [
        ("decide", {"number": 50, "decision": "keep"}, 404),
        ("decide", {"number": -1, "decision": "keep"}, 404),
        ("decide", {"number": 0, "decision": "undo"}, 422),
        ("list", {"score_from": "x"}, 422),
        ("reject", {"score_to": 2, "count": 49}, 409),
        ("reject", {"score_to": 2}, 409),
    ],
)
def test_a_wrong_request_writes_nothing(
    client: httpx.Client, session: Session, path: str, sent: dict[str, object], code: int
) -> None:
    """It is answered with one line; in particular more samples are never rejected than the reviewer was told."""
    answer = client.post(f"/{SLUG}/{path}", json=sent)
    assert (answer.status_code, list(answer.json())) == (code, ["error"])
    assert not session.file.exists()


def test_a_file_that_was_broken_meanwhile_is_said_on_the_page(client: httpx.Client, session: Session) -> None:
    """The line of the error reaches the page instead of a decision on top of it."""
    session.file.write_text("<<<<<<< HEAD\n")
    answer = client.post(f"/{SLUG}/decide", json={"number": 0, "decision": "keep"})
    assert "line 1: not a decision" in answer.json()["error"]
    assert session.file.read_text() == "<<<<<<< HEAD\n"
