"""Which files may move from one version of a pack to another (changement de version), and where to.

Pure: files come as rows, packs from disk. ``moves`` carries it out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from typing import Any
from uuid import UUID

from medcontrol.errors import DomainError, InvalidInput
from medcontrol.legal.loading import law
from medcontrol.vocabulary import ControlLevel, PackMigrationResult
from workflows.definition.bpmn import Graph, Node, read
from workflows.definition.catalog import Catalog, Pack
from workflows.definition.facts import Facts
from workflows.definition.thresholds import Measures, compared
from workflows.engine.paths import Advance
from workflows.engine.spiff import SERIALIZER_VERSION
from workflows.versions import transplant
from workflows.versions.transplant import CannotMove, Place

#: Elements at which a file may wait, or whose happening a state remembers.
PLACES = (
    "userTask", "receiveTask", "intermediateCatchEvent", "boundaryEvent", "parallelGateway",
)  # fmt: skip
_ALIKE = 0.6
Places = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class OpenTask:
    """An open task of a file: what the new version's step is compared with."""

    engine_task_id: str
    is_held: bool
    is_medical: bool
    level: str
    professions: Sequence[str]
    specialty: str | None


@dataclass(frozen=True, slots=True)
class Running:
    """A running file with its flow's state."""

    id: UUID
    flow: str
    nature: str
    received_on: date
    level: str
    pack: str
    pack_hash: str
    serializer_version: str
    state: str
    has_decision: bool
    measures: Measures
    tasks: Sequence[OpenTask] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may come of a file. ``advance``: where it would stand, when it is migratable."""

    result: PackMigrationResult
    step: str
    reason: str | None = None
    about: str | None = None
    advance: Advance | None = None


def proposed(old: Graph, new: Graph) -> Places:
    """Return which element of the new version may stand for each place of the old one.

    The one with the same id and kind; else the one with the most similar name that no other
    place has; else none.
    """
    free = {node.id: node for node in new.of(*PLACES)}
    found: Places = {}
    for node in old.of(*PLACES):
        twin = free.get(node.id)
        found[node.id] = node.id if twin is not None and twin.tag == node.tag else None
    for taken in found.values():
        free.pop(taken or "", None)
    for node in old.of(*PLACES):
        if found[node.id] is None:
            best = _most_alike(node, free)
            found[node.id] = best
            free.pop(best or "", None)
    return found


def _most_alike(node: Node, free: Mapping[str, Node]) -> str | None:
    def alike(other: Node) -> float:
        return SequenceMatcher(None, node.name.casefold(), other.name.casefold()).ratio()

    same_kind = [other for other in free.values() if other.tag == node.tag]
    best = max(same_kind, key=alike, default=None)
    return best.id if best is not None and alike(best) >= _ALIKE else None


def mapping_of(old: Pack, new: Pack, changes: Mapping[str, str | None]) -> Places:
    """Return the proposed mapping with changes laid over it.

    Raises:
        InvalidInput: a change names an element that is not there, or of another kind; ``field``
            is the old one's id.
    """
    before, after = read(old.bpmn()), read(new.bpmn())
    found = proposed(before, after)
    for name, target in changes.items():
        if name not in found:
            raise InvalidInput(f"{old.key} has no place {name!r}", field=name)
        if target is not None:
            node = after.nodes.get(target)
            if node is None or node.tag != before.nodes[name].tag:
                raise InvalidInput(f"{target!r} can't stand for {name!r}", field=name)
        found[name] = target
    return found


@dataclass(slots=True)
class Judge:
    """Says of each file whether it may move. Keep it for a chunk or a whole dry run."""

    catalog: Catalog
    to_pack: str
    mapping: Mapping[str, str | None]
    _refused: dict[tuple[object, ...], CannotMove | None] = field(default_factory=dict)

    def target(self, flow: str) -> Pack:
        """Return the version to go to, as it serves a flow. Raises NotFound."""
        return self.catalog.get(self.to_pack, flow)

    def look(self, file: Running) -> Verdict:
        """Return what would come of a file; files that wait alike are tried once."""
        found = transplant.places(file.state)
        step = found[0].id if found else "–"
        shape = (*_shape(file, found), _held(file, found))
        if shape not in self._refused:
            self._refused[shape] = self._problem(file)
        problem = self._refused[shape]
        if problem is None:
            return Verdict(PackMigrationResult.MIGRATABLE, step)
        return _refusal(problem, step)

    def move(self, file: Running) -> Verdict:
        """Return what comes of a file, with its new state when it may move."""
        found = transplant.places(file.state)
        step = found[0].id if found else "–"
        try:
            return Verdict(PackMigrationResult.MIGRATABLE, step, advance=self._moved(file))
        except CannotMove as problem:
            return _refusal(problem, step)

    def _problem(self, file: Running) -> CannotMove | None:
        try:
            self._moved(file)
        except CannotMove as problem:
            return problem
        return None

    def _moved(self, file: Running) -> Advance:
        try:
            pack = self.target(file.flow)
        except DomainError:
            raise CannotMove("flow", file.flow) from None
        if (file.pack, file.pack_hash) == (pack.key, pack.digest):
            raise CannotMove("unchanged", pack.key)
        if file.serializer_version != SERIALIZER_VERSION:
            raise CannotMove("format", file.serializer_version)
        if file.nature not in pack.served.natures:
            raise CannotMove("nature", file.nature)
        if file.has_decision:
            raise CannotMove("decided", file.nature)
        moved = transplant.transplant(pack, file.state, self.mapping, _law(pack, file))
        for task in file.tasks:
            if task.is_held:
                _must_suit(pack, file, task, moved)
        return moved


def _refusal(problem: CannotMove, step: str) -> Verdict:
    if problem.reason == "unchanged":
        return Verdict(PackMigrationResult.UNCHANGED, step)
    return Verdict(PackMigrationResult.BLOCKED, step, problem.reason, problem.about)


def _shape(file: Running, found: Sequence[Place]) -> tuple[object, ...]:
    """Everything that decides whether a file may move, without its ids."""
    waits = tuple((p.id, tuple(e for e, _ in p.events), p.past, p.arrived) for p in found)
    facts = tuple(sorted(transplant.facts_of(file.state).items()))
    own = (file.flow, file.nature, file.pack, file.pack_hash, file.serializer_version)
    return (*own, file.level, file.has_decision, waits, facts)


def _held(file: Running, found: Sequence[Place]) -> tuple[object, ...]:
    """What of the open tasks decides whether the file may move."""
    steps = {place.task_id: place.id for place in found}
    return tuple(
        (
            steps.get(t.engine_task_id), t.is_held, t.is_medical, t.level,
            tuple(t.professions), t.specialty,
        )
        for t in file.tasks
    )  # fmt: skip


def _law(pack: Pack, file: Running) -> Facts:
    """Return the facts of the opening that are law, or compare the file with it, as of receipt.

    A comparison with an answer of the sender's form has its default: the form is not opened.
    """
    numbers = law(pack.meta.jurisdiction)
    day = file.received_on
    found = compared(pack.meta, file.measures, lambda path: numbers.number(path, day).value)
    for name, fact in pack.meta.facts.items():
        if fact.parameter and fact.given == "opening":
            found[name] = numbers.whole(fact.parameter).at(file.received_on).value
    return found


def _must_suit(pack: Pack, file: Running, task: OpenTask, moved: Advance) -> None:
    """Refuse a step that the person who holds the task may not be meant for."""
    steps = {waiting.task_id: waiting.step for waiting in moved.tasks}
    step = pack.meta.steps[steps[task.engine_task_id]]
    wants: dict[str, Any] = step_columns(pack, steps[task.engine_task_id], file.level)
    suits = (
        wants["is_medical"] == task.is_medical
        and wants["level"] == task.level
        and set(task.professions) <= {str(each) for each in wants["professions"]}
        and step.specialty in (None, task.specialty)
    )
    if not suits:
        raise CannotMove("holder", steps[task.engine_task_id])


def step_columns(pack: Pack, step_id: str, file_level: str) -> dict[str, Any]:
    """Return what a task's row repeats of its step."""
    step = pack.meta.steps[step_id]
    return {
        "step": step_id,
        "kind": step.kind,
        "is_medical": step.kind.is_medical,
        "level": ControlLevel(file_level if step.level == "file" else step.level),
        "professions": [str(each) for each in step.professions or pack.served.professions],
        "specialty": step.specialty,
    }
