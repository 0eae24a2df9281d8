"""``medcontrol selectivity``: the group that the commands of this folder join."""

import typer

selectivity = typer.Typer(help="Which files get control, and why.", no_args_is_help=True)
