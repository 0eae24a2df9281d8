"""What the kernel asks of the outside: small protocols, implemented by adapters and by fakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from medcontrol.vocabulary import ControlLevel, ControlMode, Lane, Origin


class Post(Protocol):
    """Carries letters away (poste, portail, imprimerie)."""

    def send(self, letter_id: UUID, pdf: bytes, *, idempotency_key: str, recipient: str) -> str:
        """Hand over one letter and return the carrier's reference.

        Called again with the same key after a crash: the carrier must then answer with the
        same reference and not send twice.

        Raises:
            Unavailable: nothing was handed over; call again later.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLetter:
    """A letter for a person's account: whose, which, and nothing of what it says."""

    id: UUID
    registration_number: str
    language: str
    written_on: date


class Accounts(Protocol):
    """Delivers letters to the accounts of people who chose it (espace personnel)."""

    def deliver(self, letter: AccountLetter, pdf: bytes, *, idempotency_key: str) -> str:
        """Hand over one letter and return the reference of its delivery.

        Called again with the same key after a crash: the same reference, delivered once.

        Raises:
            Unavailable: nothing was handed over; call again later.
        """
        ...


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What selectivity is told of one received file.

    Attributes:
        message: the intake message, already checked; never changed.
        received_on: civil day of reception; picks the rule-set version, ends rows, counts ages.
        region: region code of the agency, for strata and capacity.
        first_received_on: reception of the first file of the same business identity, when an
            earlier one is known. Only read when the message has no care dates, so that a case
            sent again next month keeps its draw.
    """

    message: Mapping[str, Any]
    received_on: date
    region: str | None = None
    first_received_on: date | None = None


@dataclass(frozen=True, slots=True)
class SelectivityReason:
    """Why a file was chosen, as the control doctor may read it.

    Attributes:
        code: stable message id; screens translate it.
        text: the sentence in French.
        ar, en: the sentence in Arabic and English, where somebody wrote it.
    """

    code: str
    text: str
    ar: str | None = None
    en: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the reason as decision records keep it."""
        found = {"code": self.code, "text": self.text, "ar": self.ar, "en": self.en}
        return {name: text for name, text in found.items() if text}


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a family of features adds to a file's score, or takes off it.

    Attributes:
        family: stable code; screens translate it.
        text_fr: the family in plain French. Never a value of the file.
        value: in log-odds before calibration; positive makes control more likely.
    """

    family: str
    text_fr: str
    value: float


@dataclass(frozen=True, slots=True)
class SelectivityOutcome:
    """Where one file goes and why, with all that is needed to say it again (sélectivité).

    Attributes:
        lane: green, blue, orange or red.
        level: where control begins; local for files that go on.
        mode: on file or in person; ``None`` when nothing is controlled now.
        reasons: sentences for the doctor; never a score, a draw or the word "random".
        origins: every origin that applies, not only the one that decided the lane.
        matched_rows: ids of all rows whose cells match, taken by their draw or not.
        u: draw for random control in [0, 1), rounded down; ``draw`` holds all 64 bits.
        draw: the first 8 bytes of the keyed draw, big-endian.
        period: month whose secret key made the draws, "2026-11".
        inclusion_probability: chance, before any draw, of going where it went or further
            (controlled for orange and red, chosen at all for blue and green).
        rule_set: code and version, "ma/1".
        rule_set_hash: SHA-256 of the rule set's canonical form, hexadecimal.
        features: administrative features as JSON values; absent ones are left out.
        medical_features: features of class medical; the caller encrypts them.
        engine_version: version of the code that decided.
        quota_rows: rows with a daily quota that took the file: what the day's counter goes up by.
        score: probability in [0, 1] that a control finds something; ``None`` without a model.
        priority: where the file stands among those that want capacity: 1 and more when a rule
            targets it, below 1 by score alone; ``None`` when it wants none.
        model: the model that scored, "ma/3", and ``model_hash``, SHA-256 of its text.
        cutoff: the least priority that got capacity in its cell; ``None`` when capacity was not
            looked at.
        capacity_cell: flow group, level and region whose capacity it wants, "care/local/R1".
        capacity_hash: SHA-256 of the snapshot of capacity.
        contributions: what the score is made of, for chosen files only, strongest first.
        overflow: targeted, but nobody had time: it goes on, blue, and is looked at later.
    """

    lane: Lane
    level: ControlLevel
    mode: ControlMode | None
    reasons: tuple[SelectivityReason, ...]
    origins: tuple[Origin, ...]
    matched_rows: tuple[str, ...]
    u: float
    draw: bytes
    period: str
    inclusion_probability: float
    rule_set: str
    rule_set_hash: str
    features: dict[str, Any]
    medical_features: dict[str, Any]
    engine_version: str
    quota_rows: tuple[str, ...] = ()
    score: float | None = None
    priority: float | None = None
    model: str | None = None
    model_hash: str | None = None
    cutoff: float | None = None
    capacity_cell: str | None = None
    capacity_hash: str | None = None
    contributions: tuple[Contribution, ...] = ()
    overflow: bool = False


class SelectivityEngine(Protocol):
    """Decides which files get control (moteur de sélectivité). It routes, it never refuses."""

    def decide(
        self,
        files: Sequence[FileFacts],
        *,
        history: Mapping[str, Sequence[Any]] | None = None,
        quota_used: Mapping[tuple[str, date], int] | None = None,
    ) -> list[SelectivityOutcome]:
        """Return one outcome per file, in the order given.

        The order of the files changes nothing: a daily quota takes the smallest draws.

        Args:
            files: received files of one jurisdiction; no appeals.
            history: registered history features, each a column as long as ``files``; ``None``
                stands for a missing value.
            quota_used: files that a row already took on a day, by (row id, day), when a day
                comes in several calls.

        Raises:
            InvalidInput: an appeal, an unknown history column or one of another length.
        """
        ...
