"""Moving probe rounds on (sondages): count, write, open the next round, or hand up.

Looks at what is due, so it may run late, twice or at once: each probe is moved under its lock.
"""

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from medcontrol.clock import Clock, civil_date
from medcontrol.db import read_only, transaction
from medcontrol.model import Probe, ProbeRound
from medcontrol.vocabulary import Jurisdiction, ProbeStatus
from selectivity.outcomes import probes
from selectivity.outcomes.probes import Tally, is_compliant, tally
from selectivity.outcomes.provider_cases import Suspicion, open_case
from workflows.letters.marks import LetterWays
from workflows.letters.provider import reference_of, write_letter
from workflows.tools import Tools


def move_probes(tools: Tools, *, now: Clock) -> dict[str, int]:
    """Move every running probe as far as it goes; return how many came to which state."""
    with read_only() as session:
        running = session.exec(
            select(Probe.id)
            .where(col(Probe.status).in_((ProbeStatus.SAMPLING, ProbeStatus.EDUCATION)))
            .order_by(col(Probe.started_at))
        ).all()
    moved: Counter[str] = Counter()
    for probe_id in running:
        with transaction() as session:
            state = move_probe(
                session, tools.fund_name, probe_id, now=now(), ways=tools.letter_ways
            )
            if state is not None:
                moved[state.value] += 1
    return dict(moved)


def move_probe(
    session: Session,
    fund: str,
    probe_id: UUID,
    *,
    now: datetime,
    ways: LetterWays | None = None,
) -> ProbeStatus | None:
    """Move one probe on; return its new state, ``None`` when nothing was due."""
    probe = probes.locked(session, probe_id)
    if not probe.status.is_running:
        return None
    current = session.exec(
        select(ProbeRound)
        .where(ProbeRound.probe_id == probe_id, col(ProbeRound.closed_at).is_(None))
        .order_by(col(ProbeRound.number))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if current is None:
        return None
    found = tally(session, probe_id, current.number)
    # A request that was taken back says nothing: the gate takes another file for it.
    current.taken = found.taken - found.withdrawn
    if probe.status is ProbeStatus.EDUCATION:
        if current.opens_on > civil_date(now, Jurisdiction(probe.jurisdiction)):
            return None
        probe.status = ProbeStatus.SAMPLING
        session.flush()
        return probe.status
    if found.counted < probe.sample_size:
        session.flush()
        return None
    return _close(session, fund, probe, current, found, now, ways)


def _close(
    session: Session, fund: str, probe: Probe, current: ProbeRound, found: Tally, now: datetime,
    ways: LetterWays | None,
) -> ProbeStatus:  # fmt: skip
    """Close a round with its result; its letter leaves whatever the result is."""
    current.closed_at, current.controls, current.hits = now, found.counted, found.hits
    current.is_compliant = is_compliant(found, probe.threshold)
    today = civil_date(now, probe.jurisdiction)
    next_on = None
    if current.is_compliant:
        probe.status, probe.ended_at = ProbeStatus.COMPLIANT, now
    elif current.number >= probe.max_rounds:
        probe.status, probe.ended_at = ProbeStatus.ESCALATED, now
        _hand_up(session, probe, found, now)
    else:
        probe.status = ProbeStatus.EDUCATION
        next_on = today + timedelta(days=probe.pause_days)
        session.add(ProbeRound(probe_id=probe.id, number=current.number + 1, opens_on=next_on))
    session.flush()
    write_letter(session, fund, probe, current.number, found, next_on=next_on, now=now, ways=ways)
    return probe.status


def _hand_up(session: Session, probe: Probe, last: Tally, now: datetime) -> None:
    """Open a case about the provider at central level."""
    facts = {
        "probe": reference_of(probe), "flow": probe.flow, "acts": probe.acts,
        "rounds": probe.max_rounds, "controls": last.counted, "hits": last.hits,
        "rate": last.rate.value, "low": last.rate.low, "high": last.rate.high,
        "threshold": probe.threshold,
    }  # fmt: skip
    suspicion = Suspicion(
        provider_id=probe.provider_id, origin="probe", facts=facts,
        files=probes.files_of(session, probe.id),
    )  # fmt: skip
    case = open_case(session, probe.jurisdiction, suspicion, actor=None, now=now)
    probe.case_id = case.id
