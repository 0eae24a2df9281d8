"""``medcontrol selectivity probes``: probe rounds at providers."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import AsJson, say, say_json, show_table, today
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

if TYPE_CHECKING:
    from sqlmodel import Session

    from medcontrol.policy import Principal
    from selectivity.outcomes.probe_views import ProbeView

probes = typer.Typer(help="Probe rounds at providers.", no_args_is_help=True)
selectivity.add_typer(probes, name="probes")

By = Annotated[str, typer.Option("--by", help="Login of the analyst who does it.")]


def _actor(session: "Session", login: str) -> "Principal":
    from medcontrol.services import users

    return users.principal_for(session, users.by_login(session, login), today())


@probes.command("list")
def list_(as_json: AsJson = False) -> None:
    """List probes with what their rounds found."""
    from selectivity.outcomes import probe_views

    with environment(), read_only() as session:
        found = [_as_json(each) for each in probe_views.probes(session, settings().jurisdiction)]
    if as_json:
        say_json(found)
        return
    rows = [
        (p["id"], p["provider_id"], p["flow"], p["acts"] or "", p["status"],
         " · ".join(f"{r['hits']}/{r['controls']} of {r['taken']}" for r in p["rounds"]))
        for p in found
    ]  # fmt: skip
    show_table(("id", "provider", "flow", "acts", "state", "rounds"), rows)


def _as_json(view: "ProbeView") -> dict[str, Any]:
    probe = view.probe
    return {
        "id": str(probe.id), "provider_id": probe.provider_id, "flow": probe.flow,
        "acts": probe.acts, "status": probe.status.value, "sample_size": probe.sample_size,
        "max_rounds": probe.max_rounds, "threshold": probe.threshold,
        "case": str(probe.case_id) if probe.case_id else None,
        "rounds": [
            {"number": each.number, "opens_on": each.opens_on.isoformat(),
             "taken": each.tally.taken, "controls": each.tally.counted,
             "hits": each.tally.hits, "rate": each.tally.rate.value,
             "low": each.tally.rate.low, "high": each.tally.rate.high,
             "is_compliant": each.is_compliant,
             "letter": each.letter.status.value if each.letter else None}
            for each in view.rounds
        ],
    }  # fmt: skip


@probes.command("start")
def start(  # noqa: PLR0913, PLR0917 - options of a command
    provider: Annotated[str, typer.Argument(help="Id of the provider.")],
    flow: Annotated[str, typer.Option("--flow", help="Service: a flow.")],
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why this provider.")],
    acts: Annotated[
        str | None, typer.Option("--acts", help="First letters of act codes; default: all.")
    ] = None,
    sample: Annotated[int, typer.Option("--sample", help="Files a round, 20 to 40.")] = 30,
    rounds: Annotated[int, typer.Option("--rounds", help="Rounds at most, 1 to 3.")] = 3,
    language: Annotated[str, typer.Option("--language", help="Of the letters: fr, ar.")] = "fr",
    as_json: AsJson = False,
) -> None:
    """Start probe rounds: the gate takes the provider's next files."""
    from selectivity.outcomes import probes as service

    wish = service.Wish(
        provider_id=provider, flow=flow, acts=acts, sample_size=sample, max_rounds=rounds,
        language=language, reason=reason,
    )  # fmt: skip
    with environment(), transaction() as session:
        probe = service.start(
            session, settings().jurisdiction, wish, actor=_actor(session, by), now=utc_now()
        )
        probe_id = str(probe.id)
    if as_json:
        say_json({"id": probe_id})
    else:
        say(f"probe {probe_id}: the next {sample} files of {provider} are controlled")


@probes.command("stop")
def stop(
    probe: Annotated[str, typer.Argument(help="Id of the probe.")],
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why it stops.")],
    as_json: AsJson = False,
) -> None:
    """Stop probe rounds; files that were taken are controlled all the same."""
    from selectivity.outcomes import probes as service

    with environment(), transaction() as session:
        service.stop(session, _id(probe), reason, actor=_actor(session, by), now=utc_now())
    if as_json:
        say_json({"id": probe, "status": "stopped"})
    else:
        say(f"probe {probe} is stopped")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no id of a probe", field="probe") from None


@probes.command("move")
def move(as_json: AsJson = False) -> None:
    """Count rounds whose controls ended, write their letters, open the next ones."""
    from workflows.gate.probe_rounds import move_probes

    with environment():
        moved = move_probes(wiring.tools(), now=utc_now)
    if as_json:
        say_json(moved)
    else:
        say(", ".join(f"{count} {state}" for state, count in moved.items()) or "nothing was due")
