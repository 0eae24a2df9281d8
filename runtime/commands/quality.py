"""``medcontrol quality``: second readings drawn, checked, reported."""

from datetime import date
from typing import Annotated, Any

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.rules.calendar import add_months
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import AsJson, fail, say, say_json, show_table, today
from runtime.environment import environment

quality = typer.Typer(help="Second readings of decisions.", no_args_is_help=True)

Campaign = Annotated[
    str | None, typer.Option("--campaign", help="A month, 2026-11; default the present one.")
]
_SHOWN = 20


@quality.command("draw")
def draw(campaign: Campaign = None, as_json: AsJson = False) -> None:
    """Draw the decisions of a month that are not drawn yet, such as imported ones."""
    from workflows.linked.quality_draws import draw_campaign

    place = settings().jurisdiction
    with environment(), transaction() as session:
        done = draw_campaign(session, wiring.keys(), place, campaign or _month(), now=utc_now())
    if as_json:
        say_json({"campaign": done.campaign, "decisions": done.decisions, "drawn": done.drawn,
                  "new": done.new})  # fmt: skip
    else:
        say(f"{done.campaign}: {done.decisions} decisions, {done.drawn} drawn, {done.new} new")


@quality.command("verify")
def verify(campaign: Campaign = None, as_json: AsJson = False) -> None:
    """Draw a month again and compare; end with 1 when a stored draw is not the key's."""
    from workflows.linked.quality_check import verify_campaign

    month = campaign or _month()
    with environment(), read_only() as session:
        count, stored, wrong = verify_campaign(
            session, wiring.keys(), settings().jurisdiction, month
        )
    if as_json:
        rows = [{"file": str(each.control_file_id), "fault": each.fault} for each in wrong]
        say_json({"campaign": month, "decisions": count, "readings": stored, "wrong": rows})
    elif not wrong:
        say(f"{month}: {count} decisions, {stored} readings, each as its key says")
    if wrong:
        for each in wrong[:_SHOWN] if not as_json else ():
            say(f"{each.control_file_id}: {each.fault}")
        fail(f"{len(wrong)} decisions whose draw is not their own")


@quality.command("report")
def report(
    months: Annotated[int, typer.Option("--months", min=1, max=60, help="How far back.")] = 6,
    as_json: AsJson = False,
) -> None:
    """Say how far second readers agree with the first doctors, by flow and region."""
    rows = _lines(add_months(today(), -months))
    if as_json:
        say_json({"since": add_months(today(), -months), "lines": rows})
        return
    columns = ("group", "key", "readings", "rate", "kappa", "low", "high", "findings")
    show_table(columns, [[row[name] for name in columns] for row in rows])


def _lines(since: date) -> list[dict[str, Any]]:
    import sqlalchemy as sa

    from medcontrol.queries.agreement import by, compared, fewest_pairs, line

    place = settings().jurisdiction
    with environment(), read_only() as session:
        found = compared(session, sa.true(), place, since=since, until=today())
        fewest = fewest_pairs(place, today())
    return [
        _row("all", line("", "", found, fewest)),
        *(_row("flow", each) for each in by(found, "flow", fewest)),
        *(_row("region", each) for each in by(found, "region", fewest)),
    ]


def _row(group: str, found: Any) -> dict[str, Any]:
    measure = found.measure
    return {
        "group": group,
        "key": found.key,
        "readings": found.readings,
        "rate": None if measure is None else round(measure.rate, 4),
        "kappa": None if measure is None or measure.kappa is None else round(measure.kappa, 4),
        "low": None if measure is None or measure.low is None else round(measure.low, 4),
        "high": None if measure is None or measure.high is None else round(measure.high, 4),
        "findings": None if measure is None else "/".join(map(str, found.findings)),
    }


def _month() -> str:
    return today().isoformat()[:7]
