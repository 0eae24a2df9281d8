"""Who may see and do what: one function from (user, action) to a SQL predicate.

Lists, counts, search, export, API and detail pages all put the same predicate into their WHERE,
so they cannot disagree. A detail page of a file outside it is "not found".
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from medcontrol.model import (
    Assignment,
    CommissionMember,
    ControlFile,
    Entitlement,
    Expert,
    ExpertMission,
    HumanTask,
    ReceivedFile,
    RoleGrant,
    SavedView,
    SecondReading,
    Unit,
)
from medcontrol.vocabulary import ActorKind, ControlLevel, Role, StepKind, TaskStatus


class Action(StrEnum):
    """What somebody wants to do with a file."""

    SEE = "see"  # administrative content: lists, header, request, letters
    READ_MEDICAL = "read_medical"  # diagnoses, reasoning, medical documents
    CONTROL = "control"  # give an opinion, ask for pieces, escalate, hold
    ADMINISTRATE = "administrate"  # completeness, appointments, documents
    REASSIGN = "reassign"
    EXPLAIN = "explain"  # why selectivity and assignment chose: score, draw, costs
    OVERSEE = "oversee"  # what happened and who read it, to take out as evidence
    MISSION = "mission"  # what an expert needs of the one file that they are named for


@dataclass(frozen=True, slots=True)
class Grant:
    """A role at a unit, valid today."""

    role: Role
    level: ControlLevel
    unit_code: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who acts: a user, or a program with the rights of its unit.

    ``missions``: the files of the missions that an expert has today, nothing else of theirs.
    """

    id: UUID
    name: str
    grants: tuple[Grant, ...]
    doctor_id: UUID | None = None
    language: str = "fr"
    kind: ActorKind = ActorKind.USER
    missions: frozenset[UUID] = frozenset()

    @property
    def roles(self) -> frozenset[Role]:
        """The roles held anywhere."""
        return frozenset(grant.role for grant in self.grants)

    def has(self, *roles: Role) -> bool:
        """Whether at least one of the roles is held."""
        return not self.roles.isdisjoint(roles)


# Which roles open an action for every file of their unit. What a doctor may do with the files
# given to him in person is said in ``_own``.
_BY_UNIT: dict[Action, frozenset[Role]] = {
    Action.SEE: frozenset({Role.AGENT, Role.SUPERVISOR, Role.COORDINATOR, Role.APPEALS_SECRETARY}),
    Action.READ_MEDICAL: frozenset({Role.COORDINATOR}),
    Action.CONTROL: frozenset(),
    Action.ADMINISTRATE: frozenset({Role.AGENT}),
    Action.REASSIGN: frozenset({Role.SUPERVISOR, Role.COORDINATOR}),
    Action.EXPLAIN: frozenset({Role.SUPERVISOR, Role.ANALYST, Role.AUDITOR}),
    Action.OVERSEE: frozenset({Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR}),
    Action.MISSION: frozenset(),
}
# A central doctor sees what stands at the central level, wherever it came from.
_CENTRAL = frozenset({Action.SEE, Action.READ_MEDICAL})
_OWN = frozenset({Action.SEE, Action.READ_MEDICAL, Action.CONTROL})
QUALITY = "quality"  # the flow of second readings
APPEAL = "appeal"  # the flow that its secretary administrates
SHARERS = frozenset({Role.SUPERVISOR, Role.COORDINATOR})  # of views of lists, with units
_CONTROLLERS = frozenset({Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR})

# Files about a file. Made once: an alias made anew takes longer than the statement it stands in.
_About: Any = aliased(ControlFile)

# What was received and went on has no control file; who may ask why is a matter of its unit.
Table = type[ControlFile] | type[HumanTask] | type[ReceivedFile]


def visible(
    principal: Principal, table: Table = ControlFile, action: Action = Action.SEE
) -> sa.ColumnElement[bool]:
    """Return the predicate over ``control_file`` or ``human_task`` rows that allows an action.

    Pure: what it needs of the database was read with the principal. Nothing allowed is ``false``.
    """
    parts = [_unit(grant, table) for grant in principal.grants if grant.role in _BY_UNIT[action]]
    if action in _CENTRAL:
        parts += [
            _column(table, "level") == ControlLevel.CENTRAL
            for grant in principal.grants
            if grant.role is Role.CENTRAL_DOCTOR
        ]
    if action is Action.ADMINISTRATE:
        parts += [
            sa.and_(_unit(grant, table), _column(table, "flow") == APPEAL)
            for grant in principal.grants
            if grant.role is Role.APPEALS_SECRETARY
        ]
    if action is Action.MISSION and principal.has(Role.EXPERT) and table is not ReceivedFile:
        parts.append(_file_id(table).in_(principal.missions))
    if action in _OWN and principal.doctor_id is not None and principal.has(*_CONTROLLERS):
        parts.append(_own(principal.doctor_id, table, action))
    if not parts:
        return sa.false()
    return sa.and_(sa.or_(*parts), *_kept_apart(principal, table))


