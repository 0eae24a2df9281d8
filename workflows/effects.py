"""What a flow's operations do to the database (opérations), in the caller's transaction."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import outbox
from medcontrol.clock import civil_date
from medcontrol.crypto import bind
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import (
    Appointment,
    Deadline,
    Decision,
    Entitlement,
    HumanTask,
    Letter,
    LineOpinion,
    MedicalRecord,
    Opinion,
    OutboxMessage,
    Suspension,
    Unit,
)
from medcontrol.reference.acts import act_label
from medcontrol.reference.motives import motives
from medcontrol.reference.pathologies import Pathology, pathologies
from medcontrol.rules import reviews
from medcontrol.rules.calendar import add_months
from medcontrol.rules.clocks import completion_restarts
from medcontrol.vocabulary import (
    CompletionKind,
    ControlLevel,
    DeadlineStatus,
    DecisionOutcome,
    EntitlementStatus,
    MedicalRecordKind,
    StepKind,
    TaskStatus,
)
from workflows.letter_writing import Sender, language_of, letter_rows
from workflows.moving import Move, standstills
from workflows.paths import Advance, OperationCall

RESTARTS = ":restarts"


def carry_out(move: Move, advance: Advance) -> None:
    """Carry out the operations of an advance, in the order in which the path called them."""
    closes = any(call.operation == "close" for call in advance.operations)
    move.occasion.is_undoable = closes
    if closes:
        move.occasion.decision = _decision_part(move, advance)
    for call in advance.operations:
        _EFFECTS[call.operation](move, call, call.arguments)


def _send_letter(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    code = arguments["letter"]
    needs = move.pack.meta.letters[code].needs
    if "review" in needs and move.occasion.review is None:
        return
    letter, message = letter_rows(
        move.pack, code, file=move.columns(), received=move.received,
        sender=sender_of(move), occasion=move.occasion,
        number=f"{call.step}:{move.file.version}:{move.letters}", now=move.now,
    )  # fmt: skip
    move.letters += 1
    move.session.flush()
    move.session.execute(sa.insert(Letter), letter)
    move.session.execute(sa.insert(OutboxMessage), message)
    move.tell("letter.written", letter=str(letter["id"]), code=code)


def sender_of(move: Move) -> Sender:
    """Return who signs the letters of a file: the fund, and the agency it belongs to."""
    name = move.session.execute(
        sa.select(Unit.name).where(col(Unit.code) == move.file.agency_code)  # type: ignore[call-overload]
    ).scalar_one()
    tools = move.tools
    return Sender(fund=tools.fund_name, unit_name=name, undo_seconds=tools.undo_seconds)


def _suspend(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    """Stop the clocks that stop for completion, until the pieces are there."""
    kind = CompletionKind(arguments["reason"])
    numbers = law(move.file.jurisdiction).at(move.file.received_on)
    restarts = completion_restarts(
        kind,
        incomplete_restarts=bool(numbers.value("completion.incomplete_restarts").value),
        incorrect_restarts=bool(numbers.value("completion.incorrect_restarts").value),
    )
    move.session.add(
        Suspension(
            control_file_id=move.file.id,
            reason=f"completion_{kind.value}{RESTARTS if restarts else ''}",
            started_at=move.now,
        )
    )
    move.session.execute(
        sa.update(Deadline)
        .where(
            col(Deadline.control_file_id) == move.file.id,
            col(Deadline.status) == DeadlineStatus.RUNNING,
            col(Deadline.stops_for_completion),
        )
        .values(status=DeadlineStatus.SUSPENDED)
    )
    move.tell("clock.stopped", reason=kind.value)


def _resume(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    """Let stopped clocks run again, their ends moved by what stood still."""
    session = move.session
    session.execute(
        sa.update(Suspension)
        .where(col(Suspension.control_file_id) == move.file.id, col(Suspension.ended_at).is_(None))
        .values(ended_at=move.now)
    )
    stops = standstills(session, move.file.id)
    for clock in session.exec(
        select(Deadline).where(
            Deadline.control_file_id == move.file.id, Deadline.status == DeadlineStatus.SUSPENDED
        )
    ).all():
        clock.due_at = move.limits.extended(clock.starts_at, clock.amount, clock.unit, stops)
        clock.status = DeadlineStatus.RUNNING
        if clock.engine_task_id is None:
            move.file.due_at = clock.due_at
    move.tell("clock.resumed", stops=len(stops))


def _set_level(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    before = move.file.level
    level = arguments["level"]
    move.file.level = _initial_level(move) if level == "initial" else ControlLevel(level)
    move.tell("level.changed", before=before.value, after=move.file.level.value)


def _initial_level(move: Move) -> ControlLevel:
    chosen = move.session.execute(
        sa.text("SELECT level FROM selectivity_decision WHERE received_file_id = :id"),
        {"id": move.file.received_file_id},
    ).scalar()
    return ControlLevel(chosen) if chosen else ControlLevel.LOCAL


def _cancel_appointment(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    move.session.execute(
        sa.update(Appointment)
        .where(col(Appointment.control_file_id) == move.file.id, col(Appointment.state) == "booked")
        .values(state="cancelled")
    )


def _grant(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    """Open the right that the decision grants, or renew the one that the file reviews."""
    today = civil_date(move.now, move.file.jurisdiction)
    proposal = last_proposal(move.session, move.file.id)
    start = (proposal.valid_from if proposal else None) or today
    old = _reviewed(move)
    pathology = _pathology(move, proposal)
    grant = _grant_dates(move, start, proposal, old, pathology)
    values = {
        "right_code": (pathology.code if pathology else None) or (old.right_code if old else None),
        "valid_to": grant.valid_to,
        "next_review_on": grant.next_review_on,
        "opens_on": grant.opens_on,
        "status": EntitlementStatus.ACTIVE,
        "control_file_id": move.file.id,
        "previous_doctor_id": move.holder,
    }
    if old is None:
        number = _new_number(move.session, arguments["kind"], today)
        row = _person(move) | values | {"number": number, "valid_from": start}
        move.session.execute(sa.insert(Entitlement), row)
        move.file.entitlement_id = row["id"]
    else:
        number = old.number
        move.session.execute(
            sa.update(Entitlement).where(col(Entitlement.id) == old.id).values(**values)
        )
    move.tell("entitlement.granted", number=number)
    if move.occasion.decision is not None:
        move.occasion.decision |= {
            "entitlement_number": number,
            "valid_from": start,
            "valid_to": grant.valid_to,
            "next_review_on": grant.next_review_on,
            "is_renewal": old is not None,
        }
    move.announce("entitlement.changed", number=number)


def _grant_dates(
    move: Move, start: date, proposal: Opinion | None, old: Entitlement | None,
    pathology: Pathology | None,
) -> reviews.Grant:  # fmt: skip
    rule = move.pack.meta.entitlement
    assert rule is not None  # noqa: S101 - packs check: a pack that grants has the rule
    numbers = law(move.file.jurisdiction).at(move.file.received_on)
    days_before = numbers.number(rule.review.opens_days_before).value
    if rule.review.rhythm is not None:
        rhythm = rule.review.rhythm
        terms = reviews.InvalidityRule(
            pension_age_years=numbers.number(rhythm.last_age_years).value,
            first_months=numbers.number(rhythm.first_months).value,
            first_period_months=numbers.number(rhythm.first_period_months).value,
            later_months=numbers.number(rhythm.later_months).value,
            none_before_pension_months=numbers.number(rhythm.none_before_last_age_months).value,
            open_days_before=days_before,
        )
        return reviews.grant_invalidity(
            terms,
            birth_date=move.file.person_birth_date,
            first_granted_on=old.valid_from if old else start,
            valid_from=start,
        )
    default = numbers.number(rule.default_months).value if rule.default_months else 12
    if pathology is not None and proposal is not None and proposal.is_for_life:
        return reviews.grant_for_life(
            pathology.validity, valid_from=start, was_examined=_was_examined(move)
        )
    longest = default
    if pathology is not None:
        longest = reviews.longest_validity(
            pathology.validity, is_renewal=old is not None, default_months=default
        )
    if proposal is not None and proposal.valid_to is not None:
        longest_end = add_months(start, longest) - timedelta(days=1)
        end = proposal.valid_to
        if not start <= end <= longest_end:
            raise reviews.ValidityTooLong(f"between {start} and {longest_end}", field="valid_to")
        review_on = end + timedelta(days=1)
        halfway = start + (review_on - start) // 2
        opens_on = max(review_on - timedelta(days=days_before), halfway)
        return reviews.Grant(start, end, review_on, opens_on)
    return reviews.grant_ald(valid_from=start, longest_months=longest, open_days_before=days_before)


def _was_examined(move: Move) -> bool:
    return bool(
        move.session.execute(
            sa.select(HumanTask.id)  # type: ignore[call-overload]
            .where(
                col(HumanTask.control_file_id) == move.file.id,
                col(HumanTask.kind) == StepKind.EXAMINATION,
                col(HumanTask.status) == TaskStatus.DONE,
                col(HumanTask.outcome) != "no_show",
            )
            .limit(1)
        ).scalar()
    )


def _pathology(move: Move, proposal: Opinion | None) -> Pathology | None:
    """Return the pathology that the doctor named, else the one that the message named."""
    code = proposal.right_code if proposal else None
    if code is None:
        code = _received_pathology(move)
    if code is None:
        return None
    listed = pathologies(move.file.jurisdiction) if move.file.flow == "ald" else {}
    return next((p for p in listed.values() if code in (p.code, str(p.number))), None)


def _received_pathology(move: Move) -> str | None:
    """Return the pathology code of the message: used to price the right, shown to nobody here."""
    row = move.session.exec(
        select(MedicalRecord).where(
            MedicalRecord.control_file_id == move.file.id,
            MedicalRecord.kind == MedicalRecordKind.INTAKE,
        )
    ).first()
    if row is None:
        return None
    plain = move.tools.keys.decrypt(row.key_id, row.content, bind("medical_record", row.id))
    medical = orjson.loads(plain).get("medical") or {}
    return medical.get("pathology")


_NUMBERS = {"ald": "ETM", "invalidity": "PI"}


def _new_number(session: Session, kind: str, today: date) -> str:
    serial = session.execute(sa.text("SELECT nextval('entitlement_serial')")).scalar_one()
    return f"{_NUMBERS.get(kind, kind[:3].upper())}-{today.year}-{serial:07d}"


def _person(move: Move) -> dict[str, Any]:
    received, file = move.received, move.file
    return {
        "id": new_id(),
        "jurisdiction": file.jurisdiction,
        "flow": file.flow,
        "registration_number": file.registration_number,
        "national_id": file.national_id,
        "family_name": received["family_name"],
        "given_name": received["given_name"],
        "birth_date": received["birth_date"],
        "sex": received["sex"],
        "language": received["language"],
        "relation": received["relation"],
        "beneficiary_family_name": received["beneficiary_family_name"],
        "beneficiary_given_name": received["beneficiary_given_name"],
        "beneficiary_birth_date": received["beneficiary_birth_date"],
        "agency_code": file.agency_code,
        "granted_at": move.now,
    }


def _reviewed(move: Move) -> Entitlement | None:
    """Return the right that the file is about, under lock."""
    if move.file.entitlement_id is None:
        return None
    return move.session.get(
        Entitlement, move.file.entitlement_id, with_for_update=True, populate_existing=True
    )


def _end_entitlement(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    right = _reviewed(move)
    if right is None:
        return
    today = civil_date(move.now, move.file.jurisdiction)
    right.status = EntitlementStatus.ENDED
    right.valid_to = max(right.valid_from, min(right.valid_to or today, today))
    right.next_review_on = right.opens_on = None
    move.tell("entitlement.ended", number=right.number)
    move.announce("entitlement.changed", number=right.number)


def _keep_open(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    right = _reviewed(move)
    if right is not None and right.status is EntitlementStatus.ACTIVE:
        right.status = EntitlementStatus.UNDER_REVIEW


def _postpone(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    right = _reviewed(move)
    if right is None:
        return
    day = move.file.received_on
    months = law(move.file.jurisdiction).number(arguments["parameter"], day).value
    today = civil_date(move.now, move.file.jurisdiction)
    right.next_review_on = right.opens_on = add_months(today, months)
    if right.valid_to is not None:
        right.valid_to = max(right.valid_to, right.next_review_on)
    right.status = EntitlementStatus.ACTIVE
    move.tell("entitlement.review_postponed", number=right.number, months=months)


def _close(move: Move, call: OperationCall, arguments: dict[str, Any]) -> None:
    """Write the decision that closes the file, with what it was decided with."""
    outcome = DecisionOutcome(arguments["outcome"])
    proposal = last_proposal(move.session, move.file.id)
    part = move.occasion.decision or {}
    numbers = law(move.file.jurisdiction).at(move.file.received_on)
    parameters = [
        numbers.value(rule.parameter).facts() for rule in move.pack.meta.deadlines.values()
    ]
    row = {
        "id": new_id(),
        "control_file_id": move.file.id,
        "opinion_id": proposal.id if proposal else None,
        "outcome": outcome,
        "motive_code": move.occasion.extra.get("motive_code")
        or (proposal.motive_code if proposal else None),
        "valid_from": part.get("valid_from"),
        "valid_to": part.get("valid_to"),
        "decided_at": move.now,
        "decided_by": move.actor.id,
        "decided_with": {
            "pack": move.pack.key,
            "pack_hash": move.pack.digest,
            "parameters": parameters,
        },
        "before": move.occasion.extra.get("before"),
    }
    move.session.flush()
    move.session.execute(sa.insert(Decision), row)
    move.file.outcome = outcome
    move.occasion.extra["decision_id"] = row["id"]
    move.tell("decision.made", decision=str(row["id"]), outcome=outcome.value)
    wait = timedelta(seconds=move.tools.undo_seconds)
    payload = {
        "event": "decision.made",
        "control_file_id": str(move.file.id),
        "decision_id": str(row["id"]),
    }
    move.messages.append(
        outbox.NewMessage(
            topic="events.deliver", key=f"event:decision.made:{row['id']}", payload=payload,
            not_before=move.now + wait,
        )
    )  # fmt: skip


def last_proposal(session: Session, control_file_id: UUID) -> Opinion | None:
    """Return the last opinion that proposed a decision of this file."""
    return session.exec(
        select(Opinion)
        .where(Opinion.control_file_id == control_file_id, Opinion.is_proposal)
        .order_by(col(Opinion.given_at).desc(), col(Opinion.id).desc())
        .limit(1)
    ).first()


def _decision_part(move: Move, advance: Advance) -> dict[str, Any]:
    """Return what the letter says of the decision: shareable wording, line by line."""
    call = next(call for call in advance.operations if call.operation == "close")
    language = language_of(move.received)
    proposal = last_proposal(move.session, move.file.id)
    known = motives(move.file.jurisdiction)
    code = move.occasion.extra.get("motive_code") or (proposal.motive_code if proposal else None)
    part: dict[str, Any] = {
        "outcome": call.arguments["outcome"],
        "decided_on": civil_date(move.now, move.file.jurisdiction),
        "motives": [known[code].wording.in_language(language)] if code and code in known else [],
        "lines": [],
    }
    if proposal is not None:
        part["lines"] = _decided_lines(move, proposal, language)
        part["valid_from"], part["valid_to"] = proposal.valid_from, proposal.valid_to
    return part


def _decided_lines(move: Move, proposal: Opinion, language: str) -> list[dict[str, Any]]:
    known = motives(move.file.jurisdiction)
    asked = {line["no"]: line for line in move.received["details"].get("lines", ())}
    found = move.session.exec(
        select(LineOpinion)
        .where(LineOpinion.opinion_id == proposal.id)
        .order_by(col(LineOpinion.line_no))
    ).all()
    rows = []
    for each in found:
        line = asked.get(each.line_no, {})
        act = str(line.get("act", each.line_no))
        granted = f"{each.amount_cents / 100:.2f}" if each.amount_cents is not None else ""
        motive = known.get(each.motive_code or "")
        rows.append(
            {
                "label": line.get("label") or act_label(move.file.jurisdiction, act, language),
                "outcome": each.outcome,
                "requested": line.get("amount", ""),
                "granted": granted or (each.quantity or ""),
                "motive": motive.wording.in_language(language) if motive else "",
            }
        )
    return rows


_EFFECTS: dict[str, Callable[[Move, OperationCall, dict[str, Any]], None]] = {
    "send_letter": _send_letter,
    "suspend_clock": _suspend,
    "resume_clock": _resume,
    "set_level": _set_level,
    "cancel_appointment": _cancel_appointment,
    "grant_entitlement": _grant,
    "end_entitlement": _end_entitlement,
    "keep_entitlement_open": _keep_open,
    "postpone_review": _postpone,
    "close": _close,
}

__all__ = ["carry_out", "last_proposal", "sender_of"]
