"""Ending a step of a file (étape): checked against the pack, written down, moved on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import jsonschema_rs
import orjson
import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol import journal
from medcontrol.clock import ZONES
from medcontrol.errors import Forbidden, InvalidInput, NotFound, NotTheAssignedDoctor, StepNotOpen
from medcontrol.ids import new_id
from medcontrol.model import (
    Appointment,
    CompletionRequest,
    Entitlement,
    HumanTask,
    LineOpinion,
    Opinion,
    Unit,
)
from medcontrol.policy import Action, Principal, may
from medcontrol.reference.motives import motives
from medcontrol.services import medical
from medcontrol.vocabulary import (
    ActorKind,
    CompletionKind,
    ControlFileStatus,
    DecisionOutcome,
    LineOutcome,
    MedicalRecordKind,
    Role,
    StepKind,
    TaskStatus,
)
from workflows import effects, engine, moving
from workflows.catalog import Pack
from workflows.moving import Move
from workflows.schema import Outcome, Step

_BY_LINES = frozenset(
    {
        DecisionOutcome.GRANTED,
        DecisionOutcome.PARTIALLY_GRANTED,
        DecisionOutcome.REFUSED_MEDICAL,
    }
)
_CONTROLLERS = frozenset({Role.COORDINATOR, Role.CENTRAL_DOCTOR})
_SECOND_EYES = frozenset({StepKind.SECOND_DOCTOR, StepKind.CENTRAL_OPINION, StepKind.DECISION})


@dataclass(frozen=True, slots=True, kw_only=True)
class LineVerdict:
    """The opinion on one line of the request; amounts in centimes."""

    line_no: int
    outcome: LineOutcome
    motive_code: str | None = None
    quantity: str | None = None
    amount_cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceAsked:
    """A piece that is asked for: a kind of the pack's pieces, and shareable wording."""

    kind: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteStep:
    """End a step with one of its outcomes.

    Attributes:
        task_id: the human task.
        expected_version: the file's version when the page was drawn; None from a program.
        outcome: one of the pack step's outcomes.
        lines: the opinion line by line, where a decision is proposed.
        motive_code: coded motive, where the outcome needs one.
        reasoning: the doctor's reasoning: medical, encrypted, never in a letter.
        valid_from, valid_to: validity proposed; the law's longest when absent.
        is_for_life: a right without end, where the pathology allows it after an examination.
        gives: facts that the pack's step takes besides the outcome.
        pieces: what is asked for, with an outcome that asks.
        appointment_at: instant of the examination, with the outcome ``booked``.
        place: where it is; the agency when empty.
        form: answers of the step's form, kept encrypted.
    """

    task_id: UUID
    expected_version: int | None
    outcome: str
    lines: tuple[LineVerdict, ...] = ()
    motive_code: str | None = None
    reasoning: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    is_for_life: bool = False
    gives: Mapping[str, object] = field(default_factory=dict)
    pieces: tuple[PieceAsked, ...] = ()
    appointment_at: datetime | None = None
    place: str = ""
    form: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Completed:
    """What ending a step led to."""

    control_file_id: UUID
    status: ControlFileStatus
    decision_id: UUID | None
    is_closed: bool
    undo_until: datetime | None
    version: int


def actor_of(principal: Principal) -> journal.Actor:
    """Return who is written into the journal."""
    return journal.Actor(ActorKind.USER, principal.name, principal.id)


def find_task(session: Session, task_id: UUID) -> UUID:
    """Return the control file of a task.

    Raises:
        NotFound: there is no such task.
    """
    found = session.execute(
        sa.select(HumanTask.control_file_id).where(HumanTask.id == task_id)  # type: ignore[call-overload]
    ).scalar()
    if found is None:
        raise NotFound(f"no task {task_id}")
    return UUID(str(found))


def open_task(move: Move, task_id: UUID) -> HumanTask:
    """Return a task of a locked file that is still open.

    Raises:
        StepNotOpen: it was done or cancelled meanwhile.
    """
    task = move.session.get_one(HumanTask, task_id, populate_existing=True)
    if task.status is not TaskStatus.OPEN:
        raise StepNotOpen(f"this step is {task.status.value}")
    return task