def _kept_apart(principal: Principal, table: Table) -> list[sa.ColumnElement[bool]]:
    """What second readings take out of every list, search, page and export.

    A reading's own file is seen through the pages of readings alone. A reader who has not
    decided yet sees nothing of the file that is read again, whatever else they may see.
    """
    apart = [_column(table, "flow") != QUALITY]
    hidden = blinded(principal)
    if hidden is None:
        return apart
    if table is ReceivedFile:
        received = sa.select(col(ControlFile.received_file_id)).where(
            col(ControlFile.id).in_(hidden)
        )
        return [*apart, col(ReceivedFile.id).not_in(received)]
    return [*apart, _file_id(table).not_in(hidden)]


def blinded(principal: Principal) -> Any:
    """Return the query of the files that a reader may not know yet, and of all that are about them.

    None for whoever reads nothing. Between the draw and the reader's own decision the first
    opinion, the decision and what followed from it are kept from the reader at every door.
    """
    if principal.doctor_id is None or not principal.has(Role.QUALITY_READER):
        return None
    read = (
        sa.select(col(SecondReading.control_file_id))
        .join(HumanTask, col(HumanTask.control_file_id) == col(SecondReading.reading_file_id))
        .where(
            col(HumanTask.assigned_doctor_id) == principal.doctor_id,
            col(HumanTask.status) == TaskStatus.OPEN,
            col(HumanTask.kind) == StepKind.QUALITY_READING,
            col(SecondReading.read_at).is_(None),
        )
    )
    return sa.union(read, sa.select(_About.id).where(_About.parent_id.in_(read)))


def _column(table: Table, name: str) -> Any:
    return getattr(table, name)


def _unit(grant: Grant, table: Table) -> sa.ColumnElement[bool]:
    if grant.level is ControlLevel.LOCAL:
        return _column(table, "agency_code") == grant.unit_code  # type: ignore[no-any-return]
    if grant.level is ControlLevel.REGIONAL:
        return _column(table, "region_code") == grant.unit_code  # type: ignore[no-any-return]
    return sa.true()


def _own(doctor_id: UUID, table: Table, action: Action) -> sa.ColumnElement[bool]:
    """Files that are, or for reading also were, in this doctor's hands, or before their commission.

    Being named for a commission lets its doctors read the appeal, as being given a file does.
    """
    mine = _column(table, "assigned_doctor_id") == doctor_id
    if action is Action.CONTROL:
        return mine  # type: ignore[no-any-return]
    given = sa.select(col(Assignment.control_file_id)).where(col(Assignment.doctor_id) == doctor_id)
    sits = sa.select(col(CommissionMember.control_file_id)).where(
        col(CommissionMember.doctor_id) == doctor_id
    )
    return sa.or_(mine, _file_id(table).in_(given), _file_id(table).in_(sits))


def _file_id(table: Table) -> Any:
    return _column(table, "id" if table is ControlFile else "control_file_id")


def visible_rights(principal: Principal, action: Action = Action.SEE) -> sa.ColumnElement[bool]:
    """Return the predicate over ``entitlement`` rows that allows an action.

    Rights of the units where a role allows it for files; doctors also see those of the people
    whose files they may see. Who may give files to other doctors may postpone reviews.
    """
    parts: list[sa.ColumnElement[bool]] = []
    for grant in principal.grants:
        if grant.role not in _BY_UNIT[action]:
            continue
        if grant.level is ControlLevel.CENTRAL:
            parts.append(sa.true())
            continue
        below = sa.select(col(Unit.code)).where(col(Unit.parent_code) == grant.unit_code)
        own = col(Entitlement.agency_code) == grant.unit_code
        parts.append(
            own
            if grant.level is ControlLevel.LOCAL
            else sa.or_(own, col(Entitlement.agency_code).in_(below))
        )
    is_doctor = principal.doctor_id is not None and principal.has(*_CONTROLLERS)
    if action is Action.SEE and is_doctor:
        people = sa.select(col(ControlFile.registration_number)).where(visible(principal))
        parts.append(col(Entitlement.registration_number).in_(people))
    if not parts:
        return sa.false()
    hidden = blinded(principal)
    if hidden is None:
        return sa.or_(*parts)
    # A right whose last decision is read again would tell what was decided.
    told = sa.func.coalesce(col(Entitlement.control_file_id).in_(hidden), sa.false())
    return sa.and_(sa.or_(*parts), sa.not_(told))


