"""The selectivity engine alone, over HTTP (moteur de sélectivité autonome); no database.

See docs/selectivity/standalone.md. The main system calls it by ``selectivity.remote``.
"""

import hmac
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, cast
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Discriminator, Field, Tag

from api.bodies import GZIP_TYPES, chunks_of, type_of
from api.errors import COMMON, Problem, Refusal, handle_errors, on_validation_error, refusals
from api.openapi import describe
from api.selectivity_bodies import (
    DecideIn,
    DecisionOut,
    FileIn,
    Undecided,
    decide,
    decision,
    facts_of,
)
from api.selectivity_formats import as_parquet, open_parquet
from api.selectivity_jobs import Job, Jobs, State
from api.selectivity_sealed import Sealed
from api.shield import ORDINARY_BODY, BodyLimit, Shield
from selectivity.engine import ENGINE_VERSION
from selectivity.standalone import Engines, OtherRules

NDJSON, PARQUET = "application/x-ndjson", "application/vnd.apache.parquet"
BATCH_TYPES = (NDJSON, "application/ndjson", "application/jsonl", PARQUET, *GZIP_TYPES)
DECISIONS_BODY = 128 * 1024 * 1024
PARQUET_BODY = 512 * 1024 * 1024
_PIECE = 1 << 20

_bearer = HTTPBearer(auto_error=False, description="MEDCONTROL_SELECTIVITY_TOKEN, when it is set")


@dataclass(frozen=True)
class Service:
    """What the service works with.

    Attributes:
        engines: rules, keys and score.
        jurisdictions: whose rules /version tells.
        token: what callers must send; ``None`` lets everybody in who can reach it.
        batch_bytes: largest body of a batch.
    """

    engines: Engines
    jurisdictions: tuple[str, ...]
    token: str | None = None
    batch_bytes: int = 2 * 1024**3


class Health(BaseModel):
    """That the service answers."""

    status: str = "up"


class RulesOut(BaseModel):
    """A version of the rules that this engine knows."""

    name: str
    sha256: str
    valid_from: str


class Version(BaseModel):
    """What this engine decides by."""

    engine_version: str
    rule_sets: list[RulesOut]
    model: str | None
    model_sha256: str | None


class BatchOut(BaseModel):
    """How far a batch is."""

    id: UUID
    state: State
    created_at: datetime
    finished_at: datetime | None
    files_done: int
    undecidable: int = Field(description="Lines that could not be decided on")
    by_lane: dict[str, int]
    error: str | None = Field(description="Code of what ended it too early")


