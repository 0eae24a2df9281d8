"""Experiments: planned, started, ended by the rule that was fixed beforehand (essais)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import civil_date
from medcontrol.errors import Forbidden, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import Experiment
from medcontrol.policy import Principal
from medcontrol.vocabulary import (
    ControlResult,
    ExperimentMetric,
    ExperimentStatus,
    Role,
    RuleSetStatus,
    SplitKey,
)
from selectivity.backtest.comparing import Closed, compare
from selectivity.backtest.refusals import (
    ExperimentRuns,
    ExperimentStarted,
    NotApproved,
    NotInForce,
    StopRuleNotMet,
)
from selectivity.lifecycle import store

Table: Any = Experiment

LEAST_CONTROLS = 100
LONGEST_DAYS = 366
_TITLE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is agreed before an experiment starts.

    Attributes:
        challenger: number of the version to try; it has to be approved by a second person.
        split_by: whose files stay in one arm.
        challenger_share: of them, in ten-thousandths, 500 to 5,000.
        metric: what is compared.
        stop_controls: closed controls in each arm that end it; ``None`` for no number.
        stop_on: last day of reception; ``None`` for no day. One of both is there.
    """

    title: str
    challenger: int
    split_by: SplitKey = SplitKey.PROVIDER
    challenger_share: int = 2000
    metric: ExperimentMetric = ExperimentMetric.HITS_PER_100_POINTS
    stop_controls: int | None = None
    stop_on: date | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an experiment is: numbers of files and controls, nothing of what they found."""

    files: tuple[int, int]
    controls: tuple[int, int]
    closed: tuple[int, int]


def plan(
    session: Session, jurisdiction: str, terms: Terms, *, by: Principal, now: datetime
) -> UUID:
    """Plan an experiment of a version against the rules in force today.

    Raises:
        Forbidden: only analysts do.
        InvalidInput: a term is missing or out of bounds; names the field.
        NotFound: there is no such version.
    """
    _must_write(by)
    today = civil_date(now, jurisdiction)
    _check(terms, today)
    champion = store.in_force(session, jurisdiction, today)
    challenger = store.version(session, jurisdiction, terms.challenger)
    if challenger.sha256 == champion.sha256:
        raise InvalidInput("champion and challenger are the same rules", field="challenger")
    found = Experiment.model_validate(
        {
            "id": new_id(), "jurisdiction": jurisdiction, "title": terms.title.strip(),
            "champion": champion.name, "champion_sha256": champion.sha256,
            "challenger": challenger.name, "challenger_sha256": challenger.sha256,
            "split_by": terms.split_by, "challenger_share": terms.challenger_share,
            "metric": terms.metric, "stop_controls": terms.stop_controls,
            "stop_on": terms.stop_on, "created_by_id": by.id, "created_by": by.name,
            "created_at": now,
        }
    )  # fmt: skip
    session.add(found)
    session.flush()
    return found.id


def start(session: Session, experiment_id: UUID, *, by: Principal, now: datetime) -> None:
    """Start an experiment: from the next chunk on, its arms decide. Its terms never change again.

    Raises:
        Forbidden: only analysts do.
        ExperimentStarted: it was started before.
        ExperimentRuns: another one runs here.
        NotInForce: the champion is no longer what decides, or the last day has passed.
        NotApproved: no second person approved the challenger, or it was changed since.
    """
    _must_write(by)
    found = _locked(session, experiment_id)
    if found.status is not ExperimentStatus.PLANNED:
        raise ExperimentStarted(str(experiment_id))
    place = found.jurisdiction.value
    today = civil_date(now, place)
    others = select(Experiment.id).where(
        col(Experiment.jurisdiction) == found.jurisdiction,
        col(Experiment.status) == ExperimentStatus.RUNNING,
    )
    if session.exec(others).first() is not None:
        raise ExperimentRuns(place)
    if store.in_force(session, place, today).sha256 != found.champion_sha256:
        raise NotInForce(found.champion)
    if found.stop_on is not None and found.stop_on < today:
        raise NotInForce(f"the last day was {found.stop_on.isoformat()}", field="stop_on")
    challenger = store.version(session, place, int(found.challenger.partition("/")[2]))
    is_same = challenger.sha256 == found.challenger_sha256
    if not is_same or challenger.status is not RuleSetStatus.APPROVED:
        raise NotApproved(found.challenger)
    found.status, found.started_at = ExperimentStatus.RUNNING, now
    found.started_by_id, found.started_by = by.id, by.name
    session.flush()


def abandon(session: Session, experiment_id: UUID, *, by: Principal, now: datetime) -> None:
    """End an experiment before its time, or forget one that never started. Nothing is concluded.

    Raises:
        Forbidden: only analysts do.
        ExperimentStarted: it ended before.
    """
    _must_write(by)
    found = _locked(session, experiment_id)
    if found.status is ExperimentStatus.PLANNED:
        session.delete(found)
    elif found.status is ExperimentStatus.RUNNING:
        found.status, found.ended_at = ExperimentStatus.ABANDONED, now
        found.end_reason = "abandoned"
    else:
        raise ExperimentStarted(str(experiment_id))
    session.flush()


def end_due(session: Session, jurisdiction: str, *, now: datetime) -> list[UUID]:
    """End the experiments whose stop rule is met, and those whose champion no longer decides."""
    ended = []
    rows = session.exec(
        select(Experiment)
        .where(
            col(Experiment.jurisdiction) == jurisdiction,
            col(Experiment.status) == ExperimentStatus.RUNNING,
        )
        .with_for_update()
    ).all()
    today = civil_date(now, jurisdiction)
    for found in rows:
        if store.in_force(session, jurisdiction, today).sha256 != found.champion_sha256:
            found.status, found.ended_at = ExperimentStatus.ABANDONED, now
            found.end_reason = "rules_changed"
        elif (reason := stop_reason(session, found, today)) is not None:
            conclude(session, found, reason, now)
        else:
            continue
        ended.append(found.id)
    session.flush()
    return ended


def conclude(session: Session, found: Experiment, reason: str, now: datetime) -> None:
    """End an experiment and keep what came of it.

    Raises:
        StopRuleNotMet: the rule that was fixed beforehand does not say so.
    """
    if stop_reason(session, found, civil_date(now, found.jurisdiction)) != reason:
        raise StopRuleNotMet(str(found.id))
    found.conclusion = compare(_counted(session, found), found.metric)
    found.status, found.ended_at, found.end_reason = ExperimentStatus.CONCLUDED, now, reason
    session.flush()


def stop_reason(session: Session, found: Experiment, today: date) -> str | None:
    """Return why an experiment stops on a day: "controls", "date", or not at all."""
    if found.stop_controls is not None:
        closed = progress(session, found.id).closed
        if min(closed) >= found.stop_controls:
            return "controls"
    if found.stop_on is not None and today > found.stop_on:
        return "date"
    return None


def progress(session: Session, experiment_id: UUID) -> Progress:
    """Return how far an experiment is."""
    rows = [_Counts(*row) for row in session.execute(_PROGRESS, {"id": experiment_id})]
    by_arm = {row.is_challenger: row for row in rows}
    sides = [by_arm.get(side, _Counts(side, 0, 0, 0)) for side in (False, True)]
    return Progress(
        files=(sides[0].files, sides[1].files),
        controls=(sides[0].controls, sides[1].controls),
        closed=(sides[0].closed, sides[1].closed),
    )


def find(session: Session, jurisdiction: str, experiment_id: UUID) -> Experiment:
    """Return one experiment.

    Raises:
        NotFound: there is none here.
    """
    found = session.get(Experiment, experiment_id)
    if found is None or found.jurisdiction != jurisdiction:
        raise NotFound(f"no experiment {experiment_id}", field="id")
    return found


def listed(session: Session, jurisdiction: str) -> Sequence[Experiment]:
    """Return all experiments, newest first."""
    return session.exec(
        select(Experiment)
        .where(col(Experiment.jurisdiction) == jurisdiction)
        .order_by(col(Experiment.created_at).desc())
    ).all()


@dataclass(frozen=True, slots=True)
class _Counts:
    is_challenger: bool
    files: int
    controls: int
    closed: int


# Only controls that the arm chose are compared: mandatory ones are the same in both.
_PROGRESS = sa.text("""
SELECT e.is_challenger, count(*) AS files,
       count(*) FILTER (WHERE d.lane IN ('orange', 'red')) AS controls,
       count(*) FILTER (WHERE d.lane IN ('orange', 'red') AND o.received_file_id IS NOT NULL
                        AND d.origins && ARRAY['rule', 'score']::varchar[]) AS closed
