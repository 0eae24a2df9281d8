"""Probe rounds as lists and pages show them (sondages)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, col, select

from medcontrol.errors import NotFound
from medcontrol.model import Probe, ProbeRound, ProviderLetter
from selectivity.outcomes.probes import Tally, tally


@dataclass(frozen=True, slots=True)
class RoundView:
    """A round as its page shows it."""

    number: int
    opens_on: date
    closed_at: datetime | None
    tally: Tally
    is_compliant: bool | None
    letter: ProviderLetter | None


@dataclass(frozen=True, slots=True)
class ProbeView:
    """A probe with its rounds."""

    probe: Probe
    rounds: tuple[RoundView, ...]


def probes(session: Session, jurisdiction: str, *, most: int = 200) -> list[ProbeView]:
    """Return the probes, those that run first, then the newest."""
    found = session.exec(
        select(Probe)
        .where(Probe.jurisdiction == jurisdiction)
        .order_by(col(Probe.ended_at).is_not(None), col(Probe.started_at).desc())
        .limit(most)
    ).all()
    return [view(session, each) for each in found]


def view(session: Session, probe: Probe) -> ProbeView:
    """Return a probe with its rounds and letters."""
    rounds = session.exec(
        select(ProbeRound).where(ProbeRound.probe_id == probe.id).order_by(col(ProbeRound.number))
    ).all()
    letters = {
        letter.round: letter
        for letter in session.exec(
            select(ProviderLetter).where(ProviderLetter.probe_id == probe.id)
        )
    }
    return ProbeView(
        probe,
        tuple(
            RoundView(
                each.number, each.opens_on, each.closed_at, tally(session, probe.id, each.number),
                each.is_compliant, letters.get(each.number),
            )
            for each in rounds
        ),
    )  # fmt: skip


def letter_of(session: Session, letter_id: UUID | None) -> ProviderLetter:
    """Return a letter to a provider.

    Raises:
        NotFound: there is no such letter.
    """
    found = session.get(ProviderLetter, letter_id) if letter_id else None
    if found is None:
        raise NotFound("there is no such letter", field="letter")
    return found
