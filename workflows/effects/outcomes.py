"""What a closed control teaches selectivity (résultat codé), in the decision's transaction."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from assignment.exclusions import LINKED
from medcontrol.clock import civil_date
from medcontrol.crypto import KeyRing
from medcontrol.driver import ask
from medcontrol.ids import new_id
from medcontrol.model import BlueDraw, ControlOutcome
from medcontrol.reference.results import result_of
from medcontrol.vocabulary import ControlResult, DecisionOutcome, LineOutcome, TaskStatus
from selectivity.history.reading import hasher_of
from selectivity.history.stored import Stored
from selectivity.history.writing import entry_of_file, outcome_counted, record_overturn
from workflows.steps.command import LineVerdict
from workflows.steps.moving import Move

APPEAL = "appeal"

# What was decided of the file that the control is about: the paid one of a control afterwards.
_CHOSEN = b"""
SELECT coalesce(b.received_file_id, f.id), b.received_file_id IS NOT NULL, d.origins,
       d.inclusion_probability, b.inclusion_probability
FROM (SELECT %(received)s::uuid AS id) f
LEFT JOIN blue_draw b ON b.later_file_id = f.id
LEFT JOIN selectivity_decision d ON d.received_file_id = coalesce(b.received_file_id, f.id)
"""
# The row that the counters remember the file by.
_SUBJECT = f"""
SELECT {", ".join(f"r.{name}" for name in Stored._fields)} FROM received_file r
WHERE r.id = coalesce((SELECT received_file_id FROM blue_draw WHERE later_file_id = %(received)s),
                      %(received)s)
""".encode()  # noqa: S608 - of our own names only
_LAST = b"""
SELECT id FROM control_outcome WHERE control_file_id = %(file)s
ORDER BY decided_on DESC, id DESC LIMIT 1 FOR UPDATE
"""
_MINUTES = b"""
SELECT coalesce(sum(points), 0),
       (array_agg(done_by_doctor_id ORDER BY done_at DESC)
        FILTER (WHERE done_by_doctor_id IS NOT NULL))[1]
FROM human_task
WHERE control_file_id = %(file)s AND is_medical AND status = 'done' AND NOT id = ANY(%(known)s)
"""


def record(move: Move, outcome: DecisionOutcome) -> None:
    """Write the coded result of a control that a decision closes.

    One that was undone before is replaced: the control counts once. The end of an appeal is no
    control: it takes back, where it is granted, what the contested control had found.
    """
    file = move.file
    if file.flow in LINKED:
        return  # about another file: what it changes there is recorded there
    if file.nature == APPEAL:
        if outcome in (DecisionOutcome.GRANTED, DecisionOutcome.PARTIALLY_GRANTED):
            overturn_parent(move)
        return
    _record_control(move, outcome)


def _record_control(move: Move, outcome: DecisionOutcome) -> None:
    """Gather the result and what it adds to the counters; both are written with the decision."""
    file = move.file
    known = [task.id for task in move.tasks]
    chosen, kept, worked, last = ask(
        move.session, {"received": file.received_file_id, "file": file.id, "known": known},
        _CHOSEN, _SUBJECT, _MINUTES, _LAST,
    )  # fmt: skip
    subject, is_later, origins, chance, later_chance = chosen[0]
    avoided = _avoided(move, outcome)
    result = _coded(move, outcome, avoided)
    spared = avoided if result.is_hit else 0
    minutes, doctor = _work(move, *worked[0])
    today = civil_date(move.now, file.jurisdiction)
    row = {
        "id": new_id(), "received_file_id": subject, "control_file_id": file.id,
        "jurisdiction": file.jurisdiction, "result": result, "amount_avoided_cents": spared,
        "decided_on": today, "origins": list(origins or ()),
        "inclusion_probability": _both(chance, later_chance), "is_overturned": False,
        "doctor_id": doctor, "minutes": minutes, "replaces_id": last[0][0] if last else None,
    }  # fmt: skip
    move.rows.add(ControlOutcome, row)
    entry = entry_of_file(Stored(*kept[0]), hasher_of(move.tools.keys))
    for statement, values in outcome_counted(
        entry, row["id"], on=today, is_hit=result.is_hit, replaces=bool(last)
    ):
        move.rows.run(statement, values)
    if is_later:
        _recover(move.session, subject, spared, today)


def _coded(move: Move, outcome: DecisionOutcome, avoided: int) -> ControlResult:
    """Return the result of a control as selectivity learns it."""
    if move.occasion.extra.get("tacit"):
        return ControlResult.WITHDRAWN  # the law agreed by silence: nobody looked
    result = result_of(outcome, flow=move.file.flow, nature=move.file.nature)
    return ControlResult.REDUCED if result is ControlResult.CONFORM and avoided else result


def _both(chance: float | None, later: float | None) -> float | None:
    """Return the chance of being controlled: for a paid file, to be set aside and then drawn."""
    if chance is None or later is None:
        return chance
    return chance * later


def _work(move: Move, minutes: int, doctor: UUID | None) -> tuple[int, UUID | None]:
    """Return the minutes that doctors spent, and the last doctor; this move's step included."""
    now = [task for task in move.tasks if task.is_medical and task.status is TaskStatus.DONE]
    last = next((task.done_by_doctor_id for task in now if task.done_by_doctor_id), doctor)
    return int(minutes) + sum(task.points for task in now), last


