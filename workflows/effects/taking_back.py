"""Taking a decision back before anything of it has left: a compensating entry, nothing erased."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from medcontrol import outbox
from medcontrol.clock import civil_date
from medcontrol.model import (
    Assignment,
    Deadline,
    Decision,
    Entitlement,
    EntitlementEvent,
    HumanTask,
    Letter,
    OutboxMessage,
    SecondReading,
)
from medcontrol.services.bookings import rebook
from medcontrol.services.entitlements import Changed, days_of, record
from medcontrol.vocabulary import (
    Annulled,
    DeadlineStatus,
    EntitlementChange,
    EntitlementStatus,
    HoldEnd,
    LetterStatus,
    ReadingStatus,
    TaskStatus,
)
from workflows.effects.outcomes import overturn
from workflows.effects.successions import key_of
from workflows.rights.kept import right_from_json
from workflows.steps.moving import Move


def take_back(move: Move, decision: Decision, held: Sequence[str] = ()) -> None:
    """Open the decision's step again, with its clocks, its right and its doctor as they were.

    Letters and events that wait are withdrawn. The caller has checked that the decision has a
    ``before``, that nothing of it has left, and journals why; then saves the move.

    Args:
        move: the decision's file under lock.
        decision: the last one of the file, under lock.
        held: keys of further outbox messages that leave with the decision.
    """
    _withdraw(move, decision, held)
    _restore(move, decision)
    _restore_right(move, decision)
    _restore_appointment(move, decision)
    on = civil_date(move.now, move.file.jurisdiction)
    overturn(move.session, move.tools.keys, move.file.id, on=on)
    decision.undone_at = move.now


def forget_reading(move: Move, decision: Decision) -> None:
    """Leave a decision that its doctor takes back unread, if it was drawn and is not read yet."""
    move.session.execute(
        sa.update(SecondReading)
        .where(
            col(SecondReading.decision_id) == decision.id,
            col(SecondReading.status) == ReadingStatus.DRAWN,
        )
        .values(
            status=ReadingStatus.UNREAD, unread_reason="undone",
            hold_end=sa.case((col(SecondReading.held_until).is_not(None), HoldEnd.UNREAD.value)),
            released_at=sa.case((col(SecondReading.held_until).is_not(None), move.now)),
        )
    )  # fmt: skip


def _withdraw(move: Move, decision: Decision, held: Sequence[str]) -> None:
    """Cancel the letters of the decision and withdraw what the outbox holds of it."""
    assert decision.before is not None  # noqa: S101 - checked
    version = decision.before["version"]
    letters = move.session.exec(
        select(Letter).where(
            Letter.control_file_id == move.file.id,
            col(Letter.occasion).like(f"%:{version}:%"),
            Letter.status == LetterStatus.WAITING,
        )
    ).all()
    keys = [f"event:decision.made:{decision.id}", key_of(move.file.id, version), *held]
    for letter in letters:
        letter.status = LetterStatus.CANCELLED
        keys.append(f"letter:{letter.id}")
    outbox.withdraw(move.session, keys, now=move.now)


def _restore(move: Move, decision: Decision) -> None:
    """Open the step again as it was, with its clocks and its doctor."""
    assert decision.before is not None  # noqa: S101 - checked
    session, file = move.session, move.file
    task = session.get_one(HumanTask, UUID(decision.before["task"]), populate_existing=True)
    task.status, task.done_at, task.outcome = TaskStatus.OPEN, None, None
    task.done_by_doctor_id = None
    move.flow.state = decision.before["state"]
    move.flow.ended_at = None
    file.status, file.closed_at, file.outcome = task.file_status, None, None
    file.version += 1
    session.execute(
        sa.update(Deadline)
        .where(
            col(Deadline.control_file_id) == file.id,
            col(Deadline.status) == DeadlineStatus.MET,
            col(Deadline.settled_at) == decision.decided_at,
        )
        .values(status=DeadlineStatus.RUNNING, settled_at=None)
    )
    ended = session.exec(
        select(Assignment)
        .where(Assignment.human_task_id == task.id, Assignment.end_reason == "done")
        .order_by(col(Assignment.ended_at).desc())
        .limit(1)
    ).first()
    if ended is not None:
        ended.ended_at, ended.end_reason = None, None
        session.execute(
            sa.text(
                "UPDATE doctor_load SET open_points = open_points + :points,"
                " open_files = open_files + 1 WHERE doctor_id = :doctor"
            ),
            {"points": ended.points, "doctor": ended.doctor_id},
        )


def _restore_right(move: Move, decision: Decision) -> None:
    """Put the right back as it was; one that the decision opened is annulled."""
    assert decision.before is not None  # noqa: S101 - checked
    kept = decision.before.get("right")
    if move.file.entitlement_id is None:
        return
    right = move.session.get_one(
        Entitlement, move.file.entitlement_id, with_for_update=True, populate_existing=True
    )
    was_told = _withdraw_changes(move, decision, right)
    before, why = days_of(right), None
    if kept is None:
        why = Annulled.SEEN if was_told else Annulled.UNSEEN
        right.status, right.valid_to = EntitlementStatus.ENDED, right.valid_from
        right.next_review_on = right.opens_on = None
        right.planned_on = right.placed_at = right.milestone = None
        move.file.entitlement_id = None
    else:
        for name, value in right_from_json(kept).items():
            setattr(right, name, value)
    change = EntitlementChange.ENDED if kept is None else EntitlementChange.RESTORED
    changed = Changed(
        right_id=right.id, number=right.number, change=change,
        before=before, after=days_of(right), file_id=move.file.id, reason=why,
    )  # fmt: skip
    record(move.session, [changed], actor=move.actor, now=move.now)


def _withdraw_changes(move: Move, decision: Decision, right: Entitlement) -> bool:
    """Withdraw what waits to tell of a right since the decision; return whether some was told."""
    events = move.session.exec(
        select(EntitlementEvent.id).where(
            EntitlementEvent.entitlement_id == right.id,
            col(EntitlementEvent.at) >= decision.decided_at,
        )
    ).all()
    keys = [f"event:entitlement.changed:{key}" for key in events]
    outbox.withdraw(move.session, keys, now=move.now)
    sent = sa.exists().where(
        col(OutboxMessage.key).in_(keys),
        col(OutboxMessage.last_error).is_distinct_from(outbox.WITHDRAWN),
    )
    # Whatever else happened to it took its number away: it may have been read before.
    has_number = right.feed_no is not None or len(events) > 1
    return has_number or bool(move.session.execute(sa.select(sent)).scalar_one())


def _restore_appointment(move: Move, decision: Decision) -> None:
    """Book again what the decision ended; where the slot has gone, the journal says so."""
    again, gone = rebook(move.session, move.file.id, decision.decided_at)
    for key in again:
        move.tell("appointment.rebooked", appointment=str(key))
    for key in gone:
        move.tell("appointment.slot_gone", appointment=str(key))
