"""What a computed check leaves to nobody: a step can't end so while the check says it."""

from typing import Any

import orjson

from medcontrol.clock import civil_date
from medcontrol.crypto import bind
from medcontrol.errors import InvalidInput
from medcontrol.model import HumanTask, ReceivedFile
from medcontrol.rules.checks import CHECKS
from workflows.steps.case_checks import Known, case_of
from workflows.steps.command import CompleteStep
from workflows.steps.moving import Move

_INTAKE = b"""
SELECT id, key_id, content FROM medical_record
WHERE control_file_id = %(file)s AND kind = 'intake'
"""


class ComputedRefusal(InvalidInput):
    """The law does not allow this end of the step, as the computed check beside it says."""

    code = "step.refused_by_check"


def refuse(move: Move, task: HumanTask, command: CompleteStep) -> None:
    """Refuse an end of a step that the pack's computed checks do not leave to anybody.

    Reads nothing unless the pack says ``refuses`` for this outcome.

    Raises:
        ComputedRefusal: ``field`` names the answer that the check is about.
    """
    rules = {
        name: rule.refuses
        for name, rule in move.pack.meta.checks.items()
        if any(command.outcome in outcomes for outcomes in rule.refuses.values())
        and rule.applies(task.step, move.file.nature)
    }
    if not rules:
        return
    received = move.session.get_one(ReceivedFile, move.file.received_file_id)
    known = Known(
        answers=_answers(move),
        medical={},
        typed=command.form,
        is_medical=False,
        today=civil_date(move.now, move.file.jurisdiction),
    )
    case = case_of(move.session, move.tools.catalog, move.file, received, known)
    for name, refuses in rules.items():
        verdict = CHECKS[name].compute(case).verdict
        about = refuses.get(verdict, {}).get(command.outcome)
        if about is not None:
            field = about if about == "outcome" else f"form.{about}"
            raise ComputedRefusal(f"the check {name} says {verdict.value}", field=field)


def _answers(move: Move) -> dict[str, Any]:
    """Return what the sender's form said; for the flow's own work, shown to nobody."""
    found = move.ask(_INTAKE, file=move.file.id)
    if not found:
        return {}
    record_id, key_id, content = found[0]
    plain = move.tools.keys.decrypt(key_id, content, bind("medical_record", record_id))
    return dict(orjson.loads(plain).get("form") or {})
