"""Whether a step may end as somebody says (contrôles de fin d'étape)."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from medcontrol.errors import Forbidden, InvalidInput, NotTheAssignedDoctor
from medcontrol.model import HumanTask
from medcontrol.policy import QUALITY, Action, Principal, may
from medcontrol.reference.motives import motives
from medcontrol.vocabulary import DecisionOutcome, LineOutcome, Role, StepKind
from workflows.definition.catalog import Pack
from workflows.definition.steps import Outcome, Step
from workflows.steps.command import CompleteStep
from workflows.steps.computed_refusals import refuse
from workflows.steps.moving import Move

#: Steps in which somebody looks at what another doctor proposed.
SECOND_EYES = frozenset({StepKind.SECOND_DOCTOR, StepKind.CENTRAL_OPINION, StepKind.DECISION})
_BY_LINES = frozenset(
    {
        DecisionOutcome.GRANTED,
        DecisionOutcome.PARTIALLY_GRANTED,
        DecisionOutcome.REFUSED_MEDICAL,
    }
)
_CONTROLLERS = frozenset({Role.COORDINATOR, Role.CENTRAL_DOCTOR})


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
    wanted = Action.MISSION if task.kind is StepKind.EXPERT_REPORT else Action.ADMINISTRATE
    if not may(move.session, principal, move.file.id, wanted):
        raise Forbidden("this file belongs to another unit")


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
    if outcome.decides in _BY_LINES and task.kind not in SECOND_EYES:
        _check_lines(move, outcome.decides, command)
    elif command.lines and outcome.decides is DecisionOutcome.PARTLY_OVERTURNED:
        _check_lines(move, None, command)
    elif command.lines and outcome.decides not in _BY_LINES:
        raise InvalidInput("this outcome takes no opinion by line", field="lines")
    if _asks(outcome, command):
        _check_pieces(move, command)
    if step.kind is StepKind.APPOINTMENT:
        _check_appointment(move, command)
    _check_form(move.pack, task.step, command.form)
    refuse(move, task, command)
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
        if code and (code not in known or not known[code].fits(_judged_flow(move))):
            raise InvalidInput(f"{code!r} is no motive of this flow", field=name)


def _judged_flow(move: Move) -> str:
    """Return the flow whose request is judged; a second reading's nature says which."""
    return move.file.nature if move.file.flow == QUALITY else move.file.flow


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
    if given and decides is not None:
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
    for error in _validator(orjson.dumps(pack.form(step)[0])).iter_errors(dict(answers)):
        path = ".".join(str(part) for part in error.instance_path)
        raise InvalidInput("this answer does not fit the form", field=f"form.{path}".rstrip("."))


@lru_cache(maxsize=128)
def _validator(schema: bytes) -> Any:
    return jsonschema_rs.validator_for(orjson.loads(schema), validate_formats=True)