def check_may_end(move: Move, task: HumanTask, principal: Principal, step: Step) -> None:
    """Refuse who is not the task's doctor, or for an agent's step not an agent of the unit."""
    # Whoever controls at a higher level may also do what a control doctor does.
    wider = _CONTROLLERS if Role.DOCTOR in step.roles else frozenset[Role]()
    if not principal.has(*step.roles, *wider):
        raise Forbidden(f"this step is for {', '.join(step.roles)}")
    if task.is_medical:
        if principal.doctor_id is None or task.assigned_doctor_id != principal.doctor_id:
            raise NotTheAssignedDoctor
        return
    if not may(move.session, principal, move.file.id, Action.ADMINISTRATE):
        raise Forbidden("this file belongs to another unit")


def complete_step(
    session: Session, tools: Any, command: CompleteStep, *, principal: Principal, now: datetime
) -> Completed:
    """End a step: opinion, medical record, flow, clocks, letters, next doctor, in one transaction.

    Raises:
        NotFound: no such task.
        StaleControlFile: the file moved since the page was drawn; nothing was saved.
        StepNotOpen: the step was done or cancelled meanwhile.
        NotTheAssignedDoctor, Forbidden: not this person's to do.
        InvalidInput: an outcome, motive, line, piece, date or answer is wrong; ``field`` names it.
    """
    file_id = find_task(session, command.task_id)
    move = moving.begin(
        session, tools, file_id,
        actor=actor_of(principal), now=now, expected_version=command.expected_version,
    )  # fmt: skip
    task = open_task(move, command.task_id)
    step = move.pack.meta.steps[task.step]
    check_may_end(move, task, principal, step)
    outcome = check(move, task, step, command)
    move.holder = _holder(session, task, principal)
    before = move.flow.state
    advance = engine.complete(
        move.pack, before, task.engine_task_id, {"outcome": command.outcome, **command.gives}
    )
    write_down(move, task, command, outcome, principal)
    prepare(move, task, command, before)
    task.status, task.done_at, task.outcome = TaskStatus.DONE, now, command.outcome
    task.done_by_doctor_id = principal.doctor_id
    task.held_until = task.hold_reason = None
    move.tell("step.completed", step=task.step, outcome=command.outcome, task=str(task.id))
    session.flush()
    effects.carry_out(move, advance)
    moving.settle(move, advance, finished=[task.id])
    medical.drop_draft(session, file_id, author_id=principal.id)
    return completed(move, now)


def _holder(session: Session, task: HumanTask, principal: Principal) -> UUID | None:
    """Return who should have the file next: who acted, or whom an opinion comes back to."""
    if not task.is_medical or task.kind not in _SECOND_EYES | {StepKind.SPECIALIST_OPINION}:
        return principal.doctor_id if task.is_medical else None
    asked = session.execute(
        sa.select(Opinion.doctor_id)  # type: ignore[call-overload]
        .where(
            Opinion.control_file_id == task.control_file_id,
            Opinion.doctor_id != principal.doctor_id,
        )
        .order_by(col(Opinion.given_at).desc(), col(Opinion.id).desc())
        .limit(1)
    ).scalar()
    return UUID(str(asked)) if asked else principal.doctor_id


def completed(move: Move, now: datetime) -> Completed:
    """Return where the file stands after a move."""
    decision_id = move.occasion.extra.get("decision_id")
    undo = now + timedelta(seconds=move.tools.undo_seconds) if decision_id else None
    return Completed(
        control_file_id=move.file.id,
        status=move.file.status,
        decision_id=decision_id,
        is_closed=move.file.closed_at is not None,
        undo_until=undo,
        version=move.file.version,
    )


def check(move: Move, task: HumanTask, step: Step, command: CompleteStep) -> Outcome:
    """Return the outcome's rule when everything about the command fits it.

    Raises:
        InvalidInput: ``field`` names what does not fit.
    """
    if command.outcome not in step.outcomes:
        raise InvalidInput(f"{task.step} does not end with {command.outcome!r}", field="outcome")
    outcome = move.pack.meta.outcomes[command.outcome]
    _check_motive(move, outcome, command)
    if command.valid_to and command.valid_from and command.valid_to < command.valid_from:
        raise InvalidInput("the validity ends before it begins", field="valid_to")
    if outcome.decides in _BY_LINES and task.kind not in _SECOND_EYES:
        _check_lines(move, outcome.decides, command)
    elif command.lines and outcome.decides not in _BY_LINES:
        raise InvalidInput("this outcome takes no opinion by line", field="lines")
    if _asks(outcome, command):
        _check_pieces(move, command)
    if step.kind is StepKind.APPOINTMENT:
        _check_appointment(move, command)
    _check_form(move.pack, task.step, command.form)
    return outcome


