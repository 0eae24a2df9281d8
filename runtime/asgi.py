"""The web as one ASGI application: JSON under ``/api/v1``, pages under ``/``, two health checks."""

from collections.abc import Callable
from functools import cache

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import make_app as make_api
from api.deps import Context
from medcontrol.db import read_only
from medcontrol.settings import settings
from runtime import wiring
from runtime.logs import set_up_logs


def health() -> dict[str, str]:
    """Say that this process answers; asks nobody else."""
    return {"status": "up"}


def ready() -> JSONResponse:
    """Say whether the database answers; 503 when it does not."""
    try:
        with read_only() as session:
            session.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError:
        return JSONResponse({"status": "no database"}, 503, headers={"Retry-After": "5"})
    return JSONResponse({"status": "ready"})


def make_web(api: ASGIApp, pages: ASGIApp) -> FastAPI:
    """Return both applications and the health checks under one roof."""
    web = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    web.add_api_route("/health", health, methods=["GET"])
    web.add_api_route("/ready", ready, methods=["GET"], response_model=None)
    web.mount("/api/v1", api)
    web.mount("/", pages)
    return web


def make() -> FastAPI:
    """Return the application of this process, over its settings and tools."""
    from ui.app import create_app as make_pages

    set_up_logs()
    tools = wiring.tools()
    return make_web(
        make_api(Context(settings=settings(), tools=tools)), make_pages(tools, settings())
    )


class Later:
    """An application that is built when the server of this process starts, not at import."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        """Keep how it is built."""
        self._build = cache(build)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on; the first one, the server's start, builds."""
        await self._build()(scope, receive, send)


app = Later(make)
