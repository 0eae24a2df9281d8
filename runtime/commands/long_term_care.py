"""``medcontrol fluctuation``: overruns of long-term care, worked out from written cases."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from medcontrol.errors import DomainError, InvalidInput
from medcontrol.legal.dated import Parameters
from medcontrol.rules.long_term_care.explaining import (
    Step,
    step_of_total,
    steps_of_period,
    steps_of_plan,
)
from medcontrol.rules.long_term_care.facts import Plan
from medcontrol.rules.long_term_care.overrun import Overrun
from medcontrol.rules.long_term_care.reading import compute_case, result_json
from medcontrol.services.long_term_care import changed_law, right_terms, weekly_limits
from medcontrol.strict_yaml import YamlFault, parse_yaml
from runtime.commands.output import AsJson, fail, say, say_json, show_table


def fluctuation(
    cases: Annotated[
        Path, typer.Option("--cases", help="JSON or YAML; each case has an id and an input.")
    ],
    explain: Annotated[
        bool, typer.Option("--explain", help="With every formula and the values put in.")
    ] = False,
    with_change: Annotated[
        list[str] | None,
        typer.Option("--with", help="PATH=VALUE: what the cases become under another law."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Work out minutes beyond the care plan. A case that can't be is named; the others follow."""
    given = _read(cases)
    if with_change:
        _compare(given, _changes(with_change), as_json=as_json)
        return
    results, faults = [], 0
    for number, case in enumerate(given):
        name = _name(case, number)
        try:
            results.append({"id": name} | _result(case, explain=explain))
        except DomainError as refusal:
            faults += 1
            error = {"code": refusal.code, "field": refusal.field, "detail": refusal.detail}
            if rule := getattr(refusal, "rule", None):
                error["rule"] = rule
            results.append({"id": name, "error": error})
    if as_json:
        say_json({"cases": results})
    else:
        for result in results:
            _show(result)
    if faults:
        fail(f"{faults} of {len(results)} cases can't be worked out")


def _result(case: Any, *, explain: bool = False, law: Parameters | None = None) -> dict[str, Any]:
    if not isinstance(case, Mapping):
        raise InvalidInput("a case is an id and an input", field="case")
    found, plans = compute_case(
        case.get("input", case),
        terms=lambda day: right_terms(day, law),
        limits=weekly_limits(law),
    )
    result = result_json(found, plans)
    return result | {"explanation": _explained(found, plans)} if explain else result


def _compare(cases: Sequence[Any], changes: Mapping[str, str], *, as_json: bool) -> None:
    """Tell which cases another law changes, and by how many minutes."""
    law = changed_law(changes)
    rows = []
    for number, case in enumerate(cases):
        before, after = _total(case, None), _total(case, law)
        if before != after:
            rows.append({"id": _name(case, number), "before": str(before), "after": str(after),
                         "difference": str(after - before)})  # fmt: skip
    minutes = sum((Fraction(row["difference"]) for row in rows), Fraction())
    if as_json:
        say_json({"cases": len(cases), "changed": rows, "minutes": str(minutes)})
        return
    say(f"{len(rows)} of {len(cases)} cases change, {minutes} minutes in all")
    show_table(("case", "before", "after", "difference"), [list(row.values()) for row in rows])


def _total(case: Any, law: Parameters | None) -> Fraction:
    return Fraction(_result(case, law=law)["overrun_total"])


def _changes(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in given:
        path, sign, value = text.partition("=")
        if not sign:
            fail(f"--with {text}: PATH=VALUE is expected")
        found[path.strip()] = value.strip()
    return found


def _name(case: Any, number: int) -> str:
    return str(case.get("id", number + 1)) if isinstance(case, Mapping) else str(number + 1)


def _explained(found: Overrun, plans: Sequence[Plan]) -> list[dict[str, str]]:
    steps: list[tuple[str, Step]] = [("", step) for plan in plans for step in steps_of_plan(plan)]
    for period in found.periods:
        days = f"{period.span.first}/{period.span.last}"
        steps += [(days, step) for step in steps_of_period(period)]
    steps.append(("", step_of_total(found)))
    return [{"period": days, "section": step.section, "formula": step.text} for days, step in steps]


def _read(file: Path) -> Sequence[Any]:
    try:
        text = file.read_text("utf-8")
        if file.suffix in {".yaml", ".yml"}:
            content = parse_yaml(text, source=str(file))
        else:  # decimals stay exact, and NaN is text, which is no number
            content = json.loads(text, parse_float=Decimal, parse_constant=str)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except (YamlFault, ValueError, RecursionError) as error:
        fail(f"{file}: {error}")
    found = content.get("cases") if isinstance(content, Mapping) else content
    if not isinstance(found, list) or not found:
        fail(f"{file}: no cases: a list, or a list under 'cases', is expected")
    return found


def _show(result: Mapping[str, Any]) -> None:
    if error := result.get("error"):
        say(f"{result['id']}: {error['detail']}")
        return
    total = Fraction(result["overrun_total"])
    say(f"{result['id']}: {total} minutes ({float(total):.2f}); DAEV_P {result['daev_p']}")
    for line in (*result["reasons"], *(s["formula"] for s in result.get("explanation", ()))):
        say(f"    {line}")
