"""The server of the page, on this machine alone."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import uvicorn
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from pipelines.errors import UserError
from pipelines.review.guard import Access, Guard
from pipelines.review.queue import ORDER, Wanted
from pipelines.review.session import Session

LOOPBACK = "127.0.0.1"
HERE, FILES = Path(__file__).parent, ("review.css", "shared.js", "review.js", "suspects.js")
SUSPECTS = "/suspects"  # the address of a page; those of classes end in a hash


class Decision(BaseModel):
    """What the page sends for one sample: its place in the queue."""

    model_config = ConfigDict(extra="forbid")

    number: int
    decision: Literal["keep", "reject"]


class Taken(BaseModel):
    """What the page sends for a real sample: its place in the list, and whether it is taken back."""

    model_config = ConfigDict(extra="forbid")

    number: int
    taken: bool


class Filter(BaseModel):
    """What the page wants listed; for all of it to be rejected, with how many samples the reviewer was told of."""

    model_config = ConfigDict(extra="forbid")

    score_from: float | None = None
    score_to: float | None = None
    distance_from: float | None = None
    distance_to: float | None = None
    decision: Literal["undecided", "keep", "reject"] | None = None
    count: int | None = None

    @property
    def wanted(self) -> Wanted:
        """The filter itself."""
        return Wanted(**self.model_dump(exclude={"count"}))


class Pages:
    """The answers. They are coroutines that never wait, so one is finished before the next begins."""

    def __init__(self, session: Session) -> None:
        self.session = session
        loader = PackageLoader("pipelines", "review")
        self.templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)

    @property
    def routes(self) -> list[Route]:
        """All addresses."""
        return [
            Route("/", self.first),
            Route("/{name}", self.file),
            Route(f"{SUSPECTS}/", self.suspects),
            Route(f"{SUSPECTS}/list", self.suspects_listed),
            Route(f"{SUSPECTS}/card/{{number:int}}", self.suspects_card),
            Route(f"{SUSPECTS}/decide", self.suspects_decide, methods=["POST"]),
            Route("/{slug}/", self.page),
            Route("/{slug}/list", self.list, methods=["POST"]),
            Route("/{slug}/card/{number:int}", self.card),
            Route("/{slug}/summary", self.summary),
            Route("/{slug}/decide", self.decide, methods=["POST"]),
            Route("/{slug}/reject", self.reject, methods=["POST"]),
            Route("/{slug}/undo", self.undo, methods=["POST"]),
        ]

    async def file(self, request: Request) -> Response:
        """Answer with the style or the script."""
        name = request.path_params["name"]
        if name not in FILES:
            raise HTTPException(404, "no such file")
        return FileResponse(HERE / name)

    async def first(self, request: Request) -> Response:
        """Go to the first class that has something left to decide."""
        left = [slug for slug in self.session.classes if (self.session.decided(slug) == "").any()]
        return RedirectResponse(f"/{[*left, *self.session.classes][0]}/", 303)

    async def page(self, request: Request) -> Response:
        """Answer with the page of a class."""
        slug = self._slug(request)
        one = self.session.classes[slug]
        ranges = {name: (one.queue[name].min(), one.queue[name].max()) for name in ("score", "distance")}
        told = {"slug": slug, "label": one.label, "total": len(one.keys), "order": ORDER, "ranges": ranges}
        suspects = len(self.session.suspects.listed)
        return self._rendered("page.html.j2", **told, suspects=suspects)

    async def suspects(self, request: Request) -> Response:
        """Answer with the page of the real samples that may be wrong."""
        return self._rendered("suspects.html.j2", file=self.session.suspects.file.name)

    async def suspects_listed(self, request: Request) -> Response:
        """Answer with what is said of each of them."""
        return JSONResponse(self.session.suspects.listing())

    async def suspects_card(self, request: Request) -> Response:
        """Answer with what is shown of one of them."""
        return JSONResponse(self.session.suspects.card(self._suspect(request.path_params["number"])))

    async def suspects_decide(self, request: Request) -> Response:
        """Take one of them back, or put it back in."""
        sent = await _body(request, Taken)
        self.session.suspects.decide(self._suspect(sent.number), sent.taken)
        return JSONResponse({})

    async def list(self, request: Request) -> Response:
        """Answer with the places that a filter lists, and what is decided of every sample of the class."""
        slug, sent = self._slug(request), await _body(request, Filter)
        return JSONResponse(self.session.listing(slug, sent.wanted))

    async def card(self, request: Request) -> Response:
        """Answer with what is shown of one sample."""
        return JSONResponse(
            self.session.card(self._slug(request), self._number(request, request.path_params["number"]))
        )

    async def summary(self, request: Request) -> Response:
        """Answer with what was decided so far."""
        return JSONResponse(self.session.summary(self._slug(request)))

    async def decide(self, request: Request) -> Response:
        """Keep or reject one sample."""
        slug, sent = self._slug(request), await _body(request, Decision)
        return _changed(self.session.decide(slug, [self._number(request, sent.number)], sent.decision))

    async def reject(self, request: Request) -> Response:
        """Reject all that a filter lists, unless that is not what the reviewer was told."""
        slug, sent = self._slug(request), await _body(request, Filter)
        numbers = self.session.to_reject(slug, sent.wanted)
        if len(numbers) != sent.count:
            raise HTTPException(409, f"{len(numbers)} samples would be rejected now, not {sent.count}; look again")
        return _changed(self.session.decide(slug, numbers, "reject", bulk=True))

    async def undo(self, request: Request) -> Response:
        """Take back the last decision."""
        return _changed(self.session.undo(self._slug(request)))

    def _rendered(self, name: str, **told: Any) -> Response:
        """Return a page; all have the way to every class."""
        classes = [(slug, one.label) for slug, one in self.session.classes.items()]
        return HTMLResponse(self.templates.get_template(name).render(classes=classes, **told))

    def _suspect(self, number: int) -> int:
        if not 0 <= number < len(self.session.suspects.listed):
            raise HTTPException(404, "no such sample is listed")
        return number

    def _slug(self, request: Request) -> str:
        slug: str = request.path_params["slug"]
        if slug not in self.session.classes:
            raise HTTPException(404, "no such class is under review")
        return slug

    def _number(self, request: Request, number: int) -> int:
        if not 0 <= number < len(self.session.classes[self._slug(request)].keys):
            raise HTTPException(404, "no such sample is in the queue")
        return number


def _changed(changed: Mapping[int, str]) -> Response:
    return JSONResponse({"changed": list(changed.items())})


async def _body(request: Request, form: type[Any]) -> Any:
    try:
        return form.model_validate_json(await request.body())
    except ValidationError as error:
        raise HTTPException(422, error.errors()[0]["msg"]) from None


async def _say(request: Request, error: Exception) -> Response:
    """Answer with the line of an error as the page shows it: of the user's, or of the file system."""
    return JSONResponse({"error": str(getattr(error, "detail", error))}, getattr(error, "status_code", 500))


def application(session: Session, access: Access) -> Starlette:
    """Return the application."""
    handlers = dict.fromkeys((HTTPException, UserError, OSError), _say)
    return Starlette(
        routes=Pages(session).routes,
        middleware=[Middleware(Guard, access=access)],
        exception_handlers=handlers,
    )


def listen() -> tuple[socket.socket, Access]:
    """Return a socket on a free port of this machine, and how it is reached."""
    opened = socket.create_server((LOOPBACK, 0))
    return opened, Access(f"{LOOPBACK}:{opened.getsockname()[1]}")


def server(session: Session, access: Access) -> uvicorn.Server:
    """Return the server; its `run` takes the socket of `listen`, and ends when `should_exit` is set or with Ctrl-C."""
    config = uvicorn.Config(
        application(session, access),
        log_level="warning",
        access_log=False,
        ws="none",
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)
