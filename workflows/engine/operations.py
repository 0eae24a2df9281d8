"""What a BPMN service task may call (opérations): a closed registry with typed arguments.

The engine only records the calls; ``workflows.commands`` carries them out in the caller's
transaction, in the order in which the path called them.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import CompletionKind, ControlLevel, DecisionOutcome


class Arguments(BaseModel):
    """Arguments of an operation; what is not declared is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SendLetter(Arguments):
    """Write a letter of the pack; its recipient is declared with it in ``pack.yaml``."""

    letter: str


class SuspendClock(Arguments):
    """Stop the clocks that stop for completion (demande de pièces)."""

    reason: CompletionKind


class ResumeClock(Arguments):
    """Let the stopped clocks run again."""


class SetLevel(Arguments):
    """Move the file to another level; ``initial`` is the one that selectivity chose."""

    level: ControlLevel | Literal["initial"]


class CancelAppointment(Arguments):
    """Free the slot of the booked examination."""


class GrantEntitlement(Arguments):
    """Open a right, or renew the one that the file reviews, by the pack's ``entitlement`` rule.

    ``code`` tells rights of one kind apart where no pathology does, such as care in kind.
    """

    kind: str
    partial: bool = False
    code: str | None = None


class EndEntitlement(Arguments):
    """End the right that the file reviews."""


class SuspendEntitlement(Arguments):
    """Stop what the right pays from today on, because the person did not come."""


class ResumeEntitlement(Arguments):
    """Lift the suspension of the right from today on: the person came."""


class KeepEntitlementOpen(Arguments):
    """Keep the right open, under review, while the file is pending."""


class PostponeReview(Arguments):
    """Keep the right that the file reviews; its next review comes later.

    ``parameter``: path of dated law that says how many months later.
    """

    parameter: str


class Close(Arguments):
    """Close the file with this decision."""

    outcome: DecisionOutcome


class OpenExpertise(Arguments):
    """Open a linked file for an expertise; its first step names the expert."""

    nature: Literal["on_file", "in_person"] = "on_file"


class OpenFile(Arguments):
    """Open a file of another flow about the same person, once the decision stands."""

    flow: str
    nature: str


class AskOpinionOutside(Arguments):
    """Ask an opinion of somebody outside the flow, who sees nothing else."""


class EndOpinionRequest(Arguments):
    """Give up an opinion that did not come in time."""


class TellParent(Arguments):
    """Deliver a message of the diagram to the file that this one is about."""

    message: str


class EndMission(Arguments):
    """End the expert's mission, and access with it."""

    status: Literal["reported", "declined", "withdrawn", "cancelled"]


class OweFee(Arguments):
    """Put the expert's fee on the statement of the month."""


class CloseAppeal(Arguments):
    """Close an appeal; one that overturns corrects the decision that it contests."""

    outcome: Literal["maintained", "overturned", "partly_overturned", "inadmissible", "withdrawn"]


class CompareReading(Arguments):
    """Compare a second reading with the decision that it reads."""


class ReturnDecision(Arguments):
    """Give the decision that was read back to its doctor, or propose to correct it."""


class ReleaseDecision(Arguments):
    """Let the decision that was read leave, where it waited."""


class CloseReading(Arguments):
    """Close a second reading's own file: read, or set aside."""

    outcome: Literal["concluded", "withdrawn"]


OPERATIONS: dict[str, type[Arguments]] = {
    "send_letter": SendLetter,
    "suspend_clock": SuspendClock,
    "resume_clock": ResumeClock,
    "set_level": SetLevel,
    "cancel_appointment": CancelAppointment,
    "grant_entitlement": GrantEntitlement,
    "end_entitlement": EndEntitlement,
    "suspend_entitlement": SuspendEntitlement,
    "resume_entitlement": ResumeEntitlement,
    "keep_entitlement_open": KeepEntitlementOpen,
    "postpone_review": PostponeReview,
    "close": Close,
    "compare_reading": CompareReading,
    "return_decision": ReturnDecision,
    "release_decision": ReleaseDecision,
    "close_reading": CloseReading,
    "open_expertise": OpenExpertise,
    "ask_opinion_outside": AskOpinionOutside,
    "end_opinion_request": EndOpinionRequest,
    "tell_parent": TellParent,
    "end_mission": EndMission,
    "owe_fee": OweFee,
    "close_appeal": CloseAppeal,
    "open_file": OpenFile,
}


def arguments(operation: str, given: dict[str, object]) -> dict[str, object]:
    """Return the arguments of a call, checked and completed with defaults, as plain JSON values.

    Raises:
        InvalidInput: no such operation, or an argument is missing, unknown or of the wrong type;
            ``field`` names it.
    """
    model = OPERATIONS.get(operation)
    if model is None:
        raise InvalidInput(f"no operation is called {operation!r}", field="operation")
    try:
        return model.model_validate(given).model_dump(mode="json")
    except ValidationError as refusal:
        first = refusal.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{operation}: {name}: {first['msg']}", field=name) from None
