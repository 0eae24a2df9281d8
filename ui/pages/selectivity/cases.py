"""Cases about providers, at central level: figures and files, no person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.model import ProviderCase
from medcontrol.vocabulary import Role
from selectivity.outcomes import case_views, provider_cases
from selectivity.outcomes.case_views import CaseView
from selectivity.outcomes.provider_cases import Suspicion
from selectivity.outcomes.sentences import segment_sentence
from ui.forms import as_uuid, text_of, whole_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted

router = APIRouter(prefix="/selectivity/cases")
READERS = (Role.ANALYST, Role.AUDITOR, Role.CENTRAL_DOCTOR)
WORKERS = (Role.ANALYST, Role.CENTRAL_DOCTOR)


@dataclass(frozen=True, slots=True)
class CasesPage:
    """All cases."""

    cases: Sequence[ProviderCase]
    may_open: bool
    is_analyst: bool

    @property
    def tab(self) -> str:
        """The tab of selectivity that the page belongs to."""
        return "results"


@dataclass(frozen=True, slots=True)
class CasePage:
    """One case."""

    view: CaseView
    may_work: bool
    is_analyst: bool
    language: str

    def segment(self, condition: Sequence[Any]) -> str:
        """Return a segment in the reader's words."""
        return segment_sentence(condition, self.language)

    @property
    def tab(self) -> str:
        """The tab of selectivity that the page belongs to."""
        return "results"


@router.get("")
def show_cases(request: Request, visitor: Me) -> Response:
    """Draw the list of cases."""
    visitor.must_have(*READERS)
    with read_only() as session:
        found = case_views.cases(session, visitor.site.jurisdiction)
        page = CasesPage(
            found, visitor.principal.has(*WORKERS),
            visitor.principal.has(Role.ANALYST, Role.AUDITOR),
        )  # fmt: skip
        return render(request, "selectivity/cases.html", page)


@router.post("")
def open_case(visitor: Me, form: Posted) -> Response:
    """Open a case on a person's own suspicion."""
    visitor.must_have(*WORKERS)
    suspicion = Suspicion(
        provider_id=text_of(form, "provider_id", 64), origin="person", facts={}, files=()
    )
    with transaction() as session:
        case = provider_cases.open_case(
            session, visitor.site.jurisdiction, suspicion, actor=visitor.principal, now=visitor.now
        )
        provider_cases.note(
            session, case.id, text_of(form, "note", 500), actor=visitor.principal, now=visitor.now
        )
        address = f"/selectivity/cases/{case.id}"
    return see_other(address, "created")


@router.get("/{case}")
def show_case(request: Request, visitor: Me, case: str) -> Response:
    """Draw a case with its evidence, files and events."""
    visitor.must_have(*READERS)
    key = as_uuid(case)
    if key is None:
        raise NotFound("there is no such case")
    with read_only() as session:
        page = CasePage(
            case_views.view(session, key), provider_cases.may_work(visitor.principal),
            visitor.principal.has(Role.ANALYST, Role.AUDITOR), request.state.shell.language,
        )  # fmt: skip
        return render(request, "selectivity/case.html", page)


@router.post("/{case}/{action}")
def work(visitor: Me, form: Posted, case: str, action: str) -> Response:
    """Take a case, add a remark, or close it with its conclusion."""
    visitor.must_have(*WORKERS)
    key = as_uuid(case)
    if key is None or action not in ("take", "note", "founded", "unfounded"):
        raise NotFound("there is no such case")
    who, now = visitor.principal, visitor.now
    seen = whole_of(form, "version")
    text = text_of(form, "note", 500)
    with transaction() as session:
        if action == "take":
            provider_cases.take(session, key, actor=who, now=now, version=seen)
        elif action == "note":
            provider_cases.note(session, key, text, actor=who, now=now)
        else:
            provider_cases.conclude(
                session, key, founded=action == "founded", text=text, actor=who, now=now,
                version=seen,
            )  # fmt: skip
    return see_other(f"/selectivity/cases/{key}", "saved")
