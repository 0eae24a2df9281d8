"""One granted right with its history (historique d'un droit), for those who may see it."""

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.queries.rights import load_right
from medcontrol.vocabulary import Role
from ui.rendering import render
from ui.visitors import Me

router = APIRouter(prefix="/rights")
_READERS = (
    Role.AGENT, Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.SUPERVISOR,
    Role.APPEALS_SECRETARY,
)  # fmt: skip


@router.get("/{number}")
def show_right(request: Request, visitor: Me, number: str) -> Response:
    """Show what was granted, reviewed and put off, and the files about it."""
    visitor.must_have(*_READERS)
    with read_only() as session:
        page = load_right(session, visitor.principal, number)
    return render(request, "periodic/right.html", page)
