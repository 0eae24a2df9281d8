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


OPERATIONS: dict[str, type[Arguments]] = {
    "send_letter": SendLetter,
    "suspend_clock": SuspendClock,
    "resume_clock": ResumeClock,
    "set_level": SetLevel,
    "cancel_appointment": CancelAppointment,
    "grant_entitlement": GrantEntitlement,
    "end_entitlement": EndEntitlement,
    "keep_entitlement_open": KeepEntitlementOpen,
    "postpone_review": PostponeReview,
    "close": Close,
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
