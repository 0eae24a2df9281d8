"""Why selectivity chose a file and assignment its doctors (motivation), for supervisors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import Assignment, ControlFile, Doctor, SelectivityDecision
from medcontrol.vocabulary import AssignmentMode

# Columns of the tables, not values of a row.
File: Any = ControlFile
Chosen: Any = SelectivityDecision
Held: Any = Assignment
Names: Any = Doctor
BY_HAND = "chosen"  # the rule of what somebody chose themselves: its terms decided nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentWhy:
    """Why one doctor got the file, with the cost terms of the next best."""

    doctor_id: UUID
    doctor_name: str
    mode: str
    points: int
    assigned_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    why: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Why the doctor who has a step was given it, without any other doctor.

    Attributes:
        rule: of ``assignment.facts.Rule``; what decided.
        traits: what spoke for the doctor or against, as codes: ``near``, ``far``, ``known``,
            ``level_above``, ``contracted``. None where somebody chose by hand.
        first_at: a move was taken back at ``at``; the reason is of this day.
    """

    mode: AssignmentMode
    rule: str
    at: datetime
    traits: tuple[str, ...]
    first_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why selectivity chose a file and assignment its doctors: rules, draw, costs."""

    reasons: tuple[dict[str, str], ...]
    origins: tuple[str, ...]
    matched_rows: tuple[str, ...]
    rule_set: str
    rule_set_hash: str
    u: float
    draw_period: str
    inclusion_probability: float
    features: dict[str, Any]
    assignments: tuple[AssignmentWhy, ...]


def load_why(session: Session, control_file_id: UUID) -> Why:
    """Return why a file is where it is; the caller has asked the policy (``Action.EXPLAIN``).

    Features of class medical are not in it.

    Raises:
        NotFound: selectivity never decided on this file, as for one that was imported.
    """
    chosen = session.execute(
        sa.select(Chosen)
        .join(ControlFile, File.received_file_id == Chosen.received_file_id)
        .where(File.id == control_file_id)
    ).scalar_one_or_none()
    if chosen is None:
        raise NotFound(f"no selectivity decision for {control_file_id}", field="control_file_id")
    return Why(
        reasons=tuple(chosen.reasons),
        origins=tuple(chosen.origins),
        matched_rows=tuple(chosen.matched_rows),
        rule_set=chosen.rule_set,
        rule_set_hash=chosen.rule_set_hash,
        u=int.from_bytes(chosen.draw, "big") / 2**64,
        draw_period=chosen.draw_period,
        inclusion_probability=chosen.inclusion_probability,
        features=chosen.features,
        assignments=_assignments(session, control_file_id),
    )


def load_given(session: Session, task_id: UUID) -> Given | None:
    """Return why the doctor who has a step was given it; None while nobody has it."""
    row = session.execute(
        sa.select(Held.mode, Held.assigned_at, Held.why).where(
            Held.human_task_id == task_id, Held.ended_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        return None
    rule = str(row.why.get("rule", ""))
    terms = {} if rule == BY_HAND else row.why.get("chosen") or {}
    first = row.why.get("first_given_at")
    return Given(
        mode=row.mode,
        rule=rule,
        at=row.assigned_at,
        traits=tuple(_traits(terms)),
        first_at=None if first is None else datetime.fromisoformat(first),
    )


def _traits(terms: Mapping[str, Any]) -> Iterator[str]:
    if terms.get("continuity", 0) < 0:
        yield "known"
    if "place" in terms:
        yield "far" if terms["place"] > 0 else "near"
    if terms.get("level", 0) > 0:
        yield "level_above"
    if terms.get("fee", 0) > 0:
        yield "contracted"


def _assignments(session: Session, file_id: UUID) -> tuple[AssignmentWhy, ...]:
    columns = [
        getattr(Held, name) for name in AssignmentWhy.__dataclass_fields__ if name != "doctor_name"
    ]
    statement = (
        sa.select(*columns, Names.name.label("doctor_name"))
        .join(Doctor, Names.id == Held.doctor_id)
        .where(Held.control_file_id == file_id)
        .order_by(Held.assigned_at, Held.id)
    )
    return tuple(AssignmentWhy(**row._mapping) for row in session.execute(statement))
