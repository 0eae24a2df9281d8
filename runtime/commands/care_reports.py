"""``medcontrol care regress`` and ``care times``: what a change would do, how long it takes."""

from typing import Annotated

import typer

from medcontrol.db import read_only
from medcontrol.errors import DomainError
from medcontrol.queries.care_times import LONGEST_MONTHS, care_times
from medcontrol.rules.calendar import add_months
from runtime import wiring
from runtime.commands.care import care
from runtime.commands.output import AsJson, fail, read_day, say, say_json, show_table, today
from runtime.environment import environment
from workflows.care.regression import Regression, regress

__all__ = ["care"]

_MOST = 200


@care.command("regress")
def regress_law(
    with_change: Annotated[
        list[str], typer.Option("--with", help="PATH=VALUE: a parameter and its new value.")
    ],
    since: Annotated[
        str | None,
        typer.Option("--from", help="First day of the new value; default: as if it always held."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what another law would do: cases, bills on record, open files. Nothing is written."""
    changes = {}
    for text in with_change:
        path, sign, value = text.partition("=")
        if not sign:
            fail(f"--with {text}: PATH=VALUE is expected")
        changes[path.strip()] = value.strip()
    first = read_day(since, "--from") if since else None
    with environment():
        try:
            with read_only() as session:
                found = regress(session, wiring.tools(), changes, since=first, today=today())
        except DomainError as refusal:
            fail(f"{refusal.field}: {refusal.detail}")
    if as_json:
        say_json(found.as_json())
    else:
        _say_regression(found)


@care.command("times")
def times(
    months: Annotated[
        int, typer.Option("--months", min=1, max=LONGEST_MONTHS, help="How many, with this one.")
    ] = 12,
    as_json: AsJson = False,
) -> None:
    """Say how long reassessments and controls take, by month, provider or administration."""
    last = today().replace(day=1)
    first = add_months(last, 1 - months)
    with environment(), read_only() as session:
        found = care_times(session, first, last)
    lines = [line.as_json() for line in found.lines]
    if as_json:
        totals = [line.as_json() for line in found.totals]
        say_json({"first": f"{first:%Y-%m}", "last": f"{last:%Y-%m}", "lines": lines,
                  "totals": totals})  # fmt: skip
        return
    names = ("month", "flow", "channel", "files", "assessment_median_days", "assessment_p90_days",
             "decision_median_days", "decision_p90_days", "answer_median_days",
             "within_target_share")  # fmt: skip
    show_table(names, [[line[name] for name in names] for line in lines])


def _say_regression(found: Regression) -> None:
    said = found.as_json()
    cases, bills = said["cases"]["changed"], said["bills"]["changed"]
    say(f"{len(cases)} of {found.cases} worked cases change")
    columns = ("id", "before", "after", "difference", "fault")
    if cases:
        show_table(columns, [[case[name] for name in columns] for case in cases])
    say(f"{len(bills)} of {found.bills} bills change, {found.minutes:+d} minutes in all")
    if bills:
        members = ("person", "provider", "number", "month", "before", "after", "difference")
        show_table(members, [[bill[name] for name in members] for bill in bills[:_MOST]])
        if len(bills) > _MOST:
            say(f"and {len(bills) - _MOST} more; --json lists all")
    say(f"{len(found.open_files)} open files are concerned")
    if found.open_files:
        rows = [[each.reference, each.flow, " ".join(each.reasons)] for each in found.open_files]
        show_table(("file", "flow", "because of"), rows[:_MOST])
