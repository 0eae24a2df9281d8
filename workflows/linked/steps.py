"""What the steps of appeals and expertises check and leave on record (étapes des dossiers liés).

Keyed by kind of step, not by pack: a pack of its own that names an expert or holds a hearing
gets the same.
"""

from collections.abc import Callable

from medcontrol.model import HumanTask
from medcontrol.vocabulary import StepKind
from workflows.linked import appeal_steps, expertise_steps
from workflows.steps.command import CompleteStep
from workflows.steps.moving import Move

_Part = Callable[[Move, CompleteStep], None]

_CHECKS: dict[StepKind, _Part] = {
    StepKind.ADMISSIBILITY: appeal_steps.check_part,
    StepKind.HEARING: appeal_steps.check_hearing,
    StepKind.COMMISSION: appeal_steps.check_votes,
    StepKind.EXPERT_NAMING: expertise_steps.check_naming,
    StepKind.EXPERT_REPORT: expertise_steps.check_report,
}
_RECORDS: dict[StepKind, _Part] = {
    StepKind.ADMISSIBILITY: appeal_steps.write_part,
    StepKind.COUNTER_EXAMINATION: appeal_steps.write_part,
    StepKind.HEARING: appeal_steps.write_hearing,
    StepKind.COMMISSION: appeal_steps.write_votes,
    StepKind.EXPERT_NAMING: expertise_steps.write_naming,
    StepKind.EXPERT_REPORT: expertise_steps.write_report,
}


def check(move: Move, task: HumanTask, command: CompleteStep) -> None:
    """Refuse an answer that does not fit the appeal or the mission; nothing is written.

    Raises:
        InvalidInput, ConflictOfInterest: ``field`` names the answer.
    """
    found = _CHECKS.get(task.kind)
    if found is not None:
        found(move, command)


def write_down(move: Move, task: HumanTask, command: CompleteStep) -> None:
    """Keep what the step said of the appeal or the mission, before the path goes on."""
    if command.opinion is not None:
        move.occasion.extra["opinion"] = command.opinion
    found = _RECORDS.get(task.kind)
    if found is not None:
        found(move, command)