FROM experiment_file e
JOIN selectivity_decision d ON d.received_file_id = e.received_file_id
LEFT JOIN (SELECT DISTINCT received_file_id FROM control_outcome) o
  ON o.received_file_id = e.received_file_id
WHERE e.experiment_id = :id
GROUP BY e.is_challenger
""")

_CLOSED = sa.text("""
SELECT DISTINCT ON (e.received_file_id) e.is_challenger, o.result, o.is_overturned,
       o.amount_avoided_cents, o.minutes, o.decided_on, o.id,
       CASE WHEN :by = 'provider' AND r.provider_id IS NOT NULL THEN 'p' || upper(r.provider_id)
            ELSE 'b' || r.registration_number || '/' || coalesce(r.relation, '') || '/'
                 || coalesce(r.beneficiary_birth_date::text, '') END AS unit
FROM experiment_file e
JOIN selectivity_decision d ON d.received_file_id = e.received_file_id
JOIN received_file r ON r.id = e.received_file_id
JOIN control_outcome o ON o.received_file_id = e.received_file_id
WHERE e.experiment_id = :id AND d.lane IN ('orange', 'red')
  AND d.origins && ARRAY['rule', 'score']::varchar[]
ORDER BY e.received_file_id, o.is_overturned, o.decided_on DESC, o.id DESC
""")


def _counted(session: Session, found: Experiment) -> list[Closed]:
    """Return the closed controls that count: the first of each arm, as many in either."""
    rows = session.execute(_CLOSED, {"id": found.id, "by": found.split_by.value}).all()
    rows = sorted(rows, key=lambda row: (row.decided_on, row.id))
    left = {side: found.stop_controls or len(rows) for side in (False, True)}
    counted = []
    for row in rows:
        if left[row.is_challenger] <= 0:
            continue
        left[row.is_challenger] -= 1
        is_hit = ControlResult(row.result).is_hit and not row.is_overturned
        counted.append(
            Closed(row.is_challenger, row.unit, is_hit,
                   row.amount_avoided_cents if is_hit else 0, row.minutes)
        )  # fmt: skip
    return counted


def _locked(session: Session, experiment_id: UUID) -> Experiment:
    found = session.get(Experiment, experiment_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(f"no experiment {experiment_id}", field="id")
    return found


def _must_write(by: Principal) -> None:
    if not by.has(Role.ANALYST):
        raise Forbidden("experiments are led by analysts")


def _check(terms: Terms, today: date) -> None:
    """Refuse terms that could not be kept."""
    if not 0 < len(terms.title.strip()) <= _TITLE:
        raise InvalidInput("give it a title of at most 120 letters", field="title")
    if not 500 <= terms.challenger_share <= 5000:
        raise InvalidInput("from 5 % to 50 %", field="challenger_share")
    if terms.stop_controls is None and terms.stop_on is None:
        raise InvalidInput("say when it stops", field="stop_controls")
    if terms.stop_controls is not None and not LEAST_CONTROLS <= terms.stop_controls <= 10**6:
        raise InvalidInput(f"at least {LEAST_CONTROLS} controls in each arm", field="stop_controls")
    if terms.stop_on is not None and not 0 < (terms.stop_on - today).days <= LONGEST_DAYS:
        raise InvalidInput("a day to come, within a year", field="stop_on")
