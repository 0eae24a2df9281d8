"""Back-tests: the list, a new one, its progress and its result; and shadows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, InvalidInput
from medcontrol.model import BacktestRun, Experiment
from medcontrol.vocabulary import BacktestStatus, Lane, Role
from selectivity.backtest import experiments, jobs, shadow, sources
from selectivity.backtest.jobs import Listed
from selectivity.backtest.shadow import ShadowReport
from selectivity.backtest.tally import DIMENSIONS
from selectivity.lifecycle import store
from selectivity.lifecycle.store import Version
from ui.forms import Errors, as_whole, day_of, text_of
from ui.notices import see_other
from ui.pages.selectivity.home import READERS
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/selectivity/backtests")

DAYS = 90
_FINDINGS = ("all_hits", "base_caught", "caught", "difference", "missed")


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestsPage:
    """Back-tests, experiments and what is in shadow."""

    runs: Sequence[Listed]
    trials: Sequence[Experiment]
    shadows: Sequence[Version]
    versions: Sequence[Version]
    may_write: bool
    has_score: bool
    typed: Mapping[str, str]
    errors: Errors = field(default_factory=Errors)
    tab: str = "backtests"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """One back-test; ``result`` is its stored form."""

    run: BacktestRun
    result: Mapping[str, Any] | None
    lanes: tuple[Lane, ...] = tuple(Lane)
    dimensions: tuple[str, ...] = DIMENSIONS
    findings: tuple[str, ...] = _FINDINGS
    tab: str = "backtests"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is coming."""
        return self.run.status in (BacktestStatus.DONE, BacktestStatus.FAILED)

    @property
    def bars(self) -> list[Mapping[str, Any]]:
        """The days of the chart; weeks when there are many."""
        days = list((self.result or {}).get("days", ()))
        if len(days) <= 70:
            return days
        weeks = [days[start : start + 7] for start in range(0, len(days), 7)]
        return [
            {"day": week[0]["day"],
             **{name: sum(day[name] for day in week) for name in ("files", "controlled", "base")}}
            for week in weeks
        ]  # fmt: skip

    @property
    def highest(self) -> int:
        """The highest bar of the chart."""
        return max((max(each["controlled"], each["base"]) for each in self.bars), default=1) or 1

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """The rows that matched something, those that take most first."""
        rows = [row for row in (self.result or {}).get("rows", ()) if row["matched"]]
        return sorted(rows, key=lambda row: (-row["taken"], -row["matched"], row["row"]))

    @property
    def unmatched(self) -> int:
        """How many rows matched nothing."""
        return len((self.result or {}).get("rows", ())) - len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowPage:
    """What rules in shadow would have done."""

    report: ShadowReport
    samples: Sequence[Any]
    days: int
    lanes: tuple[Lane, ...] = tuple(Lane)
    tab: str = "backtests"

    @property
    def transitions(self) -> dict[str, dict[str, int]]:
        """Files by the lane they got and the lane in shadow."""
        found = self.report.lanes
        return {
            lane.value: {to.value: found.get((lane, to), 0) for to in self.lanes}
            for lane in self.lanes
        }


@router.get("")
def show_backtests(request: Request, visitor: Me) -> Response:
    """Draw the list, and the form of a new back-test."""
    visitor.must_have(*READERS)
    return _draw(request, visitor, {}, {})


@router.post("")
def ask(request: Request, visitor: Me, form: Posted) -> Response:
    """Ask for a back-test; it runs in the background."""
    visitor.must_have(Role.ANALYST)
    names = ("rules", "base", "since", "until", "capacity", "score", "title")
    typed = {name: text_of(form, name, 200) for name in names}
    since, until = day_of(form, "since"), day_of(form, "until")
    days = {"since": since, "until": until}
    errors = {name: "date_invalid" for name, day in days.items() if day is None}
    if typed["capacity"] and as_whole(typed["capacity"]) is None:
        errors["capacity"] = "number_invalid"
    if errors or since is None or until is None:
        return _draw(request, visitor, typed, errors)
    place = visitor.site.jurisdiction
    try:
        with transaction() as session:
            base = typed["base"]
            asked = jobs.Request(
                jurisdiction=place,
                rules=sources.from_version(session, *sources.version_of(typed["rules"])),
                base=sources.from_version(session, *sources.version_of(base)) if base else None,
                since=since,
                until=until,
                capacity=as_whole(typed["capacity"]),
                score=sources.active_score(session, place) if typed["score"] else None,
                title=typed["title"],
                asked_by=visitor.principal.name,
                asked_by_id=visitor.principal.id,
            )
            run_id = jobs.request(session, asked, now=visitor.now)
    except InvalidInput as refusal:
        code = {"until": "date_order", "since": "period_too_long"}.get(refusal.field or "")
        return _draw(
            request, visitor, typed, {refusal.field or "rules": code or "backtest_invalid"}
        )
    return see_other(f"/selectivity/backtests/{run_id}", "backtest.asked")


@router.get("/shadow/{code}/{version:int}")
def show_shadow(request: Request, visitor: Me, code: str, version: int) -> Response:
    """Draw what a version in shadow would have done in the last weeks."""
    visitor.must_have(*READERS)
    place, days = visitor.site.jurisdiction, 28
    with read_only() as session:
        name = store.version(session, place, version).name
        page = ShadowPage(
            report=shadow.report(session, place, name, since=visitor.today - timedelta(days=days)),
            samples=shadow.samples(session, place, name),
            days=days,
        )
    return render(request, "selectivity/shadow.html", page)


@router.get("/{run_id}")
def show_result(request: Request, visitor: Me, run_id: UUID) -> Response:
    """Draw a back-test; while it runs, the page asks again by itself."""
    visitor.must_have(*READERS)
    with read_only() as session:
        run = jobs.find(session, visitor.site.jurisdiction, run_id)
    return render(request, "selectivity/backtest.html", ResultPage(run=run, result=run.result))


@router.get("/{run_id}/result.json")
def download(visitor: Me, run_id: UUID) -> Response:
    """Return the stored result."""
    visitor.must_have(*READERS)
    with read_only() as session:
        run = jobs.find(session, visitor.site.jurisdiction, run_id)
    name = f"backtest-{run.rules.replace('/', '-')}-{run.since}-{run.until}.json"
    return JSONResponse(
        run.result or {}, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _draw(
    request: Request, visitor: Visitor, typed: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    place, today = visitor.site.jurisdiction, visitor.today
    with read_only() as session:
        versions = store.versions(session, place)
        try:
            has_score = bool(sources.active_score(session, place))
        except DomainError:
            has_score = False
        in_shadow = {each.name for each in store.shadow(session, place, today)}
        page = BacktestsPage(
            runs=jobs.listed(session, place),
            trials=experiments.listed(session, place),
            shadows=[each for each in versions if each.name in in_shadow],
            versions=versions,
            may_write=visitor.principal.has(Role.ANALYST),
            has_score=has_score,
            typed={
                "rules": "", "base": "", "capacity": "", "score": "", "title": "",
                "since": (today - timedelta(days=DAYS)).isoformat(),
                "until": (today - timedelta(days=1)).isoformat(),
                **typed,
            },
            errors=Errors(errors),
        )  # fmt: skip
    return render(request, "selectivity/backtests.html", page, status_code=422 if errors else 200)
