"""The counters of agencies, and what was registered there (guichets)."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import ControlFile, ReceivedFile, SelectivityDecision, Unit
from medcontrol.policy import Principal, agent_scope
from medcontrol.queries.reception import Registered
from medcontrol.vocabulary import ControlLevel, Lane, Role

COUNTER = "counter:"

File: Any = ControlFile
Received: Any = ReceivedFile
Decided: Any = SelectivityDecision
Units: Any = Unit


def agencies_of(session: Session, principal: Principal, jurisdiction: str) -> dict[str, str]:
    """Return the agencies at whose counter somebody may register files, name by code."""
    rows = session.execute(
        sa.select(Units.code, Units.name)
        .where(
            agent_scope(principal),
            Units.level == ControlLevel.LOCAL,
            Units.jurisdiction == jurisdiction,
            Units.is_active,
        )
        .order_by(Units.name)
    )
    return {row[0]: row[1] for row in rows}


def _at_own_counter(principal: Principal) -> sa.ColumnElement[bool]:
    """Received files of the counters of an agent's units."""
    parts: list[sa.ColumnElement[bool]] = []
    for grant in principal.grants:
        if grant.role is Role.AGENT:
            column = {
                ControlLevel.LOCAL: Received.agency_code == grant.unit_code,
                ControlLevel.REGIONAL: Received.region_code == grant.unit_code,
            }.get(grant.level, sa.true())
            parts.append(column)
    own = sa.or_(*parts) if parts else sa.false()
    return sa.and_(Received.source.startswith(COUNTER, autoescape=True), own)


def load_registered(
    session: Session, principal: Principal, *where: sa.ColumnElement[bool]
) -> tuple[Registered, ...]:
    """Return files registered at the agent's counters, the latest first."""
    name = sa.func.coalesce(
        Received.beneficiary_family_name + " " + Received.beneficiary_given_name,
        Received.family_name + " " + Received.given_name,
    )
    rows = session.execute(
        sa.select(
            Received.id, Received.external_id, name.label("person_name"),
            Received.registration_number, Received.flow, Received.nature, Received.agency_code,
            Units.name.label("agency_name"), Received.recorded_at, Received.received_at,
            Decided.lane, File.reference, File.status,
        )
        .join(Unit, Units.code == Received.agency_code)
        .outerjoin(SelectivityDecision, Decided.received_file_id == Received.id)
        .outerjoin(ControlFile, File.received_file_id == Received.id)
        .where(_at_own_counter(principal), *where)
        .order_by(Received.recorded_at.desc(), Received.id)
        .limit(200)
    ).mappings()  # fmt: skip
    return tuple(
        Registered(
            **{key: value for key, value in row.items() if key != "lane"},
            is_controlled=row["lane"] is not None and Lane(row["lane"]).is_controlled,
        )
        for row in rows
    )


def find_registered(session: Session, principal: Principal, received_id: UUID) -> Registered:
    """Return a file that was registered at one of the agent's counters.

    Raises:
        NotFound: there is none, or it is another unit's.
    """
    found = load_registered(session, principal, Received.id == received_id)
    if not found:
        raise NotFound(f"no file {received_id} of this counter")
    return found[0]
