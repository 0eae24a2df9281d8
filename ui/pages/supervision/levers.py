"""Levers of assignment (leviers): what each is, since when and why, and what another would do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from assignment import levers
from assignment.effects import Effect, effect, value_of
from assignment.levers import LEVERS, Range
from medcontrol.db import read_only, transaction
from medcontrol.errors import Forbidden, InvalidInput, NotFound
from medcontrol.policy import Principal
from medcontrol.queries.people_names import user_names
from medcontrol.vocabulary import ControlLevel, Role
from ui.forms import Errors, day_of, text_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/supervision/levers")
READERS = (Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR, Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Said:
    """One setting of a lever, as it stands in the history."""

    value: float
    valid_from: date
    recorded_at: datetime
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Lever:
    """A lever with what it is today and what was said of it, the last first."""

    name: str
    range: Range
    value: float
    history: tuple[Said, ...]

    @property
    def last(self) -> Said | None:
        """What was said last."""
        return self.history[0] if self.history else None


@dataclass(frozen=True, slots=True)
class LeversPage:
    """All levers."""

    levers: tuple[Lever, ...]
    may_write: bool
    today: date


@dataclass(frozen=True, slots=True)
class LeverPage:
    """One lever, what was typed, and what that would do."""

    lever: Lever
    may_write: bool
    today: date
    typed: Mapping[str, str]
    errors: Mapping[str, str]
    effect: Effect | None = None


@router.get("")
def show_levers(request: Request, visitor: Me) -> Response:
    """List the levers."""
    visitor.must_have(*READERS)
    with read_only() as session:
        found = _levers(session, visitor)
    page = LeversPage(found, may_set(visitor.principal), visitor.today)
    return render(request, "supervision/levers.html", page)


@router.get("/{name}")
def show_lever(request: Request, visitor: Me, name: str) -> Response:
    """Show one lever; a value in the address is tried on today's pool."""
    visitor.must_have(*READERS)
    query = request.query_params
    typed = {field: text_of(query, field, 1000) for field in ("value", "why", "valid_from")}
    if not typed["value"]:
        return _draw(request, visitor, name, typed, {})
    try:
        with read_only() as session:
            found = effect(
                session, visitor.site.jurisdiction, name, _number(typed["value"]), now=visitor.now
            )
    except InvalidInput as refusal:
        if refusal.field == "name":
            raise NotFound(f"no lever {name}") from None
        return _draw(request, visitor, name, typed, {"value": "number_invalid"})
    return _draw(request, visitor, name, typed, {}, found)


@router.post("/{name}/set")
def set_lever(request: Request, visitor: Me, form: Posted, name: str) -> Response:
    """Set a lever from a day on."""
    visitor.must_have(*READERS)
    if not may_set(visitor.principal):
        raise Forbidden("levers are set at the central level")
    typed = {field: text_of(form, field, 1000) for field in ("value", "why", "valid_from")}
    since = day_of(form, "valid_from") or visitor.today
    if since < visitor.today:
        return _draw(request, visitor, name, typed, {"valid_from": "date_past"})
    try:
        with transaction() as session:
            levers.set_lever(
                session, name, _number(typed["value"]), valid_from=since,
                who=visitor.principal.id, why=typed["why"], now=visitor.now,
            )  # fmt: skip
    except InvalidInput as refusal:
        if refusal.field == "name":
            raise NotFound(f"no lever {name}") from None
        codes = {"value": "number_invalid", "why": "required"}
        field = refusal.field or "value"
        return _draw(request, visitor, name, typed, {field: codes.get(field, "invalid_input")})
    return see_other(f"/supervision/levers/{name}", "lever.set")


def may_set(principal: Principal) -> bool:
    """Return whether somebody may set levers: they steer the files of every unit."""
    return any(
        grant.role is Role.ADMINISTRATOR
        or (grant.role is Role.SUPERVISOR and grant.level is ControlLevel.CENTRAL)
        for grant in principal.grants
    )


def _number(text: str) -> float:
    """Return a number as typed, with a point or a comma.

    Raises:
        InvalidInput: it is none (field ``value``).
    """
    try:
        return float(text.replace(",", ".").replace(" ", ""))
    except ValueError:
        raise InvalidInput("no number", field="value") from None


def _levers(session: Session, visitor: Visitor) -> tuple[Lever, ...]:
    present = levers.current(session, visitor.today)
    rows = levers.history(session)
    names: Mapping[UUID, str] = user_names(session, {row.who for row in rows if row.who})
    return tuple(
        Lever(
            name,
            allowed,
            value_of(present, name),
            tuple(
                Said(row.value, row.valid_from, row.recorded_at,
                     names.get(row.who, "") if row.who else "", row.why)
                for row in rows
                if row.name == name
            ),
        )
        for name, allowed in LEVERS.items()
    )  # fmt: skip


def _draw(
    request: Request,
    visitor: Visitor,
    name: str,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    found: Effect | None = None,
) -> Response:
    with read_only() as session:
        known = {lever.name: lever for lever in _levers(session, visitor)}
    if name not in known:
        raise NotFound(f"no lever {name}")
    page = LeverPage(
        known[name], may_set(visitor.principal), visitor.today, typed, Errors(errors), found
    )
    return render(request, "supervision/lever.html", page, status_code=422 if errors else 200)
