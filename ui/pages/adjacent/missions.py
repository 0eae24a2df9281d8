"""The expert's desk (bureau de l'expert): missions under way, one file each, the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, Forbidden, InvalidInput
from medcontrol.model import ControlFile, ExpertMission
from medcontrol.vocabulary import Role
from ui.downloads import shown_document
from ui.forms import Errors, is_ticked, text_of
from ui.notices import see_other
from ui.pages.adjacent.sending import Typed, end_step, errors_of, typed_of, version_of
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.linked.expertise import MissionView, missions, read_document, read_mission

router = APIRouter(prefix="/missions")
_OUTCOMES = {
    "report": ("reported", "mission.reported"),
    "decline": ("declined", "mission.left"),
    "step-down": ("stepped_down", "mission.left"),
    "no-show": ("no_show", "mission.left"),
}


@dataclass(frozen=True, slots=True)
class ListPage:
    """The missions under way."""

    missions: Sequence[tuple[ExpertMission, ControlFile]]
    today: date


@dataclass(frozen=True, slots=True)
class MissionPage:
    """One mission: questions, documents chosen, and the report to write."""

    view: MissionView
    typed: Typed
    errors: Errors
    today: date

    @property
    def is_awaited(self) -> bool:
        """Whether the report can be handed in now."""
        return self.view.task is not None


@router.get("")
def show_list(request: Request, visitor: Me) -> Response:
    """Draw the missions under way of the expert who is logged in."""
    visitor.must_have(Role.EXPERT)
    with read_only() as session:
        page = ListPage(missions(session, visitor.principal), visitor.today)
        return render(request, "adjacent/missions.html", page)


@router.get("/{mission_id}")
def show_mission(request: Request, visitor: Me, mission_id: UUID) -> Response:
    """Draw one mission; reading it is recorded."""
    visitor.must_have(Role.EXPERT)
    return _draw(request, visitor, mission_id, Typed(), Errors())


def _draw(
    request: Request, visitor: Visitor, mission_id: UUID, typed: Typed, errors: Errors
) -> Response:
    view = read_mission(visitor.principal, visitor.site.tools, mission_id, now=visitor.now)
    page = MissionPage(view, typed, errors, visitor.today)
    return render(request, "adjacent/mission.html", page, status_code=422 if errors else 200)


@router.get("/{mission_id}/documents/{document_id}")
def show_document(visitor: Me, mission_id: UUID, document_id: UUID) -> Response:
    """Return a document that was chosen for the mission."""
    visitor.must_have(Role.EXPERT)
    store = visitor.site.tools.documents
    found = read_document(visitor.principal, store, mission_id, document_id, now=visitor.now)
    return shown_document(*found)


@router.post("/{mission_id}/{action}")
def end(request: Request, visitor: Me, form: Posted, mission_id: UUID, action: str) -> Response:
    """Hand in the report, or leave the mission with a reason."""
    visitor.must_have(Role.EXPERT)
    if action not in _OUTCOMES:
        raise Forbidden("there is no such action")
    outcome, notice = _OUTCOMES[action]
    answers: dict[str, object] = {
        name: text for name in ("report", "conclusions", "note") if (text := text_of(form, name))
    }
    answers["had_treating_doctor"] = is_ticked(form, "had_treating_doctor")
    try:
        if outcome in ("declined", "stepped_down") and not answers.get("note"):
            raise InvalidInput("say why", field="note")
        view = read_mission(visitor.principal, visitor.site.tools, mission_id, now=visitor.now)
        with transaction() as session:
            end_step(
                session, visitor, view.task,
                {"expected_version": version_of(form), "outcome": outcome, "form": answers},
            )  # fmt: skip
    except DomainError as error:
        return _draw(request, visitor, mission_id, typed_of(form), errors_of(error))
    return see_other("/missions", notice)
