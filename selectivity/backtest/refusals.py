"""Refusals of experiments, with stable codes."""

from medcontrol.errors import DomainError, Kind


class ExperimentStarted(DomainError):
    """The experiment was started before; its terms stand."""

    kind = Kind.CONFLICT
    code = "experiment.started"


class ExperimentRuns(DomainError):
    """Another experiment runs; only one decides at a time."""

    kind = Kind.CONFLICT
    code = "experiment.another_runs"


class NotInForce(DomainError):
    """The champion is no longer in force, or the last day has passed."""

    kind = Kind.CONFLICT
    code = "experiment.champion_not_in_force"


class NotApproved(DomainError):
    """The challenger has to be approved by a second person first."""

    kind = Kind.CONFLICT
    code = "experiment.challenger_not_approved"


class StopRuleNotMet(DomainError):
    """The rule that was fixed beforehand does not end the experiment yet."""

    kind = Kind.CONFLICT
    code = "experiment.stop_rule_not_met"
