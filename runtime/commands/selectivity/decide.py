"""``medcontrol selectivity decide``: what a day would look like with N controls in hand."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medcontrol.db import read_only
from medcontrol.errors import InvalidInput
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.intake import opened_delivery
from runtime.commands.output import read_day, say, say_json, show_table, warn
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

if TYPE_CHECKING:
    from selectivity.tables import RuleSet
    from workflows.gate.simulating import Decided, Unusable

_SHOWN = 20
_ORDER = ("mandatory", "external", "rule", "score", "random")


@selectivity.command("decide")
def decide(
    file: Annotated[
        str, typer.Argument(help="NDJSON in the intake format, plain or .gz; - for standard input.")
    ],
    as_of: Annotated[str, typer.Option("--as-of", help="Know only what was known before.")],
    capacity: Annotated[int, typer.Option("--capacity", help="Controls in hand that day.")],
    floor: Annotated[
        int | None, typer.Option("--floor", help="Of them, drawn at random; default one in twenty.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="A rule set of your own (YAML).")
    ] = None,
    score: Annotated[bool, typer.Option("--score/--no-score", help="Rank by score too.")] = True,
    model: Annotated[
        str | None, typer.Option("--model", help="ma/3; default: the newest as of that day.")
    ] = None,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Print one JSON object for each file.")
    ] = False,
) -> None:
    """Say for each file of a day where it would go; opens and writes nothing.

    Exactly as many files are controlled as there are controls, unless there are fewer files, or
    more that must be controlled.
    """
    from workflows.gate.registers import registers
    from workflows.gate.simulating import Asked, decide_day

    day = read_day(as_of, "--as-of")
    for name, value in (("capacity", capacity), ("floor", floor or 0)):
        if value < 0:
            raise InvalidInput(f"--{name}: {value} is less than 0", field=name)
    with opened_delivery(file) as lines, environment(), read_only() as session:
        place, tools = settings().jurisdiction, wiring.tools()
        asked = Asked(
            day, capacity, floor, _rules(session, place, day, rules),
            _model(session, place, day, model) if score else None,
        )  # fmt: skip
        known = registers(session, tools, day)
        decided, unusable = decide_day(session, tools.keys, known, lines, asked)
    _tell_unusable(unusable)
    if json_lines:
        for each in decided:
            say_json(_line(each))
    else:
        _show(decided, asked)


def _rules(session: Any, place: str, day: Any, path: Path | None) -> "RuleSet":
    from selectivity.checks import blocking, check
    from selectivity.faults import RuleSetFault
    from selectivity.lifecycle.store import in_force
    from selectivity.reading import read_rule_set

    if path is None:
        return in_force(session, place, day)
    try:
        rules = read_rule_set(path)
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}", field="rules") from None
    faults = blocking(check(rules))
    if faults:
        raise RuleSetFault(str(path), faults)
    return rules


def _model(session: Any, place: str, day: Any, name: str | None) -> Any:
    from selectivity.score import store

    if name is None:
        return store.model_as_of(session, place, day)
    code, _, number = name.partition("/")
    if code != place or not number.isdecimal():
        raise InvalidInput(f"--model: {name!r} is no model such as {place}/3", field="model")
    return store.model_named(session, place, int(number))


def _tell_unusable(unusable: "list[Unusable]") -> None:
    for each in unusable:
        path, sentence = each.faults[0]
        more = f" (and {len(each.faults) - 1} more)" if len(each.faults) > 1 else ""
        warn(f"line {each.line}: {path or 'the line'}: {sentence}{more}")


def _line(each: "Decided") -> dict[str, Any]:
    outcome = each.outcome
    origins = [origin.value for origin in outcome.origins]
    return {
        "external_id": each.external_id,
        "lane": outcome.lane.value,
        "level": outcome.level.value,
        "reasons": [{"code": each.code, "text": each.text} for each in outcome.reasons],
        "origin": next((name for name in _ORDER if name in origins), None),
        "origins": origins,
        "rows": list(outcome.matched_rows),
        "score": None if outcome.score is None else round(outcome.score, 6),
        "inclusion_probability": round(outcome.inclusion_probability, 6),
        "overflow": outcome.overflow,
    }


def _show(decided: "list[Decided]", asked: Any) -> None:
    lanes = Counter(each.outcome.lane.value for each in decided)
    chosen = [each for each in decided if each.outcome.lane.is_controlled]
    origins = Counter(_line(each)["origin"] for each in chosen)
    model = asked.score.name if asked.score else "none: rules alone"
    say(
        f"{len(decided)} files, {len(chosen)} controlled of {asked.capacity} controls in hand;"
        f" rules {asked.rules.name}, score {model}"
    )
    show_table(("lane", "files"), sorted(lanes.items()))
    show_table(("chosen by", "files"), [(n, origins[n]) for n in _ORDER if origins[n]])