def _avoided(move: Move, outcome: DecisionOutcome) -> int:
    """Return what is not paid of what was asked, in centimes."""
    if outcome not in _SPEAKS:
        return 0
    proposal = move.proposal_of()
    lines = move.received["details"].get("lines") or ()
    if proposal is not None and proposal.lines:
        return avoided_of(proposal.lines, lines)
    return int(move.file.amount_cents or 0) if outcome is DecisionOutcome.REFUSED_MEDICAL else 0


_SPEAKS = frozenset(
    {DecisionOutcome.GRANTED, DecisionOutcome.PARTIALLY_GRANTED, DecisionOutcome.REFUSED_MEDICAL}
)


def avoided_of(verdicts: Iterable[LineVerdict], lines: Iterable[Mapping[str, Any]]) -> int:
    """Return requested less granted over the lines, in centimes; never below nought.

    >>> line = {"no": 1, "act": "B", "quantity": "4", "amount": "100.00"}
    >>> avoided_of([LineVerdict(line_no=1, outcome=LineOutcome.MODIFIED, quantity="3")], [line])
    2500
    """
    asked = {line["no"]: line for line in lines}
    total = 0
    for verdict in verdicts:
        line = asked.get(verdict.line_no)
        if line is not None:
            amount = int(Decimal(line["amount"]) * 100)
            total += max(0, amount - _granted(verdict, line, amount))
    return total


def _granted(verdict: LineVerdict, line: Mapping[str, Any], amount: int) -> int:
    if verdict.outcome is LineOutcome.ACCEPTED:
        return amount
    if verdict.outcome is LineOutcome.REFUSED:
        return 0
    if verdict.amount_cents is not None:
        return verdict.amount_cents
    asked = Decimal(line["quantity"])
    if not asked:
        return 0
    share = Decimal(verdict.quantity or 0) / asked
    return int((amount * share).quantize(Decimal(1), ROUND_HALF_UP))


def _last(session: Session, control_file_id: UUID) -> ControlOutcome | None:
    """Return the last result of a control, standing or not."""
    return session.exec(
        select(ControlOutcome)
        .where(ControlOutcome.control_file_id == control_file_id)
        .order_by(col(ControlOutcome.decided_on).desc(), col(ControlOutcome.id).desc())
        .limit(1)
        .with_for_update()
    ).first()


def overturn(session: Session, keys: KeyRing, control_file_id: UUID, *, on: date) -> bool:
    """Take back what a control had found: an appeal was granted, or the decision was undone.

    Nothing is erased: the result stays, marked as of a day, and the counters are corrected by an
    entry of that day.

    Returns:
        Whether there was a result that stood.
    """
    found = _last(session, control_file_id)
    if found is None or found.is_overturned:
        return False
    found.is_overturned, found.overturned_on = True, on
    record_overturn(session, found, hasher_of(keys))
    session.execute(
        sa.update(BlueDraw)
        .where(
            col(BlueDraw.received_file_id) == found.received_file_id,
            col(BlueDraw.recovery_on).is_not(None),
        )
        .values(recovery_cents=None, recovery_on=None)
    )
    return True


def overturn_parent(move: Move) -> None:
    """Take back the control that an appeal contests, and tell both files' journals."""
    file = move.file
    if file.parent_id is None:
        return
    today = civil_date(move.now, file.jurisdiction)
    if overturn(move.session, move.tools.keys, file.parent_id, on=today):
        move.tell("outcome.overturned", control_file=str(file.parent_id))


def _recover(session: Session, paid_file: UUID, amount: int, on: date) -> None:
    """Note what a control after payment asks back; nothing when it found nothing."""
    session.execute(
        sa.update(BlueDraw)
        .where(col(BlueDraw.received_file_id) == paid_file)
        .values(recovery_cents=amount or None, recovery_on=on if amount else None)
    )
