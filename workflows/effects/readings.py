"""What a second reading does to the decision that it reads (effets d'une seconde lecture)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from medcontrol.clock import civil_date
from medcontrol.crypto import bind
from medcontrol.ids import new_id
from medcontrol.model import (
    Decision,
    HumanTask,
    Letter,
    Message,
    Opinion,
    OutboxMessage,
    SecondReading,
)
from medcontrol.reference.flows import flows
from medcontrol.reference.strata import strata
from medcontrol.vocabulary import (
    DecisionOutcome,
    HoldEnd,
    LetterStatus,
    LineOutcome,
    MessageAudience,
    ProposalStatus,
    ReadingFinding,
    ReadingStatus,
    TaskStatus,
)
from workflows.effects.successions import TOPIC as NEXT_FILE
from workflows.effects.taking_back import take_back
from workflows.engine.paths import Advance, OperationCall
from workflows.linked import quality_draws
from workflows.steps import moving, signals
from workflows.steps.command import LineVerdict
from workflows.steps.moving import Move
from workflows.steps.proposals import Proposal, last_proposal

HOLD = "quality.hold_working_hours"
AUTHOR = "Contrôle qualité"
#: What leaves because of a decision, and so waits with it.
_LEAVES = frozenset({"letters.send", "events.deliver", NEXT_FILE})


def draw(move: Move, advance: Advance) -> None:
    """Draw the decision that this move took; one of high risk waits for its second reading.

    In the decision's own transaction: what has to wait never was free to leave.
    """
    decided = _decided(move, advance)
    if decided is None:
        return
    found = quality_draws.draw(quality_draws.draws(move.tools.keys), decided)
    if found is None:
        return
    row = found.row(move.now)
    if found.stratum.before_notification:
        row |= _hold(move)
    move.rows.add(SecondReading, row)


def _decided(move: Move, advance: Advance) -> quality_draws.Decided | None:
    """Return the decision as the draw sees it; None when nobody's opinion is in it."""
    file, outcome = move.file, move.file.outcome
    proposal = move.proposal_of()
    if (
        outcome not in quality_draws.MEDICAL
        or proposal is None
        or flows()[file.flow].is_internal
        or not strata(file.jurisdiction)
    ):
        return None
    author = _author(move, proposal)
    if author is None:
        return None
    ((since,),) = move.ask(
        b"SELECT min(valid_from) FROM competence WHERE doctor_id = %(doctor)s", doctor=author
    )
    return quality_draws.Decided(
        decision_id=move.occasion.extra["decision_id"],
        control_file_id=file.id,
        jurisdiction=file.jurisdiction,
        flow=file.flow,
        region_code=file.region_code,
        level=file.level,
        outcome=DecisionOutcome(outcome),
        decided_on=civil_date(move.now, file.jurisdiction),
        author=author,
        practises_since=since,
        facts=quality_draws.true_facts(advance.state),
    )


def _author(move: Move, proposal: Proposal) -> UUID | None:
    """Return the doctor whose proposal was decided; it may not be written yet."""
    for row in move.rows.by_table[Opinion]:
        if row["id"] == proposal.opinion_id:
            return UUID(str(row["doctor_id"]))
    found = move.session.get(Opinion, proposal.opinion_id)
    return found.doctor_id if found else None


def _hold(move: Move) -> dict[str, Any]:
    """Let what this move sends wait: up to the law's hours, never past the file's own clock."""
    until = move.limits.due(HOLD, move.now, civil_date(move.now, move.file.jurisdiction)).at
    if move.file.due_at is not None:
        until = min(until, move.file.due_at)
    undo = move.now + timedelta(seconds=move.tools.undo_seconds)
    if until <= undo:
        return {}
    waiting = [row for row in move.rows.by_table[OutboxMessage] if row["topic"] in _LEAVES]
    for row in waiting:
        row["next_try_at"] = max(row["next_try_at"], until)
    letters = move.rows.by_table[Letter]
    for row in letters:  # nor may an agency print them
        row["ready_at"] = until
    move.tell("quality.held")
    keys = [*(row["key"] for row in waiting), *(f"letter:{row['id']}" for row in letters)]
    return {"held_until": until, "held_keys": list(dict.fromkeys(keys))}


