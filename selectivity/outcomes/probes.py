"""Probe rounds at a provider (sondages): sample, teach, sample again, stop when compliant.

After Medicare's Targeted Probe and Educate: 20 to 40 files of one provider and one service, at
most three rounds, a letter between two of them, the end as soon as a round is compliant, the
central level after the last one that is not.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import civil_date
from medcontrol.errors import AlreadyDone, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import Probe, ProbeFile, ProbeRound
from medcontrol.policy import Principal
from medcontrol.reference.flows import flows
from medcontrol.vocabulary import ProbeStatus
from selectivity.lifecycle.rows import must_write
from selectivity.outcomes.statistics import Rate, wilson

SAMPLE, ROUNDS = (20, 40), (1, 3)
LANGUAGES = ("fr", "ar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Probe rounds that an analyst wants.

    Attributes:
        acts: first letters of the act codes; ``None`` for the whole flow.
        compliant_rate: ten-thousandths; the law's of the day when not given.
        language: of the letters.
        reason: why this provider; kept with the probe.
    """

    provider_id: str
    flow: str
    acts: str | None = None
    sample_size: int = 30
    max_rounds: int = 3
    compliant_rate: int | None = None
    language: str = "fr"
    reason: str = ""


class ProbeRunning(AlreadyDone):
    """This provider is under probe for this service."""

    code = "probe.running"


def start(
    session: Session, jurisdiction: str, wish: Wish, *, actor: Principal, now: datetime
) -> Probe:
    """Start probe rounds; the gate takes the next files from now on.

    Raises:
        Forbidden: the actor is no analyst.
        InvalidInput: a size, a flow, a language or the reason is wrong; ``field`` names it.
        ProbeRunning: a probe of this provider and service is running.
    """
    must_write(actor)
    _check(jurisdiction, wish)
    today = civil_date(now, jurisdiction)
    acts = wish.acts.strip().upper() if wish.acts and wish.acts.strip() else None
    _alone(session, jurisdiction, wish.provider_id.strip(), wish.flow, acts)
    numbers = law(jurisdiction)
    rate = wish.compliant_rate
    if rate is None:
        rate = int(numbers.decimal("probes.compliant_rate").at(today).value * 10_000)
    probe = Probe.model_validate(
        {
            "id": new_id(), "jurisdiction": jurisdiction, "provider_id": wish.provider_id.strip(),
            "flow": wish.flow, "acts": acts, "sample_size": wish.sample_size,
            "max_rounds": wish.max_rounds, "threshold": rate,
            "pause_days": numbers.whole("probes.pause_days").at(today).value,
            "language": wish.language, "status": ProbeStatus.SAMPLING, "started_at": now,
            "started_by": actor.id, "reason": wish.reason.strip(),
        }
    )  # fmt: skip
    session.add(probe)
    session.flush()
    session.add(ProbeRound(probe_id=probe.id, number=1, opens_on=today))
    session.flush()
    return probe


def _check(jurisdiction: str, wish: Wish) -> None:
    if not wish.provider_id.strip():
        raise InvalidInput("whose files?", field="provider_id")
    if len(wish.provider_id) > 64 or len(wish.acts or "") > 16:
        raise InvalidInput("too long", field="provider_id")
    flow = flows().get(wish.flow)
    if flow is None or not flow.may_open_in(jurisdiction):
        raise InvalidInput(f"{wish.flow!r} is no flow here", field="flow")
    if not SAMPLE[0] <= wish.sample_size <= SAMPLE[1]:
        raise InvalidInput(f"{SAMPLE[0]} to {SAMPLE[1]} files", field="sample_size")
    if not ROUNDS[0] <= wish.max_rounds <= ROUNDS[1]:
        raise InvalidInput(f"{ROUNDS[0]} to {ROUNDS[1]} rounds", field="max_rounds")
    if wish.compliant_rate is not None and not 0 <= wish.compliant_rate <= 10_000:
        raise InvalidInput("a share of the files", field="compliant_rate")
    if wish.language not in LANGUAGES:
        raise InvalidInput("fr or ar", field="language")
    if not wish.reason.strip():
        raise InvalidInput("say why this provider", field="reason")


