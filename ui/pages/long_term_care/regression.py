"""What a change of the law of long-term care would do (rapport de non-régression)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.errors import InvalidInput
from medcontrol.legal.loading import law
from medcontrol.services.care_regression import OF_BILLS, count_bills
from medcontrol.services.long_term_care import changeable
from medcontrol.vocabulary import Role
from ui.forms import Errors, as_day, text_of
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.care.regression import Regression, regress

router = APIRouter(prefix="/long-term-care")
READERS: Final = (Role.ADMINISTRATOR, Role.ANALYST, Role.REFERENCE_MANAGER)
#: Bills that a page works out while somebody waits; the command line takes any number.
MOST_BILLS: Final = 20_000
MOST_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class RegressionPage:
    """A parameter, its new value, and what came of it.

    Attributes:
        choices: what a parameter of words may hold, by path; empty for whole numbers.
        now: its value today, by path.
    """

    choices: Mapping[str, Sequence[str]]
    now: Mapping[str, str]
    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=Errors)
    found: Regression | None = None
    most: int = MOST_ROWS


@router.get("/regression")
def show(request: Request, visitor: Me) -> Response:
    """Draw the empty form."""
    visitor.must_have(*READERS)
    page = _page(visitor, {"path": "aev.weekly_overrun_minutes"})
    return render(request, "long_term_care/regression.html", page)


@router.post("/regression")
def work_out(request: Request, visitor: Me, form: Posted) -> Response:
    """Work everything out under the other law; nothing is written."""
    visitor.must_have(*READERS)
    typed = {name: text_of(form, name, 64) for name in ("path", "value", "from")}
    page = _worked_out(visitor, typed)
    status = 422 if page.errors else 200
    return render(request, "long_term_care/regression.html", page, status_code=status)


def _worked_out(visitor: Visitor, typed: Mapping[str, str]) -> RegressionPage:
    path, since = typed["path"], as_day(typed["from"])
    if typed["from"] and since is None:
        return _page(visitor, typed, {"from": "date"})
    with read_only() as session:
        if path.startswith(OF_BILLS) and count_bills(session, since, MOST_BILLS) > MOST_BILLS:
            return _page(visitor, typed, {"from": "too_many_bills"})
        try:
            found = regress(
                session, visitor.site.tools, {path: typed["value"]}, since=since,
                today=visitor.today,
            )  # fmt: skip
        except InvalidInput as error:
            name = {"from": "from"}.get(error.field or "", "value")
            code = "not_then" if name == "from" else "value_unknown"
            return _page(visitor, typed, {name if path in changeable() else "path": code})
    return _page(visitor, typed, found=found)


def _page(
    visitor: Visitor,
    typed: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    found: Regression | None = None,
) -> RegressionPage:
    held, choices = law("lu"), changeable()
    now = {path: _value(path, visitor.today) for path in choices if path in held.paths}
    return RegressionPage(choices, now, typed, Errors(errors or {}), found)


def _value(path: str, today: date) -> str:
    """Return the value that holds today, the last one where none does any more."""
    values = law("lu").parameter(path).values
    begun = [each for each in values if each.since <= today] or values[:1]
    return str(begun[-1].value)
