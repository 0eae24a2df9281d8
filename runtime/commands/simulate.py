"""``medcontrol simulate``: a month of a fund with virtual people, on a database of its own."""

from typing import Annotated

import typer

from runtime.commands.output import AsJson, fail, read_day, say, say_json, show_table


def simulate(
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="Calendar days.")] = 30,
    files_per_day: Annotated[
        int,
        typer.Option(
            "--files-per-day", min=1, max=200_000, help="Files received on a working day."
        ),
    ] = 2_000,
    first: Annotated[str, typer.Option("--from", help="First day, 2026-11-02.")] = "2026-11-02",
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another month.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Drive a month through every flow with virtual doctors and a moved clock.

    Servers are started in a temporary folder and removed: nothing of the installation is read
    or changed. Ends with 1 when a file is stuck, a deadline passed unreported, a pack was never
    driven or the journal does not hold.
    """
    from runtime.scratch import scratch
    from runtime.simulation.month import Month
    from runtime.simulation.month import simulate as run

    month = Month(
        first=read_day(first, "--from"), days=days, files_per_day=files_per_day, seed=seed
    )
    with scratch(as_of=month.first, seed=seed, prefix="medcontrol-simulation-") as place:
        report = run(place.tools, place.fund, month)
    if as_json:
        say_json(report.as_json())
    else:
        for name in ("received", "opened", "closed", "stuck", "late", "unreported", "seconds"):
            say(f"{name:<12} {getattr(report, name)}")
        rows = [[flow, outcome, count] for flow, each in report.outcomes.items()
                for outcome, count in each.items()]  # fmt: skip
        show_table(("flow", "outcome", "files"), rows)
    if not report.holds:
        fail("the month does not hold: see stuck_files, unreported, never and journal_verified")
