"""Refusals of the domain: small classes with a stable code. No HTTP here."""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What sort of refusal it is; the API maps it to a status, the screens to a sentence."""

    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"


class DomainError(Exception):
    """A refusal that the caller can understand. Anything else that is raised is a bug.

    ``field`` names the member of the input that is wrong, when there is one.
    """

    kind: ClassVar[Kind] = Kind.INVALID
    code: ClassVar[str] = "invalid"

    def __init__(self, detail: str = "", *, field: str | None = None) -> None:
        super().__init__(detail or (self.__doc__ or "").strip().split("\n")[0])
        self.detail = str(self)
        self.field = field


class NotFound(DomainError):
    """There is nothing under this identifier, or you may not know of it."""

    kind = Kind.NOT_FOUND
    code = "not_found"


class Forbidden(DomainError):
    """Your roles do not allow this."""

    kind = Kind.FORBIDDEN
    code = "forbidden"


class InvalidInput(DomainError):
    """What was given can't be used."""

    kind = Kind.INVALID
    code = "invalid_input"


class StaleControlFile(DomainError):
    """The file moved since the page was drawn."""

    kind = Kind.CONFLICT
    code = "control_file.stale"


class NotTheAssignedDoctor(DomainError):
    """Another doctor holds the assignment."""

    kind = Kind.FORBIDDEN
    code = "control_file.not_assigned_to_you"


class StepNotOpen(DomainError):
    """The file is not waiting for this step."""

    kind = Kind.CONFLICT
    code = "control_file.step_not_open"


class AlreadyDone(DomainError):
    """It was done before; nothing was changed."""

    kind = Kind.CONFLICT
    code = "already_done"


class ConflictOfInterest(DomainError):
    """The doctor may not handle this file."""

    kind = Kind.CONFLICT
    code = "assignment.conflict_of_interest"


class NotEligible(DomainError):
    """The doctor's competence, level, place, absence or load excludes the file."""

    kind = Kind.CONFLICT
    code = "assignment.not_eligible"


class ParameterNotInForce(DomainError):
    """The law has no value for that day."""

    kind = Kind.INVALID
    code = "parameter.not_in_force"


class Unavailable(DomainError):
    """A service that is needed does not answer; try again later."""

    kind = Kind.UNAVAILABLE
    code = "unavailable"