def _check_motive(move: Move, outcome: Outcome, command: CompleteStep) -> None:
    by_line = any(line.motive_code for line in command.lines)
    if outcome.needs_motive and not command.motive_code and not by_line:
        raise InvalidInput("this outcome needs a coded motive", field="motive_code")
    known = motives(move.file.jurisdiction)
    for name, code in (
        ("motive_code", command.motive_code),
        *((f"lines.{line.line_no}.motive_code", line.motive_code) for line in command.lines),
    ):
        if code and (code not in known or not known[code].fits(move.file.flow)):
            raise InvalidInput(f"{code!r} is no motive of this flow", field=name)


def _check_lines(move: Move, decides: DecisionOutcome | None, command: CompleteStep) -> None:
    asked = {line["no"] for line in move.received["details"].get("lines", ())}
    given = [line.line_no for line in command.lines]
    if not given and not asked:
        return
    if len(set(given)) != len(given) or not set(given) <= asked:
        raise InvalidInput("each opinion must name one line of the request", field="lines")
    if given and set(given) != asked:
        missing = ", ".join(str(no) for no in sorted(asked - set(given)))
        raise InvalidInput(f"no opinion on line {missing}", field="lines")
    for line in command.lines:
        if line.outcome is LineOutcome.REFUSED and not line.motive_code:
            raise InvalidInput(
                "a refused line needs a coded motive", field=f"lines.{line.line_no}.motive_code"
            )
        if line.outcome is LineOutcome.MODIFIED and not (
            line.quantity or line.amount_cents is not None
        ):
            raise InvalidInput(
                "a modified line needs a quantity or an amount",
                field=f"lines.{line.line_no}.amount",
            )
    if given:
        _check_total(decides, {line.outcome for line in command.lines})


def _check_total(decides: DecisionOutcome | None, found: set[LineOutcome]) -> None:
    """Refuse a decision that its own lines contradict."""
    if found == {LineOutcome.ACCEPTED}:
        wanted = DecisionOutcome.GRANTED
    elif found == {LineOutcome.REFUSED}:
        wanted = DecisionOutcome.REFUSED_MEDICAL
    else:
        wanted = DecisionOutcome.PARTIALLY_GRANTED
    if decides is not wanted:
        raise InvalidInput(f"the lines amount to {wanted.value}", field="outcome")


def _asks(outcome: Outcome, command: CompleteStep) -> bool:
    return "requested_by" in outcome.sets or bool(command.pieces)


def _check_pieces(move: Move, command: CompleteStep) -> None:
    if not command.pieces:
        raise InvalidInput("say which pieces are asked for", field="pieces")
    for piece in command.pieces:
        if piece.kind not in move.pack.meta.pieces and piece.kind != "other":
            raise InvalidInput(f"{piece.kind!r} is no piece of this flow", field="pieces")
        if piece.kind == "other" and not piece.note.strip():
            raise InvalidInput("say which other piece", field="pieces")


def _check_appointment(move: Move, command: CompleteStep) -> None:
    if command.appointment_at is None:
        raise InvalidInput("an appointment needs a day and an hour", field="appointment_at")
    if command.appointment_at.tzinfo is None:
        raise InvalidInput("the instant needs an offset", field="appointment_at")
    if command.appointment_at <= move.now:
        raise InvalidInput("the appointment lies in the past", field="appointment_at")


def _check_form(pack: Pack, step: str, answers: Mapping[str, object]) -> None:
    if not answers:
        return
    schema = orjson.dumps(pack.form(step)[0])
    for error in _compiled(schema).iter_errors(dict(answers)):
        path = ".".join(str(part) for part in error.instance_path)
        raise InvalidInput("this answer does not fit the form", field=f"form.{path}".rstrip("."))


@lru_cache(maxsize=128)
def _compiled(schema: bytes) -> Any:
    return jsonschema_rs.validator_for(orjson.loads(schema), validate_formats=True)


