"""Facts of a flow (faits): what conditions may read; declared, checked, codes and counts only."""

from collections.abc import Callable, Mapping

from medcontrol.errors import InvalidInput
from workflows.definition.catalog import Pack
from workflows.definition.parts import FactValue

Facts = dict[str, FactValue]


def opening_facts(
    pack: Pack, known: Mapping[str, object], law: Callable[[str], int] | None = None
) -> Facts:
    """Return those of ``known`` that this pack wants at the opening of a file.

    Args:
        pack: the pack that opens.
        known: facts of the file; those that the pack does not declare are left out.
        law: the whole number under a path of the law of the day; for facts that are law.

    Raises:
        InvalidInput: a value is not one that the pack allows; ``field`` names the fact.
    """
    wanted = {n: v for n, v in known.items() if _is_given(pack, n, "opening")}
    if law is not None:
        wanted |= {n: law(f.parameter) for n, f in pack.meta.facts.items() if f.parameter}
    return checked(pack, wanted)


def given_at_opening(pack: Pack, facts: Mapping[str, object]) -> Facts:
    """Return the facts of an opening, checked.

    Raises:
        InvalidInput: a fact is not declared for the opening, or has a value that is not allowed.
    """
    for name in facts:
        if not _is_given(pack, name, "opening"):
            raise InvalidInput(f"{pack.key}: {name!r} is not a fact of the opening", field=name)
    return checked(pack, facts)


def _is_given(pack: Pack, name: str, when: str) -> bool:
    fact = pack.meta.facts.get(name)
    return fact is not None and fact.given == when


def checked(pack: Pack, facts: Mapping[str, object]) -> Facts:
    """Return the facts, each declared and with a value that the pack allows, else refuse."""
    found: Facts = {}
    for name, value in facts.items():
        fact = pack.meta.facts.get(name)
        if fact is None or not fact.allows(value):
            raise InvalidInput(f"{pack.key}: fact {name}={value!r} is not allowed", field=name)
        found[name] = value if isinstance(value, bool | int) else str(value)
    return found


def after_step(pack: Pack, step: str, before: Facts, given: Mapping[str, object]) -> Facts:
    """Return the facts after a step: those given, and those that its outcome sets or counts."""
    rule = pack.meta.steps[step]
    name = given.get("outcome")
    if name not in rule.outcomes:
        raise InvalidInput(f"{step} does not end with {name!r}", field="outcome")
    for fact in given.keys() - {"outcome", *rule.gives}:
        raise InvalidInput(f"{step} does not give {fact!r}", field=fact)
    outcome = pack.meta.outcomes[str(name)]
    nature = before.get("nature")
    if outcome.natures and nature is not None and nature not in outcome.natures:
        raise InvalidInput(f"{name!r} is not an outcome of {nature!r}", field="outcome")
    facts = before | checked(pack, given) | outcome.sets
    if outcome.decides:
        facts["decision"] = str(outcome.decides)
    if outcome.counts:
        counted = before.get(outcome.counts, pack.meta.facts[outcome.counts].default)
        facts[outcome.counts] = int(counted) + 1
    return facts
