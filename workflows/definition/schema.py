"""What a pack's ``pack.yaml`` may say (paquet de circuit). Everything else is refused."""

from collections.abc import Container
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from medcontrol.rules.checks import Verdict
from medcontrol.vocabulary import (
    ControlLevel,
    DeadlineKind,
    DecisionOutcome,
    DocumentClass,
    Jurisdiction,
    Profession,
    Scheme,
)
from workflows.definition.parts import Code, FactValue, Parameter, Part, Titles
from workflows.definition.rights import EntitlementRule
from workflows.definition.steps import Outcome, Step, Waiting

Recipient = Literal["insured", "provider", "employer", "treating_doctor", "specialist", "expert"]
ContextGroup = Literal[
    "pieces",
    "answer_by",
    "appointment",
    "decision",
    "appeal",
    "review",
    "contest",
    "mission",
    "calculation",
]


#: Days to send pieces that were asked for, where a law counts them for all flows.
COMPLEMENT_DAYS = "clocks.complement_days"


class Served(Part):
    """A flow that the pack serves; ``linked``: its files are opened by other files alone.

    ``scheme``: that its files usually belong to; the jurisdiction's first when it says nothing.
    """

    titles: Titles
    reference_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}$")]
    natures: tuple[Code, ...] = Field(min_length=1)
    professions: tuple[Profession, ...] = Field(min_length=1)
    linked: bool = False
    scheme: Scheme | None = None


class Above(Part):
    """A comparison with dated law: whether a number of the file is greater than the law's.

    Attributes:
        of: ``amount_cents``; ``days`` of care, both ends counted; ``age_years`` on the day of
            receipt; ``lines``; or ``form.<answer>``, a whole number in the sender's form.
        parameter: path of the law's number of the day of receipt.
    """

    of: Annotated[
        str,
        StringConstraints(pattern=r"^(amount_cents|days|age_years|lines|form\.[a-z][a-z0-9_]*)$"),
    ]
    parameter: Parameter


class Fact(Part):
    """A fact that conditions may read.

    Attributes:
        type: what it holds.
        values: the allowed values of a choice; the default is always allowed too.
        default: what it is while nobody gave it.
        given: ``opening`` when the file's opening may give it, ``path`` when only the outcomes
            of steps set it (``sets``, ``counts``).
        parameter: path of dated law that gives its value at the opening.
        answer: name of the answer in the sender's form that gives its value at the opening.
        above: for a boolean: the comparison that gives its value at the opening.
    """

    type: Literal["choice", "boolean", "integer"]
    values: tuple[str, ...] = ()
    default: FactValue
    given: Literal["opening", "path"] = "path"
    parameter: Parameter | None = None
    answer: Code | None = None
    above: Above | None = None

    def allows(self, value: object) -> bool:
        """Whether ``value`` is one that this fact can hold."""
        if self.type == "boolean":
            return isinstance(value, bool)
        if self.type == "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        return isinstance(value, str) and (value in self.values or value == self.default)

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if (self.type == "choice") != bool(self.values):
            raise ValueError("values are for a choice, and a choice needs them")
        if not self.allows(self.default):
            raise ValueError(f"default {self.default!r} is not a {self.type}")
        if self.above is not None and (self.type != "boolean" or self.given != "opening"):
            raise ValueError("above gives a boolean of the opening")
        return self


class Deadline(Part):
    """A named clock; how long it runs, and in which unit, is dated law (``medcontrol.legal``).

    Attributes:
        parameter: path of the law's parameter, such as ``clocks.complement_days``.
        scope: ``file`` runs from receipt to decision and only reports lateness; ``step`` is the
            target of a step; ``wait`` is named by a timer of the BPMN, which it fires.
        suspends: whether it stands still while the clock is suspended.
        flows, natures: those that it runs for; all of them when empty.
        urgent: runs for urgent files only, or for the others only; for both when it says nothing.
    """

    titles: Titles
    scope: Literal["file", "step", "wait"]
    kind: DeadlineKind
    parameter: Parameter
    suspends: bool = False
    flows: tuple[Code, ...] = ()
    natures: tuple[Code, ...] = ()
    urgent: bool | None = None


class FromFact(Part):
    """An argument that takes the value of a fact when the path calls the operation."""

    fact: Code


class Call(Part):
    """What a service task calls: one of ``workflows.engine.operations``, with its arguments."""

    call: Code
    arguments: dict[Code, FactValue | FromFact] = Field(default={}, alias="with")


class LetterPart(Part):
    """A letter of the pack.

    Attributes:
        registered: goes as a registered letter, whose receipt is awaited.
        needs: the groups of the context (``letters.context.LetterContext``) that it prints.
        says: further groups that it prints where the file has them.
        prints: answers of the form of the step that sends it, printed with their labels; never
            what is medical.
        answer_within: one of the pack's deadlines, counted from the letter: its ``answer_by``.
    """

    titles: Titles
    recipient: Recipient
    registered: bool = False
    needs: tuple[ContextGroup, ...] = ()
    says: tuple[ContextGroup, ...] = ()
    prints: tuple[Code, ...] = ()
    answer_within: Code | None = None


