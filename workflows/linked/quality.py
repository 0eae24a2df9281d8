"""Second readings on their way (secondes lectures): opened, left unread, limits of waiting.

What was drawn stands in a table; whatever dies in between, the next run goes on from there. One
reading is one transaction.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.readers import readers_for
from medcontrol import journal
from medcontrol.clock import Clock, civil_date
from medcontrol.db import read_only
from medcontrol.errors import AlreadyDone, Forbidden, InvalidInput, NotFound
from medcontrol.legal.loading import law
from medcontrol.model import ControlFile, Decision, SecondReading
from medcontrol.policy import Action, Principal, may
from medcontrol.rules.calendar import add_months
from medcontrol.services import files
from medcontrol.vocabulary import HoldEnd, ProposalStatus, ReadingStatus, Role
from workflows import effects, engine
from workflows.effects.readings import end_hold
from workflows.linked.files import NewLinked, open_linked
from workflows.linked.requests import copy_request
from workflows.steps import moving
from workflows.steps.ending import actor_of
from workflows.sweeping import READINGS, Round
from workflows.tools import Tools

FLOW = "quality"
CANCELLED = "reading_cancelled"
#: Readings opened by one run at most, and how often a region may have nobody before it rests.
MOST, PATIENCE = 200, 3

# What is held first, then by draw: with less room than drawn, it is a lower rate.
_DUE = """
SELECT r.id, r.control_file_id, r.region_code, r.held_until IS NOT NULL AS is_held
FROM second_reading r
WHERE r.status = 'drawn' AND r.jurisdiction = :jurisdiction AND r.drawn_at <= :before
ORDER BY r.held_until IS NULL, r.campaign, r.draw LIMIT :most
"""
_PASSED = """
SELECT id, control_file_id FROM second_reading
WHERE held_until <= :now AND hold_end IS NULL AND jurisdiction = :jurisdiction
ORDER BY held_until LIMIT 500
"""


@dataclass(slots=True)
class Moved:
    """What a run did."""

    opened: int = 0
    unread: int = 0
    waiting: int = 0
    limits_passed: int = 0
    failed: int = 0

    def as_json(self) -> dict[str, int]:
        """Return plain JSON values."""
        return asdict(self)


def move_readings(tools: Tools, jurisdiction: str, *, now: Clock) -> Moved:
    """Report holds whose limit passed, then open the readings that are drawn and not open yet.

    One that fails is logged and passed by; the next run tries it again.
    """
    at = now()
    with read_only() as session:
        passed = session.execute(
            sa.text(_PASSED), {"now": at, "jurisdiction": jurisdiction}
        ).all()  # fmt: skip
        due = session.execute(
            sa.text(_DUE),
            {"jurisdiction": jurisdiction, "most": MOST,
             "before": at - timedelta(seconds=tools.undo_seconds)},
        ).all()  # fmt: skip
    round_ = Round(READINGS, at)
    for row in passed:
        round_.alone(lambda s, key: _report_limit(s, key, at), row.id, row.control_file_id)
    limits = round_.result.done
    done = _open_all(tools, due, round_)
    done.limits_passed, done.failed = limits, round_.result.failed
    if len(due) < MOST:
        round_.over()
    return done


def _open_all(tools: Tools, due: Sequence[Any], round_: Round) -> Moved:
    done, at = Moved(), round_.at
    became: Counter[ReadingStatus] = Counter()
    nobody: Counter[str] = Counter()
    for row in due:
        if not row.is_held and nobody[row.region_code] >= PATIENCE:
            done.waiting += 1
            continue

        def act(session: Session, key: UUID, region: str = row.region_code) -> bool:
            status = open_reading(session, tools, key, now=at)
            became[status] += 1
            nobody[region] += status is ReadingStatus.DRAWN
            return True

        round_.alone(act, row.id, row.control_file_id)
    done.opened, done.unread = became[ReadingStatus.READING], became[ReadingStatus.UNREAD]
    done.waiting += became[ReadingStatus.DRAWN]
    return done


def open_reading(
    session: Session, tools: Tools, reading_id: UUID, *, now: datetime
) -> ReadingStatus:
    """Open the reading of a drawn decision, or say why nobody reads it.

    Returns:
        Its status now; ``drawn`` when no reader has room yet and it may wait.
    """
    reading, file = _locked(session, reading_id)
    if reading.status is not ReadingStatus.DRAWN:
        return reading.status
    if session.get_one(Decision, reading.decision_id).undone_at is not None:
        return _leave(session, reading, "undone", now)
    day = civil_date(now, file.jurisdiction)
    if not readers_for(session, file.id, file.jurisdiction, day=day):
        months = law(file.jurisdiction).number("quality.unread_months", day).value
        if reading.held_until is None and day <= add_months(reading.decided_on, months):
            return ReadingStatus.DRAWN
        return _leave(session, reading, "no_reader", now)
    new = NewLinked(
        flow=FLOW, nature=file.flow, level=file.level, form={},
        is_urgent=reading.held_until is not None,
    )  # fmt: skip
    reading.reading_file_id = open_linked(session, tools, file, new, now=now).id
    reading.status = ReadingStatus.READING
    return reading.status


def _leave(session: Session, reading: SecondReading, reason: str, now: datetime) -> ReadingStatus:
    reading.status, reading.unread_reason = ReadingStatus.UNREAD, reason
    if reading.held_until is not None and reading.hold_end is None:
        end_hold(session, reading, HoldEnd.UNREAD, now=now)
        _journal(session, reading, "quality.released", now, reason=reason)
    return reading.status


def _report_limit(session: Session, reading_id: UUID, now: datetime) -> bool:
    """Note that a decision left before it was read: its wait was as long as it may be."""
    reading, _ = _locked(session, reading_id)
    if reading.hold_end is not None:
        return False
    end_hold(session, reading, HoldEnd.LIMIT, now=now)
    _journal(session, reading, "quality.limit_passed", now)
    return True


def _journal(
    session: Session, reading: SecondReading, action: str, now: datetime, **facts: Any
) -> None:
    session.flush()
    journal.record(
        session, reading.control_file_id, action, {"reading": str(reading.id), **facts},
        actor=journal.SYSTEM, now=now,
    )  # fmt: skip


def _locked(session: Session, reading_id: UUID) -> tuple[SecondReading, ControlFile]:
    """Return a reading and the file it is about, both under lock, the file first."""
    found = session.get(SecondReading, reading_id)
    if found is None:
        raise NotFound("there is no such reading", field="reading")
    file = files.lock(session, found.control_file_id)
    session.refresh(found, with_for_update=True)
    return found, file


def set_aside(
    session: Session, tools: Tools, reading_id: UUID, *, principal: Principal, now: datetime
) -> None:
    """Close a reading that nobody is to make; what waits for it leaves.

    Raises:
        Forbidden: not a coordinator of the file's unit.
        AlreadyDone: it was read, or the reader has decided.
    """
    reading = session.get(SecondReading, reading_id)
    if reading is None:
        raise NotFound("there is no such reading", field="reading")
    _must_coordinate(session, principal, reading.control_file_id)
    if reading.status is not ReadingStatus.READING or reading.reading_file_id is None:
        raise AlreadyDone("the reading is not open")
    move = moving.begin(session, tools, reading.reading_file_id, actor=actor_of(principal), now=now)
    advance = engine.receive(move.pack, move.flow.state, CANCELLED)
    if advance is None:
        raise AlreadyDone("the reader has decided")
    move.tell("message.received", message=CANCELLED)
    session.flush()
    effects.carry_out(move, advance)
    moving.settle(move, advance)


def accept_correction(
    session: Session, tools: Tools, reading_id: UUID, *, principal: Principal, now: datetime
) -> ControlFile:
    """Open the request again with another doctor, as a major finding proposes.

    The first decision stays in force until the new one is made.

    Raises:
        Forbidden: not a coordinator of the file's unit.
        AlreadyDone: nothing is proposed, or it was answered.
    """
    reading = _proposed(session, reading_id, principal)
    file = session.get_one(ControlFile, reading.control_file_id)
    new = NewLinked(flow=file.flow, nature=file.nature, level=file.level, form={}, mode=file.mode)
    child = open_linked(session, tools, file, new, now=now)
    copy_request(session, tools.keys, file, child, now=now)
    reading.reopened_file_id = child.id
    _answer(reading, ProposalStatus.ACCEPTED, principal, now)
    _journal(session, reading, "quality.correction_accepted", now, file=str(child.id))
    return child


def dismiss_correction(
    session: Session, reading_id: UUID, reason: str, *, principal: Principal, now: datetime
) -> None:
    """Leave a decision as it is although a reading found something major, and say why.

    Raises:
        InvalidInput: no reason.
        Forbidden, AlreadyDone: as ``accept_correction``.
    """
    if not reason.strip():
        raise InvalidInput("say why the decision stays", field="reason")
    reading = _proposed(session, reading_id, principal)
    reading.proposal_reason = reason.strip()[:500]
    _answer(reading, ProposalStatus.DISMISSED, principal, now)
    _journal(session, reading, "quality.correction_dismissed", now)


def _proposed(session: Session, reading_id: UUID, principal: Principal) -> SecondReading:
    reading, file = _locked(session, reading_id)
    _must_coordinate(session, principal, file.id)
    if reading.proposal is not ProposalStatus.OPEN:
        raise AlreadyDone("nothing is proposed any more")
    return reading


def _answer(
    reading: SecondReading, status: ProposalStatus, principal: Principal, now: datetime
) -> None:
    reading.proposal, reading.proposal_by, reading.proposal_at = status, principal.id, now


def _must_coordinate(session: Session, principal: Principal, file_id: UUID) -> None:
    if not principal.has(Role.COORDINATOR) or not may(session, principal, file_id, Action.REASSIGN):
        raise Forbidden("this is for the coordinator of the file's unit")