def write_down(
    move: Move, task: HumanTask, command: CompleteStep, outcome: Outcome, principal: Principal
) -> None:
    """Write the doctor's opinion, its lines, and what is medical about it."""
    record = _medical_part(move, task, command, principal)
    if not task.is_medical or principal.doctor_id is None:
        return
    opinion_id = new_id()
    move.session.flush()
    move.session.execute(
        sa.insert(Opinion).values(
            id=opinion_id,
            control_file_id=move.file.id,
            human_task_id=task.id,
            doctor_id=principal.doctor_id,
            step=task.step,
            outcome=command.outcome,
            given_at=move.now,
            is_proposal=outcome.decides is not None,
            motive_code=command.motive_code,
            valid_from=command.valid_from,
            valid_to=command.valid_to,
            right_code=command.form.get("pathology"),
            is_for_life=command.is_for_life or bool(command.form.get("lifetime")),
            reasoning_id=record,
        )
    )
    if command.lines:
        move.session.execute(
            sa.insert(LineOpinion),
            [
                {
                    "opinion_id": opinion_id,
                    "line_no": line.line_no,
                    "outcome": line.outcome,
                    "motive_code": line.motive_code,
                    "quantity": line.quantity,
                    "amount_cents": line.amount_cents,
                }
                for line in command.lines
            ],
        )
    move.tell("opinion.recorded", opinion=str(opinion_id), step=task.step, outcome=command.outcome)


def _medical_part(
    move: Move, task: HumanTask, command: CompleteStep, principal: Principal
) -> UUID | None:
    content: dict[str, Any] = {}
    if command.reasoning.strip():
        content["reasoning"] = command.reasoning
    if command.form:
        content["form"] = dict(command.form)
    if not content:
        return None
    is_examination = task.kind is StepKind.EXAMINATION
    kind = MedicalRecordKind.EXAMINATION if is_examination else MedicalRecordKind.REASONING
    return medical.write(
        move.session, move.tools.keys, move.file.id, kind, content | {"step": task.step},
        author_id=principal.id, now=move.now,
    )  # fmt: skip


def prepare(move: Move, task: HumanTask, command: CompleteStep, state_before: str) -> None:
    """Gather what the letters of this move have to say, and what an undo would need."""
    if command.motive_code:
        move.occasion.extra["motive_code"] = command.motive_code
    move.occasion.extra["before"] = {
        "state": state_before,
        "task": str(task.id),
        "version": move.file.version,
    }
    if move.file.entitlement_id is not None:
        right = move.session.get_one(Entitlement, move.file.entitlement_id, populate_existing=True)
        move.occasion.extra["before"]["right"] = moving.right_as_json(right)
    if command.pieces:
        _ask(move, command)
    if task.kind is StepKind.APPOINTMENT and command.appointment_at is not None:
        _book(move, command)
    if task.kind is StepKind.EXAMINATION:
        state = "missed" if command.outcome == "no_show" else "attended"
        move.session.execute(
            sa.text(
                "UPDATE appointment SET state = :state"
                " WHERE control_file_id = :id AND state = 'booked'"
            ),
            {"state": state, "id": move.file.id},
        )


def _ask(move: Move, command: CompleteStep) -> None:
    kind = CompletionKind(str(command.gives.get("completion_kind", CompletionKind.INCOMPLETE)))
    asked = [{"kind": piece.kind, "note": piece.note} for piece in command.pieces]
    move.session.add(
        CompletionRequest(
            control_file_id=move.file.id, kind=kind, pieces=asked,
            requested_by=move.actor.id or move.file.id, requested_at=move.now,
        )
    )  # fmt: skip
    move.occasion.pieces = spelled_pieces(move.pack, asked, move.received.get("language"))
    due = move.limits.due("clocks.complement_days", move.now, move.file.received_on)
    move.occasion.answer_by = move.limits.calendar.civil_date(due.at)


def spelled_pieces(
    pack: Pack, asked: Sequence[Mapping[str, str]], language: str | None
) -> list[dict[str, str]]:
    """Return pieces as a letter names them."""
    found = []
    for piece in asked:
        known = pack.meta.pieces.get(piece["kind"])
        if known is None:
            found.append({"label": piece["note"]})
            continue
        label = known.titles.ar if language == "ar" else known.titles.fr
        found.append({"label": label, "note": piece.get("note", "")})
    return found


def _book(move: Move, command: CompleteStep) -> None:
    assert command.appointment_at is not None  # noqa: S101 - checked
    unit = move.file.agency_code
    move.session.add(
        Appointment(
            control_file_id=move.file.id, doctor_id=move.file.assigned_doctor_id, unit_code=unit,
            starts_at=command.appointment_at, booked_at=move.now,
        )
    )  # fmt: skip
    name = move.session.execute(
        sa.select(Unit.name).where(Unit.code == unit)  # type: ignore[call-overload]
    ).scalar_one()
    move.occasion.appointment = {
        "starts_at": command.appointment_at.astimezone(ZONES[move.file.jurisdiction]),
        "place": command.place.strip() or name,
    }
