"""Why a file was chosen, or why not: every row and cell, draw and score, for those who may know."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.errors import NotFound
from medcontrol.model import ReceivedFile
from medcontrol.policy import Action, visible
from medcontrol.services.medical import log_reading
from selectivity.records.explaining import explain
from selectivity.records.explanation import Explanation
from selectivity.records.stored import Stored, find
from ui.forms import text_of
from ui.pages.selectivity.home import READERS
from ui.rendering import render
from ui.visitors import Me, Visitor

router = APIRouter(prefix="/selectivity/decisions")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPage:
    """The explanation of one file, or that there is none."""

    asked: str
    found: Explanation | None
    tab: str = "home"


@router.get("")
def show_decision(request: Request, visitor: Me) -> Response:
    """Draw why a file went where it went; it is named by its reference or its external id.

    Values of class medical are masked, unless somebody with the right to read them asks for them
    (``medical=1``), which is logged.
    """
    visitor.must_have(*READERS)
    asked = text_of(request.query_params, "file", 200)
    wants_medical = text_of(request.query_params, "medical", 1) == "1"
    found, status = None, 200
    if asked:
        try:
            found = _explained(visitor, asked, with_medical=wants_medical)
        except NotFound:
            status = 404
    page = DecisionPage(asked=asked, found=found)
    return render(request, "selectivity/decision.html", page, status_code=status)


def _explained(visitor: Visitor, asked: str, *, with_medical: bool) -> Explanation:
    allowed = visible(visitor.principal, ReceivedFile, Action.EXPLAIN)
    with read_only() as session:
        stored = find(session, asked, allowed)
    if with_medical:
        _log(visitor, stored)
    with read_only() as session:
        return explain(session, visitor.site.tools.keys, stored, with_medical=with_medical)


def _log(visitor: Visitor, stored: Stored) -> None:
    """Log the reading; a file without control has no medical content that anybody may read.

    Raises:
        Forbidden: the policy says no.
        NotFound: the file was never controlled.
    """
    if stored.control_file_id is None:
        raise NotFound("medical content of a file without control", field="file")
    log_reading(
        visitor.principal,
        stored.control_file_id,
        "selectivity",
        "selectivity explanation",
        now=visitor.site.clock,
    )
