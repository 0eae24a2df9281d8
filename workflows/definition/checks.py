"""What ``medcontrol packs check`` proves of every pack before a file runs on it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import jsonschema_rs
from lxml import etree
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from medcontrol.errors import DomainError, NotFound
from medcontrol.legal.dated import UnknownParameter
from medcontrol.legal.loading import law
from medcontrol.reference.flows import flows
from medcontrol.rules.checks import CHECKS
from medcontrol.rules.clocks import LimitUnit
from medcontrol.vocabulary import ControlLevel
from workflows.definition import conditions, coverage
from workflows.definition.bpmn import Graph, Node, read
from workflows.definition.catalog import Catalog, Pack, read_lock
from workflows.definition.samples import sample_of
from workflows.definition.schema import COMPLEMENT_DAYS, Call, FromFact
from workflows.engine import operations
from workflows.engine.paths import specs
from workflows.letters.answers import PRINTABLE, questions
from workflows.letters.rendering import render

_NODES = {
    "startEvent",
    "endEvent",
    "userTask",
    "serviceTask",
    "receiveTask",
    "boundaryEvent",
    "intermediateCatchEvent",
    "exclusiveGateway",
    "parallelGateway",  # on a cycle too: states are pruned at every wait
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that has to be put right: in which pack, at which part, and what."""

    pack: str
    where: str
    what: str


def check(catalog: Catalog, *, fonts: Sequence[Path]) -> list[Problem]:
    """Return every problem of every pack, an empty list when all is well.

    Args:
        catalog: the packs.
        fonts: folders with the fonts that letters are set in.
    """
    problems = [Problem(*found) for pack in catalog for found in _of_pack(pack, fonts)]
    return problems + _lock(catalog)


def _of_pack(pack: Pack, fonts: Sequence[Path]) -> Iterator[tuple[str, str, str]]:
    try:
        graph = read(pack.bpmn())
    except DomainError as problem:
        yield pack.key, "flow.bpmn", problem.detail
        return
    except OSError:
        yield pack.key, "flow.bpmn", "is not there"
        return
    runs: Iterable[Iterator[tuple[str, str]]] = (
        _diagram(pack, graph),
        _ways(graph),
        _conditions(pack, graph),
        _steps(pack, graph),
        _operations(pack, graph),
        _waits(pack, graph),
    )
    wrong = [found for part in runs for found in part]
    proven = coverage.check(pack, graph) if not wrong else ()
    said = (*_levels(pack, graph), *_computed(pack), *_law(pack), *_letters(pack, fonts))
    for where, what in (*wrong, *said, *proven):
        yield pack.key, where, what


def _diagram(pack: Pack, graph: Graph) -> Iterator[tuple[str, str]]:
    if graph.process != pack.meta.code or not graph.executable:
        yield "flow.bpmn", f"the process has to be executable and called {pack.meta.code!r}"
    for node in graph.nodes.values():
        if node.tag not in _NODES:
            yield node.id, f"a {node.tag} is not allowed"
    drawn = set(etree.fromstring(pack.bpmn().encode()).xpath("//@bpmnElement"))
    for missing in sorted({*graph.nodes, *(edge.id for edge in graph.edges)} - drawn):
        yield missing, "has no place in the layout; run python -m workflows.definition.layout"
    try:
        specs(pack)
    except ValidationException as problem:
        yield "flow.bpmn", f"can't be run: {problem}"


def _ways(graph: Graph) -> Iterator[tuple[str, str]]:
    starts, ends = graph.of("startEvent"), graph.of("endEvent")
    if len(starts) != 1 or not ends:
        yield "flow.bpmn", "there has to be one start and at least one end"
        return
    reached = graph.reachable(starts[0].id)
    for node in graph.nodes.values():
        if node.id not in reached:
            yield node.id, "can't be reached"
        elif not any(end.id in graph.reachable(node.id) for end in ends):
            yield node.id, "leads to no end"
    for gateway in graph.of("exclusiveGateway"):
        out = graph.outgoing(gateway.id)
        if len(out) > 1 and gateway.default not in {edge.id for edge in out}:
            yield gateway.id, "has no default way"


def _conditions(pack: Pack, graph: Graph) -> Iterator[tuple[str, str]]:
    for edge in graph.edges:
        source = graph.nodes[edge.source]
        if edge.condition is None:
            splits = source.tag == "exclusiveGateway" and len(graph.outgoing(source.id)) > 1
            if splits and edge.id != source.default:
                yield edge.id, "has no condition and is not the default"
            continue
        try:
            unknown = conditions.names(edge.condition) - pack.meta.facts.keys()
        except DomainError as problem:
            yield edge.id, problem.detail
            continue
        for name in sorted(unknown):
            yield edge.id, f"reads {name!r}, which is not a declared fact"


