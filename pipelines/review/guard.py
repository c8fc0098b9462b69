"""Who may ask the server: this machine's browser that was given the token, and no page of another site."""

import secrets
from dataclasses import dataclass, field
from hmac import compare_digest

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
REFUSED = "open the address that `tailweight review` printed; it carries a token"


@dataclass(frozen=True)
class Access:
    """What a request has to know: the address it was sent to, the token that is printed, the cookie it is turned into."""

    host: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def address(self) -> str:
        """What is printed: the page with the token."""
        return f"http://{self.host}/?token={self.token}"

    @property
    def name(self) -> str:
        """The cookie's name; cookies are shared by all ports of a machine."""
        return f"tailweight-review-{self.host.rsplit(':', 1)[-1]}"


class Guard:
    """Refuses every request from elsewhere, and adds the headers that keep the page to itself."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self.answer(scope)
        await (answer or self.app)(scope, receive, send_guarded)

    def answer(self, scope: Scope) -> ASGIApp | None:
        """Return the answer to a request that goes no further: a refusal, or the cookie for the token."""
        headers = Headers(scope=scope)
        if headers.getlist("host") != [self.access.host]:
            return PlainTextResponse("this host is not served here", 421)
        if scope["method"] != "GET" and headers.get("origin") != f"http://{self.access.host}":
            return PlainTextResponse("only the page itself may write", 403)
        token = QueryParams(scope["query_string"]).get("token")
        if scope["path"] == "/" and token and compare_digest(token.encode(), self.access.token.encode()):
            return self._let_in()
        given = cookie_parser(headers.get("cookie", "")).get(self.access.name, "")
        if not compare_digest(given.encode(), self.access.cookie.encode()):
            return PlainTextResponse(REFUSED, 403)
        return None

    def _let_in(self) -> ASGIApp:
        """Return the way to the page without the token, which stays in no history of later pages."""
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self.access.name, self.access.cookie, httponly=True, samesite="strict")
        return answer
