"""Champion and challenger: plan, start, follow, end (essais)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, InvalidInput
from medcontrol.model import Experiment
from medcontrol.vocabulary import (
    ExperimentMetric,
    ExperimentStatus,
    Role,
    RuleSetStatus,
    SplitKey,
)
from selectivity.backtest import experiments
from selectivity.backtest.experiments import Progress, Terms
from selectivity.lifecycle import store
from selectivity.lifecycle.store import Version
from ui.forms import Errors, as_whole, day_of, member_of, text_of, whole_of
from ui.notices import see_other
from ui.pages.selectivity.home import READERS
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/selectivity/experiments")

_OPEN = (RuleSetStatus.APPROVED, RuleSetStatus.SHADOW, RuleSetStatus.BACKTESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPage:
    """The form of an experiment."""

    champion: str
    versions: Sequence[Version]
    typed: Mapping[str, str]
    errors: Errors = field(default_factory=Errors)
    splits: tuple[SplitKey, ...] = tuple(SplitKey)
    metrics: tuple[ExperimentMetric, ...] = tuple(ExperimentMetric)
    least: int = experiments.LEAST_CONTROLS
    tab: str = "backtests"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPage:
    """One experiment: its terms, how far it is, and what came of it once it ended."""

    trial: Experiment
    progress: Progress
    may_write: bool
    error: str | None = None
    tab: str = "backtests"

    @property
    def is_planned(self) -> bool:
        """Whether its terms may still be dropped."""
        return self.trial.status is ExperimentStatus.PLANNED

    @property
    def is_running(self) -> bool:
        """Whether its arms decide now."""
        return self.trial.status is ExperimentStatus.RUNNING


@router.get("/new")
def show_form(request: Request, visitor: Me) -> Response:
    """Draw the form of a new experiment."""
    visitor.must_have(Role.ANALYST)
    return _draw_form(request, visitor, {}, {})


@router.post("/new")
def plan(request: Request, visitor: Me, form: Posted) -> Response:
    """Plan an experiment; nothing decides by it yet."""
    visitor.must_have(Role.ANALYST)
    names = ("title", "challenger", "split_by", "challenger_share", "metric", "stop_controls",
             "stop_on")  # fmt: skip
    typed = {name: text_of(form, name, 200) for name in names}
    stop_on = day_of(form, "stop_on")
    errors = {
        name: "number_invalid"
        for name in ("challenger", "challenger_share", "stop_controls")
        if typed[name] and as_whole(typed[name]) is None
    }
    if typed["stop_on"] and stop_on is None:
        errors["stop_on"] = "date_invalid"
    if not typed["challenger"]:
        errors["challenger"] = "required"
    if errors:
        return _draw_form(request, visitor, typed, errors)
    terms = Terms(
        title=typed["title"],
        challenger=whole_of(form, "challenger") or 0,
        split_by=member_of(form, "split_by", SplitKey) or SplitKey.PROVIDER,
        challenger_share=(whole_of(form, "challenger_share") or 0) * 100,
        metric=member_of(form, "metric", ExperimentMetric) or ExperimentMetric.HIT_RATE,
        stop_controls=whole_of(form, "stop_controls"),
        stop_on=stop_on,
    )
    try:
        with transaction() as session:
            found = experiments.plan(
                session, visitor.site.jurisdiction, terms, by=visitor.principal, now=visitor.now
            )
    except InvalidInput as refusal:
        name = refusal.field or "title"
        return _draw_form(request, visitor, typed, {name: f"experiment.{name}"})
    return see_other(f"/selectivity/experiments/{found}", "experiment.planned")


@router.get("/{experiment_id}")
def show_trial(request: Request, visitor: Me, experiment_id: UUID) -> Response:
    """Draw one experiment."""
    visitor.must_have(*READERS)
    return _draw(request, visitor, experiment_id)


@router.post("/{experiment_id}")
def act(request: Request, visitor: Me, form: Posted, experiment_id: UUID) -> Response:
    """Start an experiment, or end it before its time."""
    visitor.must_have(Role.ANALYST)
    what = text_of(form, "do", 16)
    try:
        with transaction() as session:
            found = experiments.find(session, visitor.site.jurisdiction, experiment_id)
            was_planned = found.status is ExperimentStatus.PLANNED
            done = {"start": experiments.start, "abandon": experiments.abandon}.get(what)
            if done is None:
                raise InvalidInput("nothing that can be done", field="do")
            done(session, experiment_id, by=visitor.principal, now=visitor.now)
    except DomainError as refusal:
        return _draw(request, visitor, experiment_id, refusal.code)
    if what == "abandon" and was_planned:
        return see_other("/selectivity/backtests", "removed")
    notice = "experiment.started" if what == "start" else "ended"
    return see_other(f"/selectivity/experiments/{experiment_id}", notice)


def _draw(
    request: Request, visitor: Visitor, experiment_id: UUID, error: str | None = None
) -> Response:
    with read_only() as session:
        trial = experiments.find(session, visitor.site.jurisdiction, experiment_id)
        page = TrialPage(
            trial=trial,
            progress=experiments.progress(session, experiment_id),
            may_write=visitor.principal.has(Role.ANALYST),
            error=error,
        )
    return render(request, "selectivity/experiment.html", page, status_code=409 if error else 200)


def _draw_form(
    request: Request, visitor: Visitor, typed: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    place = visitor.site.jurisdiction
    with read_only() as session:
        champion = store.in_force(session, place, visitor.today)
        versions = [
            each
            for each in store.versions(session, place)
            if each.status in _OPEN and each.sha256 != champion.sha256
        ]
    page = NewPage(
        champion=champion.name,
        versions=versions,
        typed={
            "title": "", "challenger": "", "split_by": SplitKey.PROVIDER.value,
            "challenger_share": "20", "metric": ExperimentMetric.HITS_PER_100_POINTS.value,
            "stop_controls": "300", "stop_on": "", **typed,
        },
        errors=Errors(errors),
    )  # fmt: skip
    return render(
        request, "selectivity/new_experiment.html", page, status_code=422 if errors else 200
    )