def _steps(pack: Pack, graph: Graph) -> Iterator[tuple[str, str]]:
    tasks = {node.id for node in graph.of("userTask")}
    for missing in sorted(tasks - pack.meta.steps.keys()):
        yield missing, "is a user task without a step"
    for step_id, step in pack.meta.steps.items():
        if step_id not in tasks:
            yield step_id, "is a step without a user task"
        if step.deadline and pack.meta.deadlines[step.deadline].scope != "step":
            yield step_id, f"{step.deadline} is not the deadline of a step"
        try:
            schema, display = pack.form(step_id)
            jsonschema_rs.meta.validate(schema)
        except (DomainError, jsonschema_rs.ValidationError) as problem:
            yield step_id, f"form: {problem}"
            continue
        shown = {part["name"] for part in display["fields"]}
        for name in sorted(shown ^ schema["properties"].keys()):
            yield step_id, f"form: {name} is not both in the schema and on the screen"
        for part in display["fields"]:
            allowed = schema["properties"].get(part["name"], {}).get("enum")
            if allowed is not None and set(allowed) != set(part.get("options", ())):
                yield step_id, f"form: {part['name']} offers other options than the schema allows"


def _operations(pack: Pack, graph: Graph) -> Iterator[tuple[str, str]]:
    tasks = {node.id for node in graph.of("serviceTask")}
    for missing in sorted(tasks - pack.meta.operations.keys()):
        yield missing, "is a service task without an operation"
    for step, call in pack.meta.operations.items():
        if step not in tasks:
            yield step, "is an operation without a service task"
        for given in _possible_arguments(pack, step):
            try:
                operations.arguments(call.call, given)
            except DomainError as problem:
                yield step, problem.detail
        letter = call.arguments.get("letter")
        if letter is not None and letter not in pack.meta.letters:
            yield step, f"there is no letter {letter!r}"
        if call.call == "grant_entitlement" and pack.meta.entitlement is None:
            yield step, "the pack has no entitlement rule"
        if call.call == "open_file" and not _is_served(pack, call):
            yield step, "opens a file of a flow or nature that there is not"


def _is_served(pack: Pack, call: Call) -> bool:
    flow = flows().get(str(call.arguments.get("flow")))
    return (
        flow is not None
        and pack.meta.jurisdiction in flow.jurisdictions
        and call.arguments.get("nature") in flow.natures
    )


def _possible_arguments(pack: Pack, step: str) -> Iterator[dict[str, object]]:
    """The arguments of a call, with each value that the facts it reads can take on the way."""
    given = pack.meta.operations[step].arguments
    read = {name: value.fact for name, value in given.items() if isinstance(value, FromFact)}
    fixed: dict[str, object] = {n: v for n, v in given.items() if not isinstance(v, FromFact)}
    for values in product(*(_possible_values(pack, fact) for fact in read.values())):
        yield fixed | dict(zip(read, values, strict=True))


def _possible_values(pack: Pack, name: str) -> tuple[object, ...]:
    fact = pack.meta.facts.get(name)
    if fact is None:
        return (f"fact {name}",)
    return (False, True) if fact.type == "boolean" else fact.values or (fact.default,)


def _waits(pack: Pack, graph: Graph) -> Iterator[tuple[str, str]]:
    named = {node.id: node.deadline for node in graph.nodes.values() if node.deadline}
    declared = {n for n, d in pack.meta.deadlines.items() if d.scope == "wait"}
    for node_id, name in named.items():
        if name not in declared:
            yield node_id, f"deadline {name!r} is not declared with scope wait"
    for name in sorted(declared - set(named.values())):
        yield name, "is a declared wait that no timer names"
    waiting: list[Node] = graph.of("receiveTask", "intermediateCatchEvent")
    for node in waiting:
        if node.id not in pack.meta.waits:
            yield node.id, "waits, but pack.yaml does not say what the file shows meanwhile"
    for name in sorted(pack.meta.waits.keys() - {node.id for node in waiting}):
        yield name, "is a declared wait that the diagram does not have"


