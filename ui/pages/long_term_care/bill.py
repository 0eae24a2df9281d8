"""The bill that a file controls: what was accepted, cut and why, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.queries.file_loading import open_file
from ui.rendering import render
from ui.visitors import Me
from workflows.care.bill_reading import CheckRow, read_bill

router = APIRouter(prefix="/long-term-care")
_DAYS = frozenset({"from", "to", "since", "month"})
_MINUTES = frozenset({"billed", "accepted", "minutes"})


@dataclass(frozen=True, slots=True)
class BillPage:
    """A bill with its checks; ``result`` as it was kept, with days and exact minutes read."""

    reference: str
    checks: Sequence[CheckRow]
    result: dict[str, Any]


@router.get("/bills/{reference}")
def show(request: Request, visitor: Me, reference: str) -> Response:
    """Draw the bill of a file; who may not read its medical content gets a refusal."""
    with read_only() as session:
        opened = open_file(session, visitor.principal, reference)
    found = read_bill(
        visitor.principal, opened.file.id, visitor.site.tools.keys, purpose="care_bill",
        now=lambda: visitor.now,
    )  # fmt: skip
    page = BillPage(reference, found.checks, _read(found.result))
    return render(request, "long_term_care/bill.html", page)


def _read(value: Any, name: str = "") -> Any:
    """Return a kept result with its days as days and its minutes as fractions, at every depth."""
    if isinstance(value, dict):
        return {key: _read(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_read(part, name) for part in value]
    if isinstance(value, str) and name in _DAYS:
        return date.fromisoformat(value)
    return Fraction(value) if isinstance(value, str) and name in _MINUTES else value
