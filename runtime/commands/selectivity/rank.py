"""``medcontrol selectivity rank``: the ranking of a night, by hand."""

from dataclasses import asdict
from typing import Annotated

import typer

from medcontrol.clock import utc_now
from medcontrol.errors import InvalidInput
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import AsJson, read_day, say, say_json, today
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

_WHY = {
    "already_ranked": "that day was ranked before; nothing was changed",
    "no_doctor": "the fund has no doctor, so there is no capacity to fill",
}


@selectivity.command("rank")
def rank(
    day: Annotated[str, typer.Option("--day", help="Day of reception, 2026-11-20.")],
    as_json: AsJson = False,
) -> None:
    """Open control files for the best of a day that is over; a day is ranked once."""
    from workflows.gate.ranking import active_scorer, rank_night

    which = read_day(day, "--day")
    with environment():
        if which >= today():
            raise InvalidInput(f"--day: {day} is not over", field="day")
        place, tools = settings().jurisdiction, wiring.tools()
        scorer = active_scorer(tools, place) if settings().selectivity_score else None
        found = rank_night(tools, place, which, now=utc_now(), scorer=scorer)
    if as_json:
        say_json(asdict(found))
    elif found.skipped:
        say(_WHY[found.skipped])
    else:
        say(
            f"{found.candidates} candidates, {found.opened} control files opened:"
            f" {found.overflowed} that a rule wanted, {found.by_score} by score"
        )
