"""Granted rights for the system that pays: every change once, in order, in three formats."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Response

from api.auth import Caller, Permission
from api.deps import Db, InContext, Now
from medcontrol.clock import civil_date
from medcontrol.services.clients import Scope
from medcontrol.services.entitlement_feed import LARGEST_PAGE, ExportedRight, FeedPage, changes

router = APIRouter(tags=["entitlements"])

Payer = Annotated[Caller, Depends(Permission(Scope.ENTITLEMENTS_READ, ()))]
After = Annotated[
    int, Query(ge=0, le=2**62, description="`next` of the page before; 0 for everything")
]
Size = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Rights of a page")]
COLUMNS = tuple(each.name for each in fields(ExportedRight))


class Format(StrEnum):
    """How a page is written."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


_OTHERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page. CSV and NDJSON say in the headers `Next-After` and `Has-More`"
        " what JSON says in `next` and `has_more`",
        "content": {"text/csv": {}, "application/x-ndjson": {}},
    }
}


@router.get("/entitlements", response_model=FeedPage, responses=_OTHERS)
def list_changes(
    caller: Payer, db: Db, context: InContext, now: Now,
    after: After = 0, size: Size = 1000, format: Format = Format.JSON,
) -> Any:  # fmt: skip
    """Return the rights that changed after a number, the earliest change first.

    Ask again with `next` until `has_more` is false; keep `next` for the next day. A right that
    changes between two pages comes once more, with what it is then; none is left out.
    """
    place = context.settings.jurisdiction
    page = changes(
        db, caller.principal, jurisdiction=place, after=after, size=size,
        today=civil_date(now, place),
    )  # fmt: skip
    if format is Format.JSON:
        return page
    is_csv = format is Format.CSV
    return Response(
        _csv(page.rights) if is_csv else _ndjson(page.rights),
        media_type="text/csv; charset=utf-8" if is_csv else "application/x-ndjson",
        headers={"Next-After": str(page.next), "Has-More": str(page.has_more).lower()},
    )


def _csv(rights: Sequence[ExportedRight]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(getattr(right, name)) for name in COLUMNS] for right in rights)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _ndjson(rights: Sequence[ExportedRight]) -> bytes:
    return b"".join(orjson.dumps(asdict(right)) + b"\n" for right in rights)
