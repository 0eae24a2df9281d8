"""``medcontrol draws``, ``params``: is what we hold what it should be?"""

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.legal.dated import UnknownParameter
from medcontrol.legal.loading import law
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import (
    AsJson,
    fail,
    name_some,
    read_day,
    read_file,
    say,
    say_json,
    show_table,
    today,
)
from runtime.environment import environment

draws = typer.Typer(help="The draws of selectivity.", no_args_is_help=True)
params = typer.Typer(help="The law as parameters.", no_args_is_help=True)


@draws.command("verify")
def verify_draws(
    period: Annotated[
        str | None, typer.Option("--period", help="Only the draws of this month, 2026-11.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="A key file of draws escrow, for its month alone.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw again for every received file; end with 1 when a stored draw differs."""
    from workflows.gate.draw_keys import read_key
    from workflows.gate.draws_check import verify

    if period is not None:
        read_day(f"{period}-01", "--period")
    escrowed = None
    if key is not None:
        month, escrowed = read_key(read_file(key).decode("utf-8", "replace"))
        if period not in (None, month):
            raise InvalidInput(f"the key is that of {month}, not of {period}", field="period")
        period = month
    with environment(), read_only() as session:
        of_month = escrowed or (lambda each: wiring.keys().derive(f"draw:{each}"))
        count, wrong = verify(session, of_month, period=period)
    if as_json:
        say_json({"draws": count, "wrong": [{"file": w.name, "fault": w.fault} for w in wrong]})
    elif wrong:
        name_some([f"{each.name}: {each.fault}" for each in wrong])
    else:
        say(f"{count} draws, each the one of its file")
    if wrong:
        fail(f"{len(wrong)} files whose draw is not their own")


@draws.command("escrow")
def escrow_key(
    period: Annotated[str, typer.Argument(help="A month that is over, 2026-09.")],
    out: Annotated[Path, typer.Option("--out", help="Where the key goes; must not exist.")],
) -> None:
    """Take the draw key of a month out, for somebody who is to check its draws; it is noted."""
    from workflows.gate.draw_keys import escrow

    read_day(f"{period}-01", "PERIOD")
    with environment(), transaction() as session:
        text = escrow(
            session, wiring.keys(), period, by=getpass.getuser(), today=today(), now=utc_now()
        )
        try:
            with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
        except OSError as error:
            raise InvalidInput(f"{out} can't be written: {error.strerror}", field="out") from None
    say(f"the draw key of {period} is in {out}; verify with: draws verify --key {out}")


@params.command("list")
def list_parameters(
    on: Annotated[
        str | None, typer.Option("--on", help="The law of this day; default today.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the parameters of the law with their value on a day and its source."""
    day = read_day(on, "--on") if on else today()
    rows = []
    try:
        parameters = law(settings().jurisdiction)
    except UnknownParameter as error:
        raise InvalidInput(str(error)) from None
    for path in parameters.paths:
        parameter = parameters.parameter(path)
        held = [value for value in parameter.values if value.since <= day]
        rows.append(
            {
                "path": path,
                "value": str(held[-1].value) if held else None,
                "unit": parameter.unit.code,
                "since": held[-1].since if held else None,
                "source": held[-1].reference.title if held else None,
            }
        )
    if as_json:
        say_json({"on": day, "parameters": rows})
    else:
        columns = ("path", "value", "unit", "since", "source")
        show_table(columns, [[row[name] for name in columns] for row in rows])
