"""The JSON API as one ASGI application, mounted under ``/api/v1``."""

from functools import partial

from fastapi import FastAPI

from api import (
    appeals,
    assignments,
    bodies,
    care,
    care_times,
    commands,
    control_files,
    entitlements,
    file_commands,
    incidents,
    intake,
    planning,
    quarantine,
)
from api.deps import Context
from api.errors import COMMON, Problem, handle_errors
from api.openapi import describe
from api.shield import ORDINARY_BODY, BodyLimit, Shield

# A document of 50 MiB as base64 inside JSON.
DOCUMENT_BODY = 76 * 1024 * 1024

ROUTERS = (
    intake.router,
    quarantine.router,
    assignments.router,
    planning.router,
    control_files.router,
    care.router,
    care_times.router,
    commands.router,
    file_commands.router,
    appeals.router,
    entitlements.router,
    incidents.router,
)


def make_app(context: Context) -> FastAPI:
    """Return the API over the tools of this process; no database is opened yet."""
    app = FastAPI(
        title="medcontrol",
        version="1",
        description="Medical control of a health insurance fund. See docs/api.md.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = context
    for router in ROUTERS:
        app.include_router(router, responses=COMMON)
    handle_errors(app)
    app.add_middleware(BodyLimit, limit_of=partial(body_limit, context.settings.batch_max_bytes))
    app.add_middleware(Shield)
    describe(app, Problem)
    return app


def body_limit(batch_limit: int, path: str) -> int:
    """Return how many bytes the body of an address may have."""
    if path.endswith("/intake/batches"):
        return batch_limit
    if path.endswith("/intake/files") or path.endswith("/replay"):
        return bodies.ONE_FILE
    return DOCUMENT_BODY if path.endswith("/documents") else ORDINARY_BODY
