"""``medcontrol selectivity blue``: paid files drawn for later control."""

from typing import Annotated

import typer

from medcontrol.clock import civil_date, utc_now
from medcontrol.db import read_only
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import AsJson, fail, say, say_json, show_table
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

blue = typer.Typer(help="Paid files that come back for later control.", no_args_is_help=True)
selectivity.add_typer(blue, name="blue")


@blue.command("draw")
def draw(as_json: AsJson = False) -> None:
    """Draw this week's paid files, once, and open what is drawn and not open yet."""
    from workflows.gate.blue import draw_week

    with environment():
        done = draw_week(wiring.tools(), settings().jurisdiction, now=utc_now)
    if done is None:
        fail("another process draws, or the law here knows no control after payment")
    if as_json:
        say_json(done.as_json())
        return
    say(
        f"{done.week}: {done.drawn} of {done.pool} files drawn"
        f" ({done.overflow} overflowed; at most {done.quota}, by {done.bound_by}),"
        f" {done.opened} opened now"
    )


@blue.command("verify")
def verify(
    week: Annotated[str | None, typer.Option("--week", help="2026-W47; default this one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draw a week again; end with 1 when a file was drawn or left out against its draw."""
    from selectivity.outcomes.weekly import week_of
    from workflows.gate.blue_check import verify_week

    place = settings().jurisdiction
    name = week or week_of(civil_date(utc_now(), place))
    with environment(), read_only() as session:
        count, wrong = verify_week(session, wiring.keys(), place, name)
    if as_json:
        faults = [{"file": str(each.file_id), "fault": each.fault} for each in wrong]
        say_json({"week": name, "drawn": count, "wrong": faults})
    elif wrong:
        show_table(("file", "fault"), [(str(each.file_id), each.fault) for each in wrong])
    else:
        say(f"{name}: {count} files, each drawn in its turn")
    if wrong:
        fail(f"{len(wrong)} files against their draw")
