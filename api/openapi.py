"""The description of the API (OpenAPI): what FastAPI knows, and what it can't."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

SERVER = "/api/v1"


def describe(app: FastAPI, problem: type[BaseModel], *, server: str = SERVER) -> None:
    """Make an application describe its refusals as problems, and where it is mounted."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app, problem, server)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _schema(app: FastAPI, problem: type[BaseModel], server: str) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        servers=[{"url": server}],
    )
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    described = problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= described.pop("$defs", {})
    schemas[problem.__name__] = described
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return schema
