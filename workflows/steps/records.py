"""What a step that ends leaves on record: opinion, medical part, requests (traces d'une étape)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from medcontrol.ids import new_id
from medcontrol.model import (
    CompletionRequest,
    Entitlement,
    HumanTask,
    LineOpinion,
    MedicalRecord,
    Opinion,
)
from medcontrol.policy import Principal
from medcontrol.services.bookings import settle
from medcontrol.services.medical import seal
from medcontrol.vocabulary import (
    AppointmentReason,
    AppointmentState,
    CompletionKind,
    MedicalRecordKind,
    StepKind,
)
from workflows.definition.catalog import Pack
from workflows.definition.steps import Outcome
from workflows.rights.kept import right_as_json
from workflows.steps.booking import book_step
from workflows.steps.command import CompleteStep
from workflows.steps.moving import Move
from workflows.steps.proposals import Proposal

#: Steps in which the person is seen, and how they end when that did not happen.
SEEN = frozenset({StepKind.EXAMINATION, StepKind.VISIT, StepKind.COUNTER_EXAMINATION,
                  StepKind.COMMISSION, StepKind.EXPERT_REPORT})  # fmt: skip
_RECORD_KINDS = {
    StepKind.EXAMINATION: MedicalRecordKind.EXAMINATION,
    StepKind.EXPERT_REPORT: MedicalRecordKind.EXPERT_REPORT,
    StepKind.QUALITY_READING: MedicalRecordKind.READING,
}
NO_SHOW, RESCHEDULE = "no_show", "reschedule"


def write_down(
    move: Move, task: HumanTask, command: CompleteStep, outcome: Outcome, principal: Principal
) -> None:
    """Write the doctor's opinion, its lines, and what is medical about it."""
    record = _medical_part(move, task, command, principal)
    if not task.is_medical or principal.doctor_id is None:
        return
    opinion_id = new_id()
    proposed = Proposal(
        opinion_id=opinion_id,
        outcome=command.outcome,
        motive_code=command.motive_code,
        valid_from=command.valid_from,
        valid_to=command.valid_to,
        right_code=_text(command.form.get("pathology")),
        is_for_life=command.is_for_life or bool(command.form.get("lifetime")),
        lines=tuple(sorted(command.lines, key=lambda line: line.line_no)),
    )
    if outcome.decides is not None:
        move.proposal = proposed
    move.rows.add(
        Opinion,
        {
            "id": opinion_id,
            "control_file_id": move.file.id,
            "human_task_id": task.id,
            "doctor_id": principal.doctor_id,
            "step": task.step,
            "outcome": command.outcome,
            "given_at": move.now,
            "is_proposal": outcome.decides is not None,
            "motive_code": proposed.motive_code,
            "valid_from": proposed.valid_from,
            "valid_to": proposed.valid_to,
            "right_code": proposed.right_code,
            "is_for_life": proposed.is_for_life,
            "reasoning_id": record,
        },
    )
    for line in proposed.lines:
        move.rows.add(LineOpinion, {"opinion_id": opinion_id, **asdict(line)})
    move.tell("opinion.recorded", opinion=str(opinion_id), step=task.step, outcome=command.outcome)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


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
    kind = _RECORD_KINDS.get(task.kind, MedicalRecordKind.REASONING)
    record_id = new_id()
    key_id, sealed = seal(move.tools.keys, record_id, content | {"step": task.step})
    move.rows.add(
        MedicalRecord,
        {
            "id": record_id,
            "control_file_id": move.file.id,
            "kind": kind,
            "author_id": principal.id,
            "created_at": move.now,
            "key_id": key_id,
            "content": sealed,
        },
    )
    return record_id


def prepare(move: Move, task: HumanTask, command: CompleteStep, state_before: str) -> None:
    """Gather what the letters of this move have to say, and what an undo would need."""
    move.occasion.answers = command.form
    if command.motive_code:
        move.occasion.extra["motive_code"] = command.motive_code
    move.occasion.extra["before"] = {
        "state": state_before,
        "task": str(task.id),
        "version": move.file.version,
    }
    if move.file.entitlement_id is not None:
        right = move.session.get_one(Entitlement, move.file.entitlement_id, populate_existing=True)
        move.occasion.extra["before"]["right"] = right_as_json(right)
    if command.pieces:
        _ask(move, command)
    if task.kind is StepKind.APPOINTMENT and command.appointment_at is not None:
        book_step(move, task, command)
    if task.kind in SEEN:
        _settle_appointment(move, command.outcome)


def _settle_appointment(move: Move, outcome: str) -> None:
    """Say of what was booked that the person came, or did not; one that is put off is released."""
    if outcome == RESCHEDULE:
        return  # the path frees the slot
    state, reason = AppointmentState.ATTENDED, None
    if outcome == NO_SHOW:
        state, reason = AppointmentState.MISSED, AppointmentReason.ABSENT
    for each in settle(move.session, move.file.id, state, reason, now=move.now):
        move.tell(f"appointment.{state.value}", appointment=str(each))


def _ask(move: Move, command: CompleteStep) -> None:
    kind = CompletionKind(str(command.gives.get("completion_kind", CompletionKind.INCOMPLETE)))
    asked = [{"kind": piece.kind, "note": piece.note} for piece in command.pieces]
    move.rows.add(
        CompletionRequest,
        {
            "id": new_id(),
            "control_file_id": move.file.id,
            "kind": kind,
            "pieces": asked,
            "requested_by": move.actor.id or move.file.id,
            "requested_at": move.now,
        },
    )
    move.occasion.pieces = spelled_pieces(move.pack, asked, move.received.get("language"))
    move.occasion.asked_at = move.now


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
