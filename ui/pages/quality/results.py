"""What second readings found: agreement, findings to answer, letters that left unread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.legal.loading import law
from medcontrol.model import SecondReading
from medcontrol.queries.agreement import (
    WATCHERS,
    AgreementLine,
    by,
    by_doctor,
    compared,
    fewest_pairs,
    line,
    region_names,
    scope_of,
)
from medcontrol.queries.readings import FollowedReading, followed
from medcontrol.reference.strata import strata
from medcontrol.rules.calendar import add_months
from medcontrol.vocabulary import Role
from ui.forms import as_uuid, text_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.linked import quality

router = APIRouter(prefix="/quality/results")
_MONTHS = (3, 6, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPage:
    """Agreement of the readings of some months, and what waits for an answer."""

    months: int
    since: date
    total: AgreementLine
    flows: Sequence[AgreementLine]
    regions: Sequence[AgreementLine]
    region_names: Mapping[str, str]
    strata: Mapping[str, str]
    doctors: Sequence[AgreementLine] | None  # for coordinators only
    doctors_left_out: int
    own: AgreementLine | None
    fewest: int
    fewest_doctor: int
    followed: Sequence[FollowedReading]
    may_answer: bool
    is_watcher: bool
    choices: tuple[int, ...] = _MONTHS


@router.get("")
def show_results(request: Request, visitor: Me) -> Response:
    """Draw the agreement of one's regions; a doctor sees their own alone."""
    visitor.must_have(*WATCHERS, Role.DOCTOR)
    typed = text_of(request.query_params, "months", 3)
    months = int(typed) if typed in map(str, _MONTHS) else _MONTHS[1]
    language = request.state.shell.language
    with read_only() as session:
        page = _page(session, visitor, months, language)
    return render(request, "quality/results.html", page)


def _page(session: Session, visitor: Visitor, months: int, language: str) -> ResultsPage:
    principal, place, today = visitor.principal, visitor.site.jurisdiction, visitor.today
    since = add_months(today, -months)
    found = compared(session, scope_of(principal), place, since=since, until=today)
    fewest = fewest_pairs(place, today)
    is_coordinator = principal.has(Role.COORDINATOR)
    doctors, left_out = by_doctor(found, place, on=today) if is_coordinator else (None, 0)
    return ResultsPage(
        months=months,
        since=since,
        total=line("", "", found, fewest),
        flows=by(found, "flow", fewest),
        regions=by(found, "region", fewest),
        region_names=region_names(session, place),
        strata={code: one.title.in_language(language) for code, one in strata(place).items()},
        doctors=doctors,
        doctors_left_out=left_out,
        own=_own(session, visitor, since),
        fewest=fewest,
        fewest_doctor=law(place).number("quality.doctor_minimum_pairs", today).value,
        followed=followed(session, principal, since=since),
        may_answer=is_coordinator,
        is_watcher=principal.has(*WATCHERS),
    )


def _own(session: Session, visitor: Visitor, since: date) -> AgreementLine | None:
    """Return a doctor's own agreement, None for who is none."""
    doctor = visitor.principal.doctor_id
    if doctor is None:
        return None
    place, today = visitor.site.jurisdiction, visitor.today
    fewest = law(place).number("quality.doctor_minimum_pairs", today).value
    mine = SecondReading.author_doctor_id == doctor
    found = compared(session, mine, place, since=since, until=today)  # type: ignore[arg-type]
    return line(str(doctor), "", found, fewest)


@router.post("/{reading}/set-aside")
def set_aside(visitor: Me, form: Posted, reading: str) -> Response:
    """Close a reading that nobody is to make."""
    visitor.must_have(Role.COORDINATOR)
    with transaction() as session:
        quality.set_aside(
            session, visitor.site.tools, _key(reading), principal=visitor.principal,
            now=visitor.now,
        )  # fmt: skip
    return see_other("/quality/results", "reading.set_aside")


@router.post("/{reading}/accept")
def accept(visitor: Me, form: Posted, reading: str) -> Response:
    """Open the request again, as a major finding proposes."""
    visitor.must_have(Role.COORDINATOR)
    with transaction() as session:
        child = quality.accept_correction(
            session, visitor.site.tools, _key(reading), principal=visitor.principal,
            now=visitor.now,
        )  # fmt: skip
        reference = child.reference
    return see_other(f"/files/{reference}", "correction.opened")


@router.post("/{reading}/dismiss")
def dismiss(visitor: Me, form: Posted, reading: str) -> Response:
    """Leave the decision as it is, with a reason."""
    visitor.must_have(Role.COORDINATOR)
    with transaction() as session:
        quality.dismiss_correction(
            session, _key(reading), text_of(form, "reason", 500), principal=visitor.principal,
            now=visitor.now,
        )  # fmt: skip
    return see_other("/quality/results", "correction.dismissed")


def _key(text: str) -> UUID:
    found = as_uuid(text)
    if found is None:
        raise NotFound("there is no such reading")
    return found
