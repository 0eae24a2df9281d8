"""What a doctor proposes as decision (proposition): the opinion that counts, line by line."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.model import LineOpinion, Opinion
from workflows.steps.command import LineVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An opinion that proposes a decision, whether it was written just now or read again."""

    opinion_id: UUID
    outcome: str  # of the step that proposed it
    motive_code: str | None
    valid_from: date | None
    valid_to: date | None
    right_code: str | None
    is_for_life: bool
    lines: tuple[LineVerdict, ...]


def last_proposal(session: Session, control_file_id: UUID) -> Proposal | None:
    """Return the last opinion on a file that proposed its decision."""
    found = session.exec(
        select(Opinion)
        .where(Opinion.control_file_id == control_file_id, Opinion.is_proposal)
        .order_by(col(Opinion.given_at).desc(), col(Opinion.id).desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    return Proposal(
        opinion_id=found.id,
        outcome=found.outcome,
        motive_code=found.motive_code,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        right_code=found.right_code,
        is_for_life=found.is_for_life,
        lines=_lines(session, found.id),
    )


def _lines(session: Session, opinion_id: UUID) -> tuple[LineVerdict, ...]:
    rows = session.execute(
        sa.select(
            col(LineOpinion.line_no), col(LineOpinion.outcome), col(LineOpinion.motive_code),
            col(LineOpinion.quantity), col(LineOpinion.amount_cents),
        )
        .where(col(LineOpinion.opinion_id) == opinion_id)
        .order_by(col(LineOpinion.line_no))
    )  # fmt: skip
    return tuple(LineVerdict(**row) for row in rows.mappings())