def may(session: Session, principal: Principal, control_file_id: UUID, action: Action) -> bool:
    """Return whether the principal may do this with this file."""
    found = session.exec(
        select(ControlFile.id).where(
            ControlFile.id == control_file_id, visible(principal, ControlFile, action)
        )
    ).first()
    return found is not None


def agent_units(principal: Principal) -> frozenset[str]:
    """Return the units at which somebody is an agent; paper moves between these only."""
    return frozenset(grant.unit_code for grant in principal.grants if grant.role is Role.AGENT)


def agent_scope(principal: Principal) -> sa.ColumnElement[bool]:
    """Return the predicate over ``unit`` rows of an agent's units and those below them."""
    grants = [grant for grant in principal.grants if grant.role is Role.AGENT]
    if any(grant.level is ControlLevel.CENTRAL for grant in grants):
        return sa.true()
    codes = [grant.unit_code for grant in grants]
    return sa.or_(col(Unit.code).in_(codes), col(Unit.parent_code).in_(codes))


def sharing_scope(principal: Principal) -> sa.ColumnElement[bool]:
    """Return the predicate over ``unit`` rows with which somebody may share views of lists.

    Those that they supervise or coordinate, and those below.
    """
    grants = [grant for grant in principal.grants if grant.role in SHARERS]
    if any(grant.level is ControlLevel.CENTRAL for grant in grants):
        return sa.and_(col(Unit.is_active))
    codes = [grant.unit_code for grant in grants]
    return sa.and_(
        col(Unit.is_active), sa.or_(col(Unit.code).in_(codes), col(Unit.parent_code).in_(codes))
    )


def visible_views(principal: Principal) -> sa.ColumnElement[bool]:
    """Return the predicate over ``saved_view`` rows: one's own, one's units', one's roles'.

    A unit's views are also those of whoever works at a unit below it. What a view lists is for
    each reader what the reader may see.
    """
    codes = [grant.unit_code for grant in principal.grants]
    above = sa.select(col(Unit.parent_code)).where(col(Unit.code).in_(codes))
    top = sa.select(col(Unit.parent_code)).where(col(Unit.code).in_(above))
    unit, role = col(SavedView.unit_code), col(SavedView.role)
    own = sa.and_(col(SavedView.user_id) == principal.id, unit.is_(None), role.is_(None))
    return sa.or_(
        own, unit.in_(codes), unit.in_(above), unit.in_(top), role.in_(list(principal.roles))
    )


def grants_of(session: Session, user_id: UUID, on: date) -> tuple[Grant, ...]:
    """Return the role grants of a user that are valid on a day, both ends included."""
    rows = session.execute(
        sa.select(col(RoleGrant.role), col(Unit.level), col(Unit.code))
        .join(Unit, col(Unit.code) == RoleGrant.unit_code)
        .where(
            col(RoleGrant.user_id) == user_id,
            col(RoleGrant.valid_from) <= on,
            sa.or_(col(RoleGrant.valid_to).is_(None), col(RoleGrant.valid_to) >= on),
        )
        .order_by(RoleGrant.role, Unit.code)
    )
    return tuple(Grant(role, level, code) for role, level, code in rows)


def missions_of(
    session: Session, user_id: UUID, grants: tuple[Grant, ...], on: date
) -> frozenset[UUID]:
    """Return the files that an expert is named for on a day; none without the role that day."""
    if not any(grant.role is Role.EXPERT for grant in grants):
        return frozenset()
    found = session.execute(
        sa.select(col(ExpertMission.control_file_id))
        .join(Expert, col(Expert.id) == ExpertMission.expert_id)
        .where(
            col(Expert.user_id) == user_id,
            col(Expert.is_active),
            col(ExpertMission.status) == "named",
            col(ExpertMission.valid_from) <= on,
            col(ExpertMission.valid_to) >= on,
        )
    )
    return frozenset(found.scalars())
