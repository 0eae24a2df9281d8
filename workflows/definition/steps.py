"""The steps of a pack: user tasks, how they may end, and where the flow waits (étapes)."""

from typing import Literal

from pydantic import Field

from medcontrol.vocabulary import (
    ControlFileStatus,
    ControlLevel,
    DecisionOutcome,
    Profession,
    Role,
    StepKind,
)
from workflows.definition.parts import Code, FactValue, Part, Titles


class Outcome(Part):
    """How a step may end.

    Attributes:
        decides: the decision that it proposes, when it does; also set as the fact ``decision``.
        needs_motive: whether a coded motive has to be given.
        natures: the natures that offer it; all of them when empty.
        sets: facts that it sets. counts: the fact that it increments.
    """

    titles: Titles
    decides: DecisionOutcome | None = None
    needs_motive: bool = False
    natures: tuple[Code, ...] = ()
    sets: dict[Code, FactValue] = {}
    counts: Code | None = None


class Step(Part):
    """A user task of the BPMN, keyed by its id.

    Attributes:
        status: what the file awaits while this step is open.
        level: ``file`` is the level that selectivity chose.
        professions: who may do it; those of the flow when empty (medical steps only).
        specialty: which specialist it asks for; any doctor of the flow when it says nothing.
        points: expected work in minutes, at least 1; the unit of a doctor's load.
        form: name of the form, ``forms/<form>.schema.json`` and ``.ui.yaml``.
        gives: facts that may be given together with the outcome.
        deadline: its internal target, one of the pack's deadlines.
        reminder: letter that reminds of what an appointment step booked.
    """

    titles: Titles
    kind: StepKind
    status: ControlFileStatus
    roles: tuple[Role, ...] = Field(min_length=1)
    level: ControlLevel | Literal["file"] = "file"
    professions: tuple[Profession, ...] = ()
    specialty: Code | None = None
    points: int = Field(ge=1, le=480)
    form: Code
    outcomes: tuple[Code, ...] = Field(min_length=1)
    gives: tuple[Code, ...] = ()
    deadline: Code | None = None
    reminder: Code | None = None


class Waiting(Part):
    """A place where the flow waits for a message, keyed by its BPMN id."""

    titles: Titles
    status: ControlFileStatus