class Piece(Part):
    """An administrative piece or document that completeness checks (pièce)."""

    titles: Titles
    document_class: DocumentClass
    natures: tuple[Code, ...] = ()
    required: bool = True


class Checked(Part):
    """A check of ``medcontrol.rules.checks`` (contrôle calculé): it explains, never decides.

    Attributes:
        steps: where it is shown; at every step when empty.
        natures: those that it is computed for; all of them when empty.
        refuses: by verdict, the outcomes that a step may not end with while the check says so,
            each with the answer of the form that the refusal names (or ``outcome``). For what
            the law leaves to nobody, such as a request before its day.
    """

    steps: tuple[Code, ...] = ()
    natures: tuple[Code, ...] = ()
    refuses: dict[Verdict, dict[Code, Code]] = {}

    def applies(self, step: str, nature: str) -> bool:
        """Whether it is computed at a step of a file of this nature."""
        return (not self.steps or step in self.steps) and (
            not self.natures or nature in self.natures
        )


class Source(Part):
    """A text that the pack rests on; ``status`` says where a value is borrowed from."""

    title: str
    status: Literal["read", "to_confirm", "borrowed", "default"]


class PackFile(Part):
    """The whole ``pack.yaml``."""

    code: Code
    version: int = Field(ge=1)
    jurisdiction: Jurisdiction
    valid_from: date
    common: int = Field(ge=1, description="Version of the jurisdiction's shared letters and forms")
    titles: Titles
    flows: dict[Code, Served] = Field(min_length=1)
    levels: tuple[ControlLevel, ...] = Field(min_length=1)
    legal_references: tuple[Source, ...] = Field(min_length=1)
    facts: dict[Code, Fact]
    outcomes: dict[Code, Outcome] = Field(min_length=1)
    steps: dict[Code, Step] = Field(min_length=1)
    waits: dict[Code, Waiting] = {}
    deadlines: dict[Code, Deadline] = {}
    letters: dict[Code, LetterPart] = {}
    operations: dict[Code, Call] = {}
    pieces: dict[Code, Piece] = {}
    checks: dict[Code, Checked] = {}
    entitlement: EntitlementRule | None = None

    @model_validator(mode="before")
    @classmethod
    def _implied_facts(cls, given: object) -> object:
        """Every pack has ``nature``, ``outcome`` of the last step, ``decision`` as proposed."""
        if not isinstance(given, dict) or not isinstance(given.get("facts", {}), dict):
            return given
        last = {"type": "choice", "values": list(given.get("outcomes", {})), "default": "none"}
        decision = {"type": "choice", "values": list(DecisionOutcome), "default": "none"}
        facts: dict[str, Any] = dict(given.get("facts", {}))
        flows = given.get("flows")
        served = flows.values() if isinstance(flows, dict) else ()
        named = [n for flow in served if isinstance(flow, dict) for n in flow.get("natures") or ()]
        if named:
            natures = list(dict.fromkeys(named))
            nature = {"type": "choice", "values": natures, "default": natures[0]}
            facts.setdefault("nature", nature | {"given": "opening"})
        return given | {"facts": facts | {"outcome": last, "decision": decision}}

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for name, step in self.steps.items():
            _known(f"steps.{name}.outcomes", step.outcomes, self.outcomes)
            _known(f"steps.{name}.gives", step.gives, self.facts)
            _known(f"steps.{name}.deadline", _named(step.deadline), self.deadlines)
            _known(f"steps.{name}.reminder", _named(step.reminder), self.letters)
        for name, outcome in self.outcomes.items():
            _known(f"outcomes.{name}.sets", tuple(outcome.sets), self.facts)
            for fact, value in outcome.sets.items():
                if not self.facts[fact].allows(value):
                    raise ValueError(f"outcomes.{name}.sets: {fact} can't be {value!r}")
            _known(f"outcomes.{name}.counts", _named(outcome.counts), self.facts)
        for name, letter in self.letters.items():
            _known(f"letters.{name}.answer_within", _named(letter.answer_within), self.deadlines)
        for name, checked in self.checks.items():
            _known(f"checks.{name}.steps", checked.steps, self.steps)
            for outcomes in checked.refuses.values():
                _known(f"checks.{name}.refuses", tuple(outcomes), self.outcomes)
        return self


def _named(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)


def _known(field: str, names: tuple[str, ...], declared: Container[str]) -> None:
    unknown = [name for name in names if name not in declared]
    if unknown:
        raise ValueError(f"{field}: {', '.join(unknown)} not declared")
