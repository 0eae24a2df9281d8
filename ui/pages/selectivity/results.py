"""What controls find: rules against chance, proposals, drift, blue files of the week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.model import RuleProposal, SelectivityAlert
from medcontrol.vocabulary import MeasureKind, Role
from selectivity.outcomes import measures, proposals
from selectivity.outcomes.effectiveness import Effect, effect_from_json
from selectivity.outcomes.sentences import segment_sentence
from selectivity.outcomes.weekly_reading import WeekView, weeks
from ui.forms import as_uuid, text_of
from ui.notices import see_other
from ui.pages.selectivity.versions import READERS
from ui.rendering import render
from ui.visitors import Me, Posted

router = APIRouter(prefix="/selectivity/results")
_MOVED = 8


@dataclass(frozen=True, slots=True)
class Shifted:
    """A feature that moved, with its largest bins."""

    feature: str
    psi: float
    bins: tuple[tuple[str, float, float], ...]

    @property
    def tone(self) -> str:
        """Colour of the index, by its usual bounds."""
        return "bad" if self.psi >= 0.25 else "warn" if self.psi >= 0.1 else "good"


@dataclass(frozen=True, slots=True)
class Sum:
    """A cumulative sum with the points of its line, in a box of 300 by 60."""

    direction: str
    rate: float
    alarm_on: date | None
    points: str
    limit_y: float


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """A proposal with its sentence in the reader's language."""

    row: RuleProposal
    sentence: str

    @property
    def led_to(self) -> str | None:
        """Address of what accepting it made."""
        kind, _, name = (self.row.led_to or "").partition(":")
        if kind == "rules":
            return f"/selectivity/rules/{name}"
        return f"/selectivity/cases/{name}" if kind == "case" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsPage:
    """Everything that the last night measured."""

    as_of: date | None
    since: date | None
    base: Effect | None
    effects: Sequence[Effect]
    alerts: Sequence[SelectivityAlert]
    proposals: Sequence[ShownProposal]
    shifts: Sequence[Shifted]
    sums: Sequence[Sum]
    weeks: Sequence[WeekView]
    scan: Mapping[str, Any]
    may_write: bool
    may_see_cases: bool

    @property
    def tab(self) -> str:
        """The tab of selectivity that the page belongs to."""
        return "results"

    @property
    def scale(self) -> float:
        """Rate at the right end of the bars."""
        tops = [each.high for each in (*self.effects, *([self.base] if self.base else []))
                if each.controls]  # fmt: skip
        return min(1.0, max([0.1, *tops]))

    def of_kind(self, kind: str) -> list[Effect]:
        """Return the effects of one kind, the most certain finds first."""
        found = [each for each in self.effects if each.kind == kind]
        return sorted(found, key=lambda each: (-each.low if each.controls else 1, each.key))


@router.get("")
def show_results(request: Request, visitor: Me) -> Response:
    """Draw the results of the last night."""
    visitor.must_have(*READERS)
    place = visitor.site.jurisdiction
    language = request.state.shell.language
    with read_only() as session:
        kept = measures.latest(session, place, MeasureKind.EFFECTIVENESS)
        effects = [effect_from_json(each) for each in kept.content["effects"]] if kept else []
        scan = measures.latest(session, place, MeasureKind.SCAN)
        shifts, sums = _drift(session, place)
        page = ResultsPage(
            as_of=kept.as_of if kept else None,
            since=date.fromisoformat(kept.content["since"]) if kept else None,
            base=next((each for each in effects if each.kind == "baseline"), None),
            effects=[each for each in effects if each.kind != "baseline"],
            alerts=measures.open_alerts(session, place),
            proposals=[
                ShownProposal(row, segment_sentence(row.condition, language)
                              if row.condition else row.subject)
                for row in proposals.proposals(session, place, most=40)
            ],
            shifts=shifts, sums=sums, weeks=weeks(session, place),
            scan=dict(scan.content) | {"as_of": scan.as_of} if scan else {},
            may_write=visitor.principal.has(Role.ANALYST),
            may_see_cases=visitor.principal.has(Role.ANALYST, Role.AUDITOR),
        )  # fmt: skip
        return render(request, "selectivity/results.html", page)


def _drift(session: Session, place: str) -> tuple[list[Shifted], list[Sum]]:
    kept = measures.latest(session, place, MeasureKind.DRIFT)
    if kept is None:
        return [], []
    moved = [
        Shifted(each["feature"], each["psi"], tuple(tuple(part) for part in each["bins"][:3]))
        for each in kept.content["shifts"][:_MOVED]
    ]
    return moved, [_sum(each) for each in kept.content["cusum"]]


def _sum(kept: Mapping[str, Any]) -> Sum:
    values = [value for _, value in kept["path"]] or [0.0]
    top = max(kept["limit"], *values) * 1.1
    step = 300 / max(1, len(values) - 1)
    points = " ".join(
        f"{n * step:.1f},{60 - 60 * value / top:.1f}" for n, value in enumerate(values)
    )
    alarm = kept["alarm_on"]
    return Sum(
        kept["direction"], kept["rate"], date.fromisoformat(alarm) if alarm else None, points,
        60 - 60 * kept["limit"] / top,
    )  # fmt: skip


@router.post("/proposals/{proposal}/accept")
def accept(visitor: Me, form: Posted, proposal: str) -> Response:
    """Do what a proposal says; lead to the draft or the case that it made."""
    visitor.must_have(Role.ANALYST)
    key = as_uuid(proposal)
    if key is None:
        raise NotFound("there is no such proposal")
    with transaction() as session:
        row = proposals.accept(session, key, actor=visitor.principal, now=visitor.now)
        address = ShownProposal(row, "").led_to
    return see_other(address or "/selectivity/results", "created")


@router.post("/proposals/{proposal}/dismiss")
def dismiss(visitor: Me, form: Posted, proposal: str) -> Response:
    """Set a proposal aside, with a reason."""
    visitor.must_have(Role.ANALYST)
    key = as_uuid(proposal)
    if key is None:
        raise NotFound("there is no such proposal")
    with transaction() as session:
        proposals.dismiss(
            session, key, text_of(form, "reason", 500), actor=visitor.principal, now=visitor.now
        )
    return see_other("/selectivity/results#proposals-title", "saved")
