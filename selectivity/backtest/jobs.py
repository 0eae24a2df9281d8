"""Back-tests that are asked for, run in the background and kept (travaux de rejeu)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol import outbox
from medcontrol.clock import Clock
from medcontrol.crypto import KeyRing
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, InvalidInput, NotFound, Unavailable
from medcontrol.ids import new_id
from medcontrol.model import BacktestRun
from medcontrol.turns import keep_turn, take_turn
from medcontrol.vocabulary import BacktestStatus
from selectivity.backtest import sources
from selectivity.backtest.identities import identities_of
from selectivity.backtest.result import BacktestResult
from selectivity.backtest.run import Backtest, Question, blocks
from selectivity.backtest.sources import RuleText
from selectivity.history.cases import Cases, read_cases, select
from selectivity.score.store import model_named

TOPIC = "backtest.run"
LONGEST = timedelta(days=3 * 366)
_FIRST_DAYS, _MOST_DAYS, _FILES = 7, 28, 150_000
"""Days read together: seven at first, then as many as hold about so many files."""

Run: Any = BacktestRun
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A back-test that somebody asks for.

    Attributes:
        rules: what to try.
        base: what to compare with; ``None``: the rules in force on the last day.
        since, until: civil days of reception, both included.
        capacity: controls a day; ``None``: all that the rules ask for.
        score: model that fills the capacity, "ma/3"; ``None``: rules only.
        title: for the list; the name of the rules when empty.
        asked_by, asked_by_id: who.
    """

    jurisdiction: str
    rules: RuleText
    since: date
    until: date
    base: RuleText | None = None
    capacity: int | None = None
    score: str | None = None
    title: str = ""
    asked_by: str
    asked_by_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A back-test as lists show it."""

    id: UUID
    title: str
    rules: str
    base: str
    since: date
    until: date
    capacity: int | None
    score: str | None
    asked_by: str
    asked_at: datetime
    status: BacktestStatus
    progress: int
    error: str | None


def request(session: Session, asked: Request, *, now: datetime) -> UUID:
    """Keep a back-test and ask for a worker, in the caller's transaction; return its id.

    Raises:
        InvalidInput: the period is turned round or too long, a capacity below zero, a score
            without capacity.
        NotFound: no rules are in force on the last day.
    """
    run = _row(session, asked, now)
    session.add(run)
    session.flush()
    message = outbox.NewMessage(topic=TOPIC, key=f"backtest:{run.id}", payload={"id": str(run.id)})
    outbox.publish(session, [message], now=now)
    return run.id


def keep(session: Session, asked: Request, result: BacktestResult, *, now: datetime) -> UUID:
    """Keep a back-test that was already run, as from the command line."""
    run = _row(session, asked, now)
    run.status, run.progress = BacktestStatus.DONE, 100
    run.started_at = run.finished_at = now
    run.result = result.as_json()
    session.add(run)
    session.flush()
    return run.id


def answer(
    session: Session,
    keys: KeyRing,
    asked: Request,
    *,
    progress: Progress | None = None,
) -> BacktestResult:
    """Return what a back-test finds, reading some days of files at a time.

    Args:
        session: for reading.
        keys: of the draws and of features of class medical, which leave this function only as
            counts.
        asked: the question.
        progress: told per cents.
    """
    score = None
    if asked.score is not None:
        score = model_named(session, *sources.version_of(asked.score))
    base = asked.base or sources.deciding(session, asked.jurisdiction, asked.until)
    run = Backtest(
        Question(
            rules=asked.rules.rules(), base=base.rules(), score=score, capacity=asked.capacity,
            keys=lambda period: keys.derive(f"draw:{period}"),
            minutes=sources.minutes_of(asked.jurisdiction),
        )
    )  # fmt: skip
    whole = (asked.until - asked.since).days + 1
    first, days = asked.since, _FIRST_DAYS
    while first <= asked.until:
        last = min(first + timedelta(days=days - 1), asked.until)
        cases = read_cases(
            session, keys, jurisdiction=asked.jurisdiction, since=first, until=last,
            with_medical=run.needs_medical,
        )  # fmt: skip
        _add(session, run, cases)
        if progress is not None:
            progress(100 * ((last - asked.since).days + 1) // whole)
        first = last + timedelta(days=1)
        days = max(1, min(_MOST_DAYS, days * _FILES // max(len(cases), 1)))
    return run.result()


def run_backtest(run_id: UUID, keys: KeyRing, *, now: Clock) -> bool:
    """Run a back-test that was asked for; return whether there was something to do.

    Its progress is saved as it goes. A run that was killed starts again. A refusal (rules that
    can't be read, a model that is gone) ends it with the code.

    Raises:
        Unavailable: another process runs it; look again later.
    """
    with transaction() as guard:
        if not take_turn(guard, f"backtest:{run_id}"):
            raise Unavailable(f"back-test {run_id} runs in another process")
        asked = _start(run_id, now())
        if asked is None:
            return False

        def told(percent: int) -> None:
            _change(run_id, progress=min(percent, 99))
            keep_turn(guard)

        try:
            with read_only() as session:
                result = answer(session, keys, asked, progress=told)
        except DomainError as refusal:
            _change(run_id, status=BacktestStatus.FAILED, error=refusal.code, finished_at=now())
            return True
        _change(
            run_id, status=BacktestStatus.DONE, progress=100, finished_at=now(),
            result=result.as_json(), error=None,
        )  # fmt: skip
    return True


def find(session: Session, jurisdiction: str, run_id: UUID) -> BacktestRun:
    """Return one back-test.

    Raises:
        NotFound: there is none here.
    """
    found = session.get(BacktestRun, run_id)
    if found is None or found.jurisdiction != jurisdiction:
        raise NotFound(f"no back-test {run_id}", field="id")
    return found


def listed(session: Session, jurisdiction: str, *, limit: int = 100) -> Sequence[Listed]:
    """Return the latest back-tests, newest first."""
    columns = [getattr(Run, name) for name in Listed.__dataclass_fields__]
    rows = session.execute(
        sa.select(*columns)
        .where(Run.jurisdiction == jurisdiction)
        .order_by(Run.asked_at.desc(), Run.id.desc())
        .limit(limit)
    )
    return [Listed(*row) for row in rows]


def check(asked: Request) -> None:
    """Refuse a question that makes no sense.

    Raises:
        InvalidInput: the period is turned round or too long, a capacity below zero, a score
            without capacity.
    """
    if asked.since > asked.until:
        raise InvalidInput("the last day is before the first", field="until")
    if asked.until - asked.since > LONGEST:
        raise InvalidInput("at most three years", field="since")
    if asked.capacity is not None and asked.capacity < 0:
        raise InvalidInput("a capacity is at least 0", field="capacity")
    if asked.score is not None and asked.capacity is None:
        raise InvalidInput("a score needs a capacity to fill", field="capacity")


def _row(session: Session, asked: Request, now: datetime) -> BacktestRun:
    check(asked)
    base = asked.base or sources.deciding(session, asked.jurisdiction, asked.until)
    return BacktestRun.model_validate(
        {
            "id": new_id(), "jurisdiction": asked.jurisdiction,
            "title": asked.title.strip() or asked.rules.name,
            "rules": asked.rules.name, "rules_sha256": asked.rules.sha256,
            "rules_text": asked.rules.text,
            "base": base.name, "base_sha256": base.sha256, "base_text": base.text,
            "since": asked.since, "until": asked.until, "capacity": asked.capacity,
            "score": asked.score, "asked_by": asked.asked_by, "asked_by_id": asked.asked_by_id,
            "asked_at": now,
        }
    )  # fmt: skip


def _add(session: Session, run: Backtest, cases: Cases) -> None:
    """Add cases to a back-test in blocks of days, so that few are unfolded at a time."""
    for block in blocks(cases):
        part = select(cases, block)
        run.add(part, identities_of(session, part) if run.needs_identities else None)


def _start(run_id: UUID, now: datetime) -> Request | None:
    with transaction() as session:
        run = session.get(BacktestRun, run_id, with_for_update=True)
        if run is None or run.finished_at is not None:
            return None
        run.status, run.started_at, run.progress = BacktestStatus.RUNNING, now, 0
        return Request(
            jurisdiction=run.jurisdiction,
            rules=RuleText(run.rules, run.rules_sha256, run.rules_text),
            base=RuleText(run.base, run.base_sha256, run.base_text),
            since=run.since,
            until=run.until,
            capacity=run.capacity,
            score=run.score,
            title=run.title,
            asked_by=run.asked_by,
            asked_by_id=run.asked_by_id,
        )


def _change(run_id: UUID, **values: Any) -> None:
    with transaction() as session:
        session.execute(sa.update(BacktestRun).where(Run.id == run_id).values(**values))