def allowed(
    request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Service:
    """Return the service to somebody who may call it.

    Raises:
        Refusal: 401, the token is missing or wrong.
    """
    service = cast("Service", request.app.state.service)
    given = bearer.credentials if bearer else ""
    if service.token is not None and not hmac.compare_digest(
        service.token.encode(), given.encode("utf-8", "replace")
    ):
        raise Refusal(401, "unauthenticated", "a bearer token is needed",
                      headers={"WWW-Authenticate": "Bearer"})  # fmt: skip
    return service


Allowed = Annotated[Service, Depends(allowed)]
open_router = APIRouter()
router = APIRouter()


def _jobs(request: Request) -> Jobs:
    return cast("Jobs", request.app.state.jobs)


WithJobs = Annotated[Jobs, Depends(_jobs)]


@open_router.get("/health", response_model=Health)
def get_health() -> Health:
    """Say that this process answers."""
    return Health()


@router.get("/version", response_model=Version)
def get_version(service: Allowed) -> Version:
    """Tell engine, rules and model, to compare with what another system expects."""
    rules = [each for j in service.jurisdictions for each in service.engines.rule_sets(j)]
    model = service.engines.score
    return Version(
        engine_version=ENGINE_VERSION,
        rule_sets=[
            RulesOut(name=r.name, sha256=r.sha256, valid_from=r.valid_from.isoformat())
            for r in rules
        ],
        model=model.name if model else None,
        model_sha256=model.sha256 if model else None,
    )


def _shape(body: Any) -> str:
    """Tell the three shapes of a question apart, so that faults are about the one that is meant."""
    if isinstance(body, list):
        return "list"
    is_whole = isinstance(body, DecideIn) or (isinstance(body, dict) and "files" in body)
    return "whole" if is_whole else "one"


Asked = Annotated[
    Annotated[DecideIn, Tag("whole")]
    | Annotated[list[FileIn], Tag("list")]
    | Annotated[FileIn, Tag("one")],
    Discriminator(_shape),
]


@router.post(
    "/decisions", response_model=DecisionOut | list[DecisionOut], responses=refusals(404, 409)
)
def post_decisions(service: Allowed, asked: Asked) -> Response:
    """Decide on one file, or on several together; answers in their order.

    One file gets one decision, several a list. 409: the rules or the model that the caller
    expects are not those of this engine.
    """
    whole = _whole(asked)
    _check_model(service, whole)
    facts, faults = [], []
    for place, file in enumerate(whole.files):
        try:
            facts.append(facts_of(file))
        except Undecided as undecided:
            faults += [
                {"path": f"/{place}/message{each.path}", "code": each.code,
                 "message": each.message_fr, "expected": each.expected}
                for each in undecided.errors
            ]  # fmt: skip
    if faults:
        raise Refusal(422, "request.invalid", "messages do not pass", errors=faults[:100])
    made = decide(service.engines, whole, facts)
    found = [decision(file, each) for file, each in zip(facts, made, strict=True)]
    return JSONResponse(found[0] if isinstance(asked, FileIn) else found)


def _whole(asked: DecideIn | list[FileIn] | FileIn) -> DecideIn:
    if isinstance(asked, DecideIn):
        return asked
    return DecideIn(files=[asked] if isinstance(asked, FileIn) else asked)


def _check_model(service: Service, asked: DecideIn) -> None:
    model = service.engines.score
    if asked.model_sha256 is not None and asked.model_sha256 != (model.sha256 if model else ""):
        raise OtherRules("another model scores here", field="model_sha256")


_BINARY = {"schema": {"type": "string", "format": "binary"}}


async def take_body(request: Request, service: Allowed, jobs: WithJobs) -> AsyncIterator[Sealed]:
    """Give the body of a batch once it is kept; let go of it when it is not taken in.

    Raises:
        Refusal: another media type, or no body.
        Unavailable: too many batches wait.
    """
    type_of(request, BATCH_TYPES)
    sealed = jobs.sealed()
    held = bytearray()
    try:
        async for chunk in chunks_of(request):
            held += chunk
            if len(held) >= _PIECE:
                await to_thread.run_sync(sealed.write, bytes(held))
                held.clear()
        await to_thread.run_sync(sealed.write, bytes(held))
        if not sealed.size:
            raise Refusal(400, "body.empty", "the body is empty")
        yield sealed
    except BaseException:
        sealed.close()
        raise


@router.post(
    "/batches",
    status_code=202,
    response_model=BatchOut,
    responses=refusals(415),
    openapi_extra={
        "requestBody": {"required": True, "content": dict.fromkeys(BATCH_TYPES, _BINARY)}
    },
)
def post_batch(
    service: Allowed,
    jobs: WithJobs,
    given: Annotated[Sealed, Depends(take_body, scope="function")],
    request: Request,
    response: Response,
) -> BatchOut:
    """Hand in a batch: NDJSON, plain or gzip, or Parquet. `Location` tells how far it is."""
    is_parquet = type_of(request, BATCH_TYPES) == PARQUET
    if is_parquet:
        if given.size > PARQUET_BODY:
            raise Refusal(413, "body.too_large", f"Parquet may have {PARQUET_BODY} bytes")
        open_parquet(b"".join(given.pieces()))
    job = jobs.submit(given, is_parquet=is_parquet)
    response.headers["Location"] = f"/batches/{job.id}"
    return _report(job)


@router.get(
    "/batches/{batch_id}",
    response_model=BatchOut,
    responses={
        200: {"content": {NDJSON: {}, PARQUET: {}}, "description": "Progress, or the result"},
        **refusals(404, 409),
    },
)
def get_batch(
    batch_id: UUID,
    service: Allowed,
    jobs: WithJobs,
    accept: Annotated[str, Header()] = "application/json",
) -> Any:
    """Return how far a batch is; with `Accept` NDJSON or Parquet, its decisions.

    409: it is not done yet, or ended too early.
    """
    job = jobs.find(batch_id)
    wanted = [each.partition(";")[0].strip().lower() for each in accept.split(",")]
    form = next((each for each in wanted if each in (NDJSON, PARQUET)), None)
    if form is None:
        return _report(job)
    if job.state != "done":
        raise Refusal(409, "selectivity.batch_not_done", f"the batch is {job.state}",
                      headers={"Retry-After": "1"})  # fmt: skip
    if form == PARQUET:
        return Response(as_parquet(job.result), media_type=PARQUET)
    return StreamingResponse(job.result.pieces(), media_type=NDJSON)


def _report(job: Job) -> BatchOut:
    return BatchOut(
        id=job.id, state=job.state, created_at=job.created_at, finished_at=job.finished_at,
        files_done=job.files_done, undecidable=job.undecidable,
        by_lane=dict(Counter(job.by_lane)), error=job.error,
    )  # fmt: skip


def make_service(service: Service) -> FastAPI:
    """Return the application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.jobs.close()

    app = FastAPI(
        title="medcontrol selectivity", version="1",
        description="The selectivity engine alone. See docs/selectivity/standalone.md.",
        docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan,
    )  # fmt: skip
    app.state.service = service
    app.state.jobs = Jobs(service.engines)
    app.include_router(open_router, responses=refusals(400, 413, 422, 500, 503))
    app.include_router(router, responses=COMMON)
    handle_errors(app)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_middleware(BodyLimit, limit_of=partial(_limit, service.batch_bytes))
    app.add_middleware(Shield)
    describe(app, Problem, server="/")
    return app


async def _on_validation_error(request: Request, error: Exception) -> Response:
    """Leave the name of the shape out of the places of faults."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these
    found = []
    for each in error.errors():
        place = each["loc"]
        is_shaped = place[:1] == ("body",) and place[1:2] in (("whole",), ("list",), ("one",))
        found.append({**each, "loc": (place[0], *place[2:]) if is_shaped else place})
    return on_validation_error(request, RequestValidationError(found))


def _limit(batch_bytes: int, path: str) -> int:
    if path.endswith("/batches"):
        return batch_bytes
    return DECISIONS_BODY if path.endswith("/decisions") else ORDINARY_BODY