def compare(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Compare what the reader decided with the decision; from now on the reader sees it."""
    reading, second = _reading(move), move.proposal_of()
    assert second is not None  # noqa: S101 - the step proposes with every outcome that leads here
    first = last_proposal(move.session, reading.control_file_id)
    decides = move.pack.meta.outcomes[second.outcome].decides
    reading.second_outcome = decides.value if decides else second.outcome
    reading.is_same_outcome = reading.second_outcome == reading.first_outcome
    reading.lines_same, reading.lines_total = same_lines(first, second)
    reading.is_same_validity = _same_validity(first, second)
    reading.reader_doctor_id = move.holder
    reading.read_at = move.now
    move.tell("reading.compared", reading=str(reading.id))


def same_lines(first: Proposal | None, second: Proposal) -> tuple[int, int]:
    """Return on how many lines two doctors decided the same, of how many that both looked at."""
    before = {line.line_no: line for line in first.lines} if first else {}
    both = [(before[line.line_no], line) for line in second.lines if line.line_no in before]
    return sum(_same_line(one, other) for one, other in both), len(both)


def _same_line(one: LineVerdict, other: LineVerdict) -> bool:
    if one.outcome is not other.outcome:
        return False
    if one.outcome is not LineOutcome.MODIFIED:
        return True
    return (one.quantity, one.amount_cents) == (other.quantity, other.amount_cents)


def _same_validity(first: Proposal | None, second: Proposal) -> bool | None:
    """Whether both gave the same end; None when one of them gave none."""
    if first is None or first.valid_to is None or second.valid_to is None:
        return None
    return first.valid_to == second.valid_to


def give_back(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Give the decision back to its doctor, or, when it has left, propose to correct it."""
    reading = _finish(move, ReadingFinding.MAJOR)
    parent = moving.begin(
        move.session, move.tools, reading.control_file_id, actor=move.actor, now=move.now
    )
    decision = move.session.get_one(Decision, reading.decision_id, with_for_update=True)
    if reading.held_until is None or not _is_whole(move, reading, decision):
        reading.proposal = ProposalStatus.OPEN
        parent.tell("quality.correction_proposed", reading=str(reading.id))
        _end_hold(move, reading, HoldEnd.READ)
        moving.save(parent)
        return
    take_back(parent, decision, reading.held_keys)
    parent.tell("decision.returned", decision=str(decision.id), reading=str(reading.id))
    reading.returned_at = move.now
    reading.hold_end, reading.released_at = HoldEnd.RETURNED, move.now
    _write_to_doctor(parent, move)
    moving.save(parent)


def _is_whole(move: Move, reading: SecondReading, decision: Decision) -> bool:
    """Whether the decision can be taken back: nothing of it has left, and what was is known.

    Locks the messages: who would send one waits here, and then finds it withdrawn.
    """
    if decision.before is None or decision.undone_at is not None:
        return False
    messages = move.session.exec(
        select(OutboxMessage)
        .where(col(OutboxMessage.key).in_(reading.held_keys))
        .order_by(col(OutboxMessage.key))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    left = move.session.execute(
        sa.select(sa.func.count()).where(
            col(Letter.id).in_(_letters(reading)),
            sa.or_(col(Letter.status) != LetterStatus.WAITING, col(Letter.batch_id).is_not(None)),
        )
    ).scalar_one()
    return not left and all(message.done_at is None for message in messages)


def _letters(reading: SecondReading) -> list[UUID]:
    """Return the letters that wait for a reading."""
    prefix = "letter:"
    found = (key for key in reading.held_keys if key.startswith(prefix))
    return [UUID(key.removeprefix(prefix)) for key in found]


def _write_to_doctor(parent: Move, move: Move) -> None:
    """Leave the reader's shareable words with the file, in the name of quality control."""
    words = str(move.occasion.answers.get("words") or "").strip()
    parent.session.flush()
    reopened = select(HumanTask).where(
        HumanTask.control_file_id == parent.file.id, HumanTask.status == TaskStatus.OPEN
    )
    for task in parent.session.exec(reopened):
        signals.add(task, signals.RETURNED)
    if not words:
        return
    message_id = new_id()
    key_id, sealed = parent.tools.keys.encrypt(words.encode(), bind("message", message_id))
    parent.session.add(
        Message(
            id=message_id, control_file_id=parent.file.id, author_id=move.actor.id or message_id,
            author_name=AUTHOR, audience=MessageAudience.DOCTORS, sent_at=move.now,
            key_id=key_id, content=sealed,
        )
    )  # fmt: skip
    parent.tell("message.written", message=str(message_id), audience=MessageAudience.DOCTORS.value)


def release(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Let the decision leave: it was read, and nothing major was found."""
    ended = next(task.outcome for task in move.tasks if task.status is TaskStatus.DONE)
    reading = _finish(move, ReadingFinding(str(ended)))
    _end_hold(move, reading, HoldEnd.READ)


def _finish(move: Move, finding: ReadingFinding) -> SecondReading:
    reading = _reading(move)
    reading.finding = finding
    reading.finished_at = move.now
    reading.status = ReadingStatus.READ
    move.tell("reading.finished", reading=str(reading.id))
    return reading


def _end_hold(move: Move, reading: SecondReading, why: HoldEnd) -> None:
    if reading.held_until is not None and reading.hold_end is None:
        end_hold(move.session, reading, why, now=move.now)


def end_hold(session: Any, reading: SecondReading, why: HoldEnd, *, now: datetime) -> None:
    """Let what waited for a reading leave now; the caller holds the reading's row."""
    reading.hold_end, reading.released_at = why, now
    session.execute(
        sa.update(OutboxMessage)
        .where(
            col(OutboxMessage.key).in_(reading.held_keys),
            col(OutboxMessage.done_at).is_(None),
            col(OutboxMessage.published_at).is_(None),
        )
        .values(next_try_at=now)
    )
    session.execute(
        sa.update(Letter)
        .where(col(Letter.id).in_(_letters(reading)), col(Letter.status) == LetterStatus.WAITING)
        .values(ready_at=now)
    )


def close(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """Close the reading's own file; nobody is told, and nothing of it can be undone."""
    move.file.outcome = DecisionOutcome(arguments["outcome"])
    if move.file.outcome is DecisionOutcome.WITHDRAWN:
        reading = _reading(move)
        reading.status = ReadingStatus.CANCELLED
        _end_hold(move, reading, HoldEnd.UNREAD)
    move.tell("reading.closed", outcome=move.file.outcome.value)


def _reading(move: Move) -> SecondReading:
    return move.session.exec(
        select(SecondReading)
        .where(SecondReading.reading_file_id == move.file.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
