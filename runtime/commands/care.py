"""``medcontrol care``: plans, stays, levels and bills of long-term care, and what came of them."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only
from medcontrol.errors import DomainError
from medcontrol.services.care_bills import find_bill, last_check, result_of
from medcontrol.services.care_years import years as years_of
from runtime import wiring
from runtime.commands.output import AsJson, fail, say, say_json, show_table
from runtime.environment import environment
from workflows.care.controls import open_controls
from workflows.care.entries import open_entries
from workflows.care.lines import Recorded, record_lines

care = typer.Typer(help="Long-term care: plans, stays, levels, bills and their later control.",
                   no_args_is_help=True)  # fmt: skip

_MOST_FAULTS = 20


@care.command("record")
def record(
    file: Annotated[
        Path, typer.Argument(help="NDJSON; each line a plan, a stay, a level or a bill.")
    ],
    explain: Annotated[
        bool, typer.Option("--explain", help="With every formula, its values and the law.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Keep plans, stays and levels, check bills; what comes late works bills out again."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    with environment():
        found = record_lines(wiring.tools().keys, lines, now=utc_now(), explain=explain)
    _say_recorded(found, as_json=as_json, explain=explain)
    if found.faults:
        fail(f"{len(found.faults)} lines were not kept")


@care.command("bill")
def bill(
    number: Annotated[str, typer.Argument(help="The provider's number of the bill.")],
    provider: Annotated[str, typer.Option("--provider", help="Who billed.")],
    as_json: AsJson = False,
) -> None:
    """Show what came of a bill: every formula with its values, the law and its date."""
    with environment():
        keys = wiring.tools().keys
        try:
            with read_only() as session:
                row = find_bill(session, provider, number)
                result = result_of(session, keys, last_check(session, row.id).id)
        except DomainError as refusal:
            fail(refusal.detail)
    if as_json:
        say_json(result)
    else:
        _say_result(result)


@care.command("years")
def years(
    year: Annotated[int, typer.Argument(min=2010, max=2200, help="Year of service.")],
    as_json: AsJson = False,
) -> None:
    """List providers with care not executed in a year, and what each pays back."""
    with environment(), read_only() as session:
        found = years_of(session, year)
    if as_json:
        say_json({"year": year, "providers": found})
        return
    columns = ("provider", "executed", "not executed", "limit", "to pay back")
    names = ("provider_id", "executed", "not_executed", "limit", "to_pay_back")
    show_table(columns, [[each[name] for name in names] for each in found])
    for each in found[:1]:
        for basis in each["law"]:
            say(_law(basis))


@care.command("controls")
def controls(as_json: AsJson = False) -> None:
    """Open later controls of bills, by sign or by draw, and what entries into homes ask for."""
    with environment():
        counts = open_controls(wiring.tools(), now=utc_now)
        entries = open_entries(wiring.tools(), now=utc_now)
    if as_json:
        say_json(counts.as_json() | {"entries": entries.as_json()})
    else:
        say(f"{counts.opened} controls opened, {entries.opened} reassessments after an entry")


def _say_recorded(found: Recorded, *, as_json: bool, explain: bool) -> None:
    figures = asdict(found) | {"faults": len(found.faults)}
    del figures["checks"]
    if as_json:
        checks = [{"line": number, **result} for number, result in found.checks]
        said = figures | {"fields": [[number, name] for number, name, _ in found.faults]}
        say_json(said | {"checks": checks} if explain else said)
        return
    show_table(("what", "number"), list(figures.items()))
    for number, result in found.checks:
        say(f"line {number}:")
        _say_result(result)
    for number, name, detail in found.faults[:_MOST_FAULTS]:
        say(f"line {number}, {name}: {detail}")


def _say_result(result: Mapping[str, Any]) -> None:
    signs = ", ".join(result["signs"]) or "no sign"
    say(f"bill {result['number']}, {result['month'][:7]}: {result['payable']} minutes to pay "
        f"(difference {result['difference']}); {signs}")  # fmt: skip
    for plan in result["plan"]:
        say(f"  plan {plan['from']} to {plan['to']}")
        _say_steps(plan["steps"])
    for period in result["periods"]:
        say(f"  {period['from']} to {period['to']}")
        _say_steps(period["steps"])
        for cut in period["cuts"]:
            say(f"    cut {cut['minutes']}: {cut['reason']}")
    _say_steps(result["steps"])
    if result["year"]:
        say(f"  provider in {result['year']['year']}")
        _say_steps(result["year"]["steps"])
    for reason in result["reasons"]:
        say(f"  {reason['text']}")
    for basis in result["law"]:
        say(f"  {_law(basis)}")


def _say_steps(steps: list[Mapping[str, Any]]) -> None:
    for step in steps:
        say(f"    {step['text']}  {step['section']}".rstrip())


def _law(basis: Mapping[str, Any]) -> str:
    return f"{basis['path']} = {basis['value']} since {basis['since']}: {basis['title']}"
