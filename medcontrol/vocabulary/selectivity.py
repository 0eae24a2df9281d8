"""Words of selectivity: lives of rules and models, what controls found, what is learned from it."""

from enum import StrEnum


class Origin(StrEnum):
    """Why selectivity chose a file. Every origin that applies is stored."""

    MANDATORY = "mandatory"
    RULE = "rule"
    SCORE = "score"
    RANDOM = "random"
    EXTERNAL = "external"  # ``control.required`` in the message


class RuleSetStatus(StrEnum):
    """How far a version of the rules has come (cycle de vie)."""

    DRAFT = "draft"  # the only state in which its content changes
    CHECKED = "checked"
    BACKTESTED = "backtested"
    SHADOW = "shadow"  # computed beside the rules in force, decides nothing
    APPROVED = "approved"  # by a second person
    PUBLISHED = "published"  # decides from its first day
    RETIRED = "retired"


class ControlResult(StrEnum):
    """What a control found, as selectivity learns it (résultat codé)."""

    CONFORM = "conform"
    REDUCED = "reduced"  # less is paid than was asked
    REFUSED = "refused"
    CONFIRMED_ANOMALY = "confirmed_anomaly"  # found afterwards: recovery, sanction
    WITHDRAWN = "withdrawn"  # the request was taken back

    @property
    def is_hit(self) -> bool:
        """Whether the control changed what is paid."""
        return self in (
            ControlResult.REDUCED,
            ControlResult.REFUSED,
            ControlResult.CONFIRMED_ANOMALY,
        )


class BacktestStatus(StrEnum):
    """How far a back-test is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class SplitKey(StrEnum):
    """What is drawn to tell the arms of an experiment apart; all files of one stay together."""

    PROVIDER = "provider"
    BENEFICIARY = "beneficiary"


class ExperimentMetric(StrEnum):
    """What two arms are compared by."""

    HIT_RATE = "hit_rate"  # hits per closed control
    HITS_PER_100_POINTS = "hits_per_100_points"  # points are minutes of doctors
    AVOIDED_PER_100_POINTS = "avoided_per_100_points"


class ExperimentStatus(StrEnum):
    """State of an experiment."""

    PLANNED = "planned"
    RUNNING = "running"
    CONCLUDED = "concluded"  # its stop rule was met
    ABANDONED = "abandoned"  # ended before; nothing is concluded


class ScoreModelStatus(StrEnum):
    """State of a trained score."""

    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"


class MeasureKind(StrEnum):
    """What a night measured of selectivity."""

    EFFECTIVENESS = "effectiveness"
    FAIRNESS = "fairness"
    DRIFT = "drift"
    SCAN = "scan"


class AlertKind(StrEnum):
    """What selectivity warns of."""

    LIKE_RANDOM = "like_random"  # a row that finds no more than chance, for too long
    FEATURE_DRIFT = "feature_drift"  # files are not what they were (PSI)
    RANDOM_RATE = "random_rate"  # the random hit rate moved (CUSUM)
    FAIRNESS = "fairness"  # a group is chosen more and found wrong less


class ProposalKind(StrEnum):
    """What the measurement proposes to the analyst."""

    ADD_ROW = "add_row"  # a segment of random controls with many hits
    SUSPEND_ROW = "suspend_row"  # a row that finds less than chance
    PROVIDER = "provider"  # a segment that names a provider: probe or case, never a rule


class ProposalStatus(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class ProviderCaseStatus(StrEnum):
    """State of a case about a provider, at central level."""

    OPEN = "open"
    UNDER_REVIEW = "under_review"
    FOUNDED = "founded"
    UNFOUNDED = "unfounded"

    @property
    def is_closed(self) -> bool:
        """Whether the case has its conclusion."""
        return self in (ProviderCaseStatus.FOUNDED, ProviderCaseStatus.UNFOUNDED)


class ProbeStatus(StrEnum):
    """State of probe rounds at a provider."""

    SAMPLING = "sampling"  # the gate takes the next files, or their controls run
    EDUCATION = "education"  # a letter left; the next round opens on its day
    COMPLIANT = "compliant"
    ESCALATED = "escalated"  # a case about the provider was opened
    STOPPED = "stopped"  # by a person, with a reason

    @property
    def is_running(self) -> bool:
        """Whether another file or round may come."""
        return self in (ProbeStatus.SAMPLING, ProbeStatus.EDUCATION)
