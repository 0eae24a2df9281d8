"""Why this doctor has a file: who else might, at what cost, and who may not (pourquoi moi ?)."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from assignment.explaining import TaskExplained, explain
from medcontrol.db import read_only
from medcontrol.errors import Forbidden
from medcontrol.policy import Action
from medcontrol.queries.file_loading import OpenFile, open_file
from ui.rendering import render
from ui.visitors import Me
from ui.words import PackWords

router = APIRouter(prefix="/files/{reference}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyDoctorPage:
    """The open medical steps of a file, each with its doctor, the next ones and the obstacles."""

    reference: str
    steps: tuple[tuple[str, TaskExplained], ...]  # title of the step in the reader's language


@router.get("/why-doctor")
def show(request: Request, visitor: Me, reference: str) -> Response:
    """Draw who might have the file, with each term of the cost, and how many may not and why.

    Raises:
        NotFound: no such file, or the policy hides it.
        Forbidden: neither may the reader have the choice explained nor give the file away.
    """
    with read_only() as session:
        opened = open_file(session, visitor.principal, reference)
        if not may_compare(opened):
            raise Forbidden("why this doctor has the file")
        found = explain(
            session, opened.file.id, jurisdiction=opened.file.jurisdiction, now=visitor.now
        )
    pack = visitor.site.tools.catalog.get(opened.file.pack, opened.file.flow)
    words = PackWords(pack, str(request.state.shell.language))
    steps = tuple((words.step(each.step), each) for each in found)
    return render(request, "file/why_doctor.html", WhyDoctorPage(reference=reference, steps=steps))


def may_compare(opened: OpenFile) -> bool:
    """Return whether the reader may see other doctors' costs: who explains, or who reassigns."""
    return not opened.allowed.isdisjoint((Action.EXPLAIN, Action.REASSIGN))
