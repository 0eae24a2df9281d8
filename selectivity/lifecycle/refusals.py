"""Why something can't be done with a version of the rules (refus)."""

from medcontrol.errors import DomainError, InvalidInput, Kind


class StaleRules(DomainError):
    """Somebody else changed the draft since the page was drawn; nothing was saved."""

    kind = Kind.CONFLICT
    code = "rules.stale"


class WrongState(DomainError):
    """The version is not in the state that this needs."""

    kind = Kind.CONFLICT
    code = "rules.wrong_state"


class SamePerson(DomainError):
    """Whoever wrote or last edited rules may not approve them."""

    kind = Kind.FORBIDDEN
    code = "rules.same_person"


class NotBacktested(DomainError):
    """No finished back-test of this very content is named."""

    kind = Kind.CONFLICT
    code = "rules.not_backtested"


class BadFirstDay(InvalidInput):
    """Rules begin tomorrow at the earliest, and after every version published before."""

    code = "rules.bad_first_day"


class NothingElse(DomainError):
    """Without this version no rules would be in force."""

    kind = Kind.CONFLICT
    code = "rules.nothing_else"
