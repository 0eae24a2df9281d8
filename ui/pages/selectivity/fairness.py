"""Whether control falls on groups of people alike, in plain words and with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.vocabulary import MeasureKind
from selectivity.outcomes import measures
from selectivity.outcomes.fairness import GroupLine, Scope, line_from_json
from ui.forms import member_of
from ui.pages.selectivity.versions import READERS
from ui.rendering import render
from ui.visitors import Me

router = APIRouter(prefix="/selectivity/fairness")


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessPage:
    """The lines of one scope, by dimension."""

    as_of: date | None
    since: date | None
    files: int
    error: float
    scope: Scope
    lines: Sequence[GroupLine]
    alerts: Sequence[GroupLine]

    @property
    def tab(self) -> str:
        """The tab of selectivity that the page belongs to."""
        return "fairness"

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """What may be looked at."""
        return tuple(Scope)

    @property
    def dimensions(self) -> list[str]:
        """Dimensions that have groups to compare, in their order."""
        return list(dict.fromkeys(line.dimension for line in self.lines))

    def of(self, dimension: str) -> list[GroupLine]:
        """Return the groups of a dimension."""
        return [line for line in self.lines if line.dimension == dimension]


@router.get("")
def show_fairness(request: Request, visitor: Me) -> Response:
    """Draw the last night's measure of fairness."""
    visitor.must_have(*READERS)
    scope = member_of(request.query_params, "scope", Scope) or Scope.OVERALL
    with read_only() as session:
        kept = measures.latest(session, visitor.site.jurisdiction, MeasureKind.FAIRNESS)
    lines = [line_from_json(each) for each in kept.content["lines"]] if kept else []
    page = FairnessPage(
        as_of=kept.as_of if kept else None,
        since=date.fromisoformat(kept.content["since"]) if kept else None,
        files=kept.content["files"] if kept else 0,
        error=kept.content["error"] if kept else 0.0,
        scope=scope,
        lines=[line for line in lines if line.scope is scope],
        alerts=[line for line in lines if line.is_alert],
    )
    return render(request, "selectivity/fairness.html", page)