def _levels(pack: Pack, graph: Graph) -> Iterator[tuple[str, str]]:
    """A file goes up to every level of the jurisdiction, and from there back or to an end."""
    steps = pack.meta.steps
    there = {step.level for step in steps.values()}
    for level in pack.meta.levels:
        if level is not ControlLevel.LOCAL and level not in there:
            yield "levels", f"{level} is named, but no step is done there"
    for wanted in () if pack.served.linked else pack.shared_levels():
        if wanted not in there or wanted not in pack.meta.levels:
            yield "levels", f"a file can't go up to {wanted}; linked flows say linked: true"
    for step_id, step in steps.items():
        if step_id in graph.nodes and step.level not in (ControlLevel.LOCAL, "file"):
            onward = graph.reachable(step_id)
            if not any(end.id in onward for end in graph.of("endEvent")):
                yield step_id, "leads neither back nor to an end"


def _computed(pack: Pack) -> Iterator[tuple[str, str]]:
    for name in pack.meta.checks:
        if name not in CHECKS:
            yield f"checks.{name}", "no such check is computed"
            continue
        if pack.meta.checks[name].refuses:
            yield from _refusing(pack, name)
        if name not in pack.check_words():
            yield f"checks.{name}", "checks.yaml has no words for it"
        for path in CHECKS[name].parameters:
            try:
                law(pack.meta.jurisdiction).counted(path, pack.meta.valid_from)
            except (UnknownParameter, DomainError) as problem:
                yield f"checks.{name}", f"{path}: {problem}"


def _refusing(pack: Pack, check: str) -> Iterator[tuple[str, str]]:
    """A refusal names an answer that the step's form has, and tells nothing medical."""
    if CHECKS[check].is_medical:
        yield f"checks.{check}", "reads medical content, so it can refuse nothing"
    rule = pack.meta.checks[check]
    for name, step in pack.meta.steps.items():
        if rule.steps and name not in rule.steps:
            continue
        known = {"outcome", *_answers(pack, name)}
        for outcomes in rule.refuses.values():
            for outcome in outcomes.keys() & set(step.outcomes):
                if outcomes[outcome] not in known:
                    yield f"checks.{check}", f"{name} has no answer {outcomes[outcome]!r}"


def _answers(pack: Pack, step: str) -> set[str]:
    try:
        return set(pack.form(step)[0].get("properties", {}))
    except NotFound:
        return set()  # said by the check of forms


def _law(pack: Pack) -> Iterator[tuple[str, str]]:
    parameters = law(pack.meta.jurisdiction)
    clocks = {name: deadline.parameter for name, deadline in pack.meta.deadlines.items()}
    for where, path in [*clocks.items(), *_parameters(pack)]:
        try:
            found = parameters.whole(path)
            found.at(pack.meta.valid_from)
        except (UnknownParameter, DomainError) as problem:
            yield where, f"{path}: {problem}"
            continue
        if where in clocks and found.unit.code not in set(LimitUnit):
            yield where, f"{path} is counted in {found.unit.code}, which is no length of time"


def _parameters(pack: Pack) -> Iterator[tuple[str, str]]:
    """Every path of dated law that the pack names beside its deadlines."""
    for name, fact in pack.meta.facts.items():
        if fact.parameter:
            yield name, fact.parameter
        if fact.above:
            yield name, fact.above.parameter
    for step, call in pack.meta.operations.items():
        if "parameter" in call.arguments:
            yield step, str(call.arguments["parameter"])
    if pack.meta.entitlement:
        for path in pack.meta.entitlement.parameters():
            yield "entitlement", path


def _letters(pack: Pack, fonts: Sequence[Path]) -> Iterator[tuple[str, str]]:
    sent = {call.arguments.get("letter") for call in pack.meta.operations.values()}
    sent |= {step.reminder for step in pack.meta.steps.values()}
    printable = {name for name, each in questions(pack) if each["widget"] in PRINTABLE}
    for code, letter in pack.meta.letters.items():
        if code not in sent:
            yield code, "is a letter that nothing sends"
        counted = letter.answer_within or COMPLEMENT_DAYS in law(pack.meta.jurisdiction).paths
        if "answer_by" in letter.needs and not counted:
            yield code, "says by when to answer, but not which deadline counts it (answer_within)"
        for name in sorted(set(letter.prints) - printable):
            yield code, f"prints {name!r}, which no form asks or which is not for a letter"
        for language in ("fr", "ar"):
            try:
                render(pack, code, language, sample_of(pack, code, language), fonts=fonts)
            except DomainError as problem:
                yield f"{code}.{language}", problem.detail


def _lock(catalog: Catalog) -> list[Problem]:
    packs = {pack.key: pack.digest for pack in catalog}
    problems = []
    for key, digest in read_lock(catalog.root).items():
        if key not in packs:
            problems.append(Problem(key, "packs.lock", "was released and is gone"))
        elif packs[key] != digest:
            problems.append(Problem(key, "packs.lock", "was released and is changed"))
    return problems
