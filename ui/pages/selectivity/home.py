"""The first page of selectivity: lanes, random floor, capacity, what needs attention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.model import Experiment, ReplayRun
from medcontrol.vocabulary import ExperimentStatus, Role
from selectivity.backtest import experiments, overview, shadow
from selectivity.backtest.overview import Floor, Lanes
from selectivity.backtest.shadow import ShadowReport
from selectivity.lifecycle import store
from selectivity.outcomes.effectiveness import Effect, by_row
from selectivity.records.replay import last_run
from selectivity.tables import Row
from ui.forms import whole_of
from ui.rendering import render
from ui.visitors import Me, Visitor
from workflows.rights.outlook import MOST_AWAY, Outlook, load_outlook

router = APIRouter(prefix="/selectivity")

READERS = (Role.ANALYST, Role.AUDITOR, Role.SUPERVISOR)
_ATTENTION = frozenset({"suspend", "like_random"})


@dataclass(frozen=True, slots=True)
class Attention:
    """A row that somebody should look at: it ends, or finds no more than the draw does."""

    row: Row
    ends: bool
    is_over: bool
    effect: Effect | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """What the page draws."""

    rules: str
    lanes: Lanes | None
    floor: Floor | None
    outlook: Outlook | None
    attention: Sequence[Attention]
    replay: ReplayRun | None
    shadows: Sequence[ShadowReport]
    running: Sequence[Experiment]
    most_away: int = MOST_AWAY
    tab: str = "home"


@router.get("")
def show_home(request: Request, visitor: Me) -> Response:
    """Draw what selectivity does today, and what needs attention."""
    visitor.must_have(*READERS)
    page = _load(visitor, whole_of(request.query_params, "away") or 0)
    return render(request, "selectivity/home.html", page)


def _load(visitor: Visitor, away: int) -> HomePage:
    place, today = visitor.site.jurisdiction, visitor.today
    with read_only() as session:
        rules = store.in_force(session, place, today)
        lanes = overview.load_lanes(session, place, visitor.now)
        floor = overview.load_floor(session, place, rules, lanes.day) if lanes else None
        trials = experiments.listed(session, place)
        shadows = [
            shadow.report(session, place, each.name, since=today - overview.WEEK)
            for each in store.shadow(session, place, today)
        ]
        ending = {row.id: row for row in overview.ending_rows(rules, today)}
        effects = by_row(session, place)
        return HomePage(
            rules=rules.name,
            lanes=lanes,
            floor=floor,
            outlook=load_outlook(session, place, away=away, now=visitor.now),
            attention=[
                Attention(row, row.id in ending, row.expires_on < today, effects.get(row.id))
                for row in rules.rows
                if row.id in ending or _is_weak(effects, row.id)
            ],
            replay=last_run(session, place),
            shadows=shadows,
            running=[each for each in trials if each.status is ExperimentStatus.RUNNING],
        )


def _is_weak(effects: Mapping[str, Effect], row: str) -> bool:
    found = effects.get(row)
    return found is not None and found.verdict.value in _ATTENTION