def _alone(
    session: Session, jurisdiction: str, provider_id: str, flow: str, acts: str | None
) -> None:
    """Refuse a second probe of the same provider and service."""
    session.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtext('probe'), hashtext(:provider))"),
        {"provider": f"{jurisdiction}:{provider_id}"},
    )
    running = session.exec(
        select(Probe.id).where(
            Probe.jurisdiction == jurisdiction,
            Probe.provider_id == provider_id,
            Probe.flow == flow,
            col(Probe.acts) == acts if acts else col(Probe.acts).is_(None),
            col(Probe.status).in_((ProbeStatus.SAMPLING, ProbeStatus.EDUCATION)),
        )
    ).first()
    if running is not None:
        raise ProbeRunning(field="provider_id")


def stop(
    session: Session, probe_id: UUID, reason: str, *, actor: Principal, now: datetime
) -> Probe:
    """Stop probe rounds before their end; files that were taken are controlled all the same.

    Raises:
        Forbidden: the actor is no analyst.
        NotFound: there is no such probe.
        AlreadyDone: it ended before.
        InvalidInput: no reason is given.
    """
    must_write(actor)
    probe = locked(session, probe_id)
    if not probe.status.is_running:
        raise AlreadyDone("this probe ended before")
    if not reason.strip():
        raise InvalidInput("say why", field="reason")
    probe.status, probe.ended_at = ProbeStatus.STOPPED, now
    probe.reason = f"{probe.reason}\n{reason.strip()}"
    session.flush()
    return probe


def locked(session: Session, probe_id: UUID) -> Probe:
    """Return a probe under lock.

    Raises:
        NotFound: there is no such probe.
    """
    found = session.exec(
        select(Probe)
        .where(Probe.id == probe_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound("there is no such probe", field="probe")
    return found


@dataclass(frozen=True, slots=True)
class Tally:
    """What the files of a round came to so far."""

    taken: int
    ended: int
    withdrawn: int
    hits: int

    @property
    def counted(self) -> int:
        """Controls with a result that counts."""
        return self.ended - self.withdrawn

    @property
    def rate(self) -> Rate:
        """Error rate with its interval."""
        return wilson(self.hits, self.counted)


_TALLY = """
SELECT count(*), count(o.result), count(*) FILTER (WHERE o.result = 'withdrawn'),
       count(*) FILTER (WHERE o.result IN ('reduced', 'refused', 'confirmed_anomaly')
                        AND NOT o.is_overturned)
FROM probe_file f
LEFT JOIN LATERAL (
  SELECT result, is_overturned FROM control_outcome c
  WHERE c.received_file_id = f.received_file_id
    AND NOT (c.is_overturned AND EXISTS (
      SELECT FROM control_file k WHERE k.id = c.control_file_id AND k.closed_at IS NULL))
  ORDER BY is_overturned, decided_on DESC, id DESC LIMIT 1) o ON true
WHERE f.probe_id = :probe AND f.round = :number
"""


def tally(session: Session, probe_id: UUID, number: int) -> Tally:
    """Return what a round came to; a hit that was overturned is none, one undone is open."""
    row = session.execute(sa.text(_TALLY), {"probe": probe_id, "number": number}).one()
    return Tally(*row)


def is_compliant(found: Tally, threshold: int) -> bool:
    """Return whether a round stays within its rate (ten-thousandths); nothing counted does not.

    >>> is_compliant(Tally(20, 20, 0, 2), 1000), is_compliant(Tally(20, 20, 0, 3), 1000)
    (True, False)
    """
    return found.counted > 0 and found.hits * 10_000 <= threshold * found.counted


def files_of(session: Session, probe_id: UUID) -> tuple[UUID, ...]:
    """Return the files that a probe took, in all rounds."""
    rows = session.exec(
        select(ProbeFile.received_file_id)
        .where(ProbeFile.probe_id == probe_id)
        .order_by(col(ProbeFile.round), col(ProbeFile.received_file_id))
    )
    return tuple(rows.all())
