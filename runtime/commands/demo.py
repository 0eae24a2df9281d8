"""``medcontrol demo``: an invented fund that works, to look at."""

from typing import Annotated

import typer

from runtime.commands.output import AsJson


def demo(
    files: Annotated[int, typer.Option("--files", min=1, help="Files of the day.")] = 5000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed, the same fund.")] = 1,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the demonstration of this home first.")
    ] = False,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the summary.")] = False,
    as_json: AsJson = False,
) -> None:
    """Invent a fund with its past, run a day of files through, and serve it."""
    from runtime.demo.command import run_demo

    run_demo(files=files, seed=seed, serve=not no_serve, json=as_json, fresh=fresh)
