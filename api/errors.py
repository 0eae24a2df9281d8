"""Every refusal as a problem document (RFC 9457), with a stable code."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from medcontrol.errors import DomainError, Kind

MEDIA_TYPE = "application/problem+json"

# The only place that turns a refusal of the domain into a status.
STATUS: Mapping[Kind, int] = {
    Kind.NOT_FOUND: 404,
    Kind.FORBIDDEN: 403,
    Kind.CONFLICT: 409,
    Kind.INVALID: 422,
    Kind.UNAVAILABLE: 503,
}
# Refusals of HTTP itself that no class of ours makes.
_HTTP_CODES = {
    400: "request.malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "body.too_large",
    415: "body.wrong_type",
}


class FieldProblem(BaseModel):
    """One member of the request that is wrong. Never holds its value."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(description="JSON Pointer into the body, or `query/name`, `header/name`…")
    code: str = Field(description="Stable code")
    message: str
    expected: str = Field(default="", description="What would be right, when it can be said")


class Problem(BaseModel):
    """A refusal (RFC 9457). Programs read `code`, people `title` and `detail`."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="`urn:medcontrol:problem:` and the code")
    title: str
    status: int
    code: str = Field(description="Stable code of the refusal, listed in docs/api.md")
    detail: str = ""
    id: str | None = Field(default=None, description="Of an unexpected failure, for the operator")
    quarantine_id: str | None = Field(default=None, description="Of a file that did not pass")
    errors: list[FieldProblem] = Field(default_factory=list)


class Refusal(Exception):
    """A refusal that belongs to HTTP: authentication, media types, sizes."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.more = headers, more


def problem(
    status: int,
    code: str,
    detail: str = "",
    *,
    title: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """Return the response of a refusal."""
    body = Problem(
        type=f"urn:medcontrol:problem:{code}",
        title=title or HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        **more,
    )
    return JSONResponse(
        body.model_dump(mode="json", exclude_none=True),
        status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def handle_errors(app: FastAPI) -> None:
    """Answer every refusal raised in an application with a problem."""
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)


def _on_domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for these
    title = (type(error).__doc__ or "").strip().split("\n")[0]
    named = [{"path": error.field, "code": error.code, "message": error.detail}]
    headers = {"Retry-After": "5"} if error.kind is Kind.UNAVAILABLE else None
    return problem(
        STATUS[error.kind],
        error.code,
        error.detail,
        title=title,
        headers=headers,
        errors=named if error.field else [],
    )


def _on_refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for these
    return problem(error.status, error.code, error.detail, headers=error.headers, **error.more)


def on_validation_error(request: Request, error: Exception) -> JSONResponse:
    """Answer members that are missing or wrong."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these
    named = [
        {"path": _pointer(each["loc"]), "code": each["type"], "message": each["msg"]}
        for each in error.errors()[:50]
    ]
    return problem(422, "request.invalid", "members are missing or wrong", errors=named)


def _pointer(location: tuple[int | str, ...]) -> str:
    """Return where a fault is: a JSON Pointer for the body, else ``query/name``."""
    place, *rest = (str(each) for each in location)
    if place == "body":
        escaped = (each.replace("~", "~0").replace("/", "~1")[:80] for each in rest)
        return "".join(f"/{each}" for each in escaped)
    return "/".join([place, *rest])


def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these
    code = _HTTP_CODES.get(error.status_code, f"http.{error.status_code}")
    return problem(error.status_code, code, str(error.detail), headers=error.headers)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of refusals, beside those that every operation may give."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in sorted(statuses)
    }


# What any operation may answer: no token, no right, wrong members, too much, broken, busy.
COMMON = refusals(400, 401, 403, 413, 422, 500, 503)
