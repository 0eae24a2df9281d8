"""Rights that are due for review come back as files by themselves (contrôle périodique).

The review enters by the gate like any file, under an identity made of the right and the day of
its review: whatever runs twice, late or at once, one review opens one file.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import Clock, civil_date
from medcontrol.db import transaction
from medcontrol.errors import DomainError
from medcontrol.ids import new_id
from medcontrol.intake import Line
from medcontrol.model import CarePlan, Entitlement, InboxMessage, QuarantinedMessage
from medcontrol.reference.flows import flows
from medcontrol.turns import take_turn
from medcontrol.vocabulary import Channel, EntitlementStatus, Jurisdiction
from workflows.definition.catalog import Catalog
from workflows.gate.counts import BatchName, Counts
from workflows.gate.intake import take_in
from workflows.gate.opening import REVIEW_PREFIX, REVIEW_SOURCE
from workflows.rights.spreading import spread_reviews
from workflows.tools import Tools

log = logging.getLogger(__name__)

#: Rights looked at in one turn; each turn is one chunk of intake.
CHUNK = 500
#: Natures under which a flow takes a review, when its pack does not say.
_NATURES = ("review", "renewal", "periodic")
_TURN = "reviews.open.chunk"
CARE = "care_reassessment"


def identity_of(right: Entitlement) -> str:
    """Return the external id of a right's next review: the same for the same review, always."""
    return f"{REVIEW_PREFIX}{right.id}:{right.next_review_on or right.opens_on}"


def review_round(tools: Tools, *, now: Clock) -> dict[str, Any]:
    """Give the reviews in sight their day, then open what is due; return what was done.

    Raises:
        sqlalchemy.exc.OperationalError: the database is gone; the next run goes on.
    """
    spread = spread_reviews(tools, now=now)
    opened = open_due_reviews(tools, now=now)
    return opened.as_json() | {"placed": spread.placed, "moved": spread.moved}


def open_due_reviews(tools: Tools, *, now: Clock) -> Counts:
    """Open the file of every review that is due, also those of days slept through.

    Reads only what is due (a partial index), so the cost does not grow with the rights. Several
    processes may run it at once: they take turns, chunk by chunk.

    Returns:
        What became of the reviews' messages.

    Raises:
        sqlalchemy.exc.OperationalError: the database is gone; the next run goes on.
    """
    total = Counts()
    batch = BatchName(new_id(), "reviews")
    for jurisdiction in Jurisdiction:
        today = civil_date(now(), jurisdiction)
        after: tuple[date, UUID] | None = None
        while True:
            part, after = _open_chunk(tools, batch, jurisdiction, today, after, now)
            if part is not None:
                total.add(part)
            if after is None:
                break
    return total


def _open_chunk(
    tools: Tools,
    batch: BatchName,
    jurisdiction: Jurisdiction,
    today: date,
    after: tuple[date, UUID] | None,
    now: Clock,
) -> tuple[Counts | None, tuple[date, UUID] | None]:
    """Open the reviews of one chunk of rights; return the figures and where the next one starts.

    Intake works in transactions of its own; this one keeps others away meanwhile. If we die in
    between, the next run finds the messages handled and only marks the rights.
    """
    with transaction() as turn:
        if not take_turn(turn, _TURN):
            return None, None  # another process is at it, and looks at the same rights
        rights = _due(turn, jurisdiction, today, after)
        known = _handled(turn, rights)
        fresh = [right for right in rights if identity_of(right) not in known]
        counts = None
        if fresh:
            providers = care_providers(turn, fresh)
            lines = _lines(tools.catalog, fresh, providers, now())
            counts = take_in(tools, lines, batch=batch, now=now)
        _mark(turn, rights)
    if len(rights) < CHUNK:
        return counts, None
    last = rights[-1]
    assert last.opens_on is not None  # noqa: S101 - the query asks for it
    return counts, (last.opens_on, last.id)


def _due(
    session: Session, jurisdiction: Jurisdiction, today: date, after: tuple[date, UUID] | None
) -> Sequence[Entitlement]:
    statement = select(Entitlement).where(
        Entitlement.status == EntitlementStatus.ACTIVE,
        col(Entitlement.opens_on) <= today,
        Entitlement.jurisdiction == jurisdiction,
    )
    if after is not None:
        place = sa.tuple_(col(Entitlement.opens_on), col(Entitlement.id))
        statement = statement.where(place > after)
    in_order = (col(Entitlement.opens_on), col(Entitlement.id))
    return session.exec(statement.order_by(*in_order).limit(CHUNK)).all()


def _handled(session: Session, rights: Sequence[Entitlement]) -> set[str]:
    """Return the identities that came in before, or that stand in quarantine."""
    wanted = [identity_of(right) for right in rights]
    if not wanted:
        return set()
    found: set[str] = set()
    for table in (InboxMessage, QuarantinedMessage):
        statement = sa.select(col(table.external_id)).where(
            col(table.source) == REVIEW_SOURCE, col(table.external_id).in_(wanted)
        )
        found.update(session.execute(statement).scalars())
    return found


def _mark(session: Session, rights: Sequence[Entitlement]) -> None:
    """Mark the rights whose review came in; they stay open until the review decides."""
    arrived = sa.select(col(InboxMessage.external_id)).where(
        col(InboxMessage.source) == REVIEW_SOURCE,
        col(InboxMessage.external_id).in_([identity_of(right) for right in rights]),
    )
    came_in = set(session.execute(arrived).scalars())
    ids = [right.id for right in rights if identity_of(right) in came_in]
    session.execute(
        sa.update(Entitlement)
        .where(col(Entitlement.id).in_(ids), col(Entitlement.status) == EntitlementStatus.ACTIVE)
        .values(
            status=EntitlementStatus.UNDER_REVIEW,
            review_since=sa.func.coalesce(Entitlement.review_since, Entitlement.opens_on),
        )
    )


def _lines(
    catalog: Catalog, rights: Sequence[Entitlement], providers: Mapping[str, str], now: datetime
) -> Iterator[Line]:
    """Yield the messages of reviews; a right that no open flow can review is passed by."""
    for number, right in enumerate(rights, 1):
        try:
            provider = providers.get(right.registration_number)
            raw = orjson.dumps(review_message(catalog, right, now, provider))
        except (KeyError, DomainError) as error:
            facts = {"entitlement_id": str(right.id), "error": type(error).__name__}
            log.error("review.not_opened", extra=facts)
            continue
        yield Line(no=number, raw=raw, size=len(raw))


def review_message(
    catalog: Catalog, right: Entitlement, now: datetime, provider: str | None = None
) -> dict[str, Any]:
    """Return the intake message (``medcontrol.intake.v1``) of a right's review.

    The law asks for the review, so control is required; selectivity still says which and where.
    Clocks start now: a review that opens late is not late at once.
    """
    message = {
        "schema": "medcontrol.intake.v1",
        "source": REVIEW_SOURCE,
        "external_id": identity_of(right),
        "received_at": now.isoformat(timespec="seconds"),
        "jurisdiction": right.jurisdiction.value,
        "scheme": _scheme(right),
        "flow": right.flow,
        "nature": review_nature(catalog, right, civil_date(now, right.jurisdiction)),
        "channel": Channel.PERIODIC.value,
        "agency": right.agency_code,
        "insured": _insured(right),
        "ald_number": right.number if right.flow == "ald" else None,
        "beneficiary": _beneficiary(right),
        "medical": {"pathology": right.right_code} if right.flow == "ald" else None,
        "form": _form(right),
        "provider": {"id": provider, "kind": "care_network"} if provider else None,
        "control": {"required": True},
    }
    return {name: value for name, value in message.items() if value is not None}


def care_providers(session: Session, rights: Sequence[Entitlement]) -> dict[str, str]:
    """Return by registration number the one provider that has a person's care plan.

    With several providers the administration reassesses: none of them does all of the care.
    """
    people = [right.registration_number for right in rights if right.flow == CARE]
    if not people:
        return {}
    plan = sa.select(
        col(CarePlan.registration_number), sa.func.min(col(CarePlan.provider_id))
    ).where(col(CarePlan.registration_number).in_(people), col(CarePlan.replaced_at).is_(None))
    plan = plan.group_by(col(CarePlan.registration_number))
    one = plan.having(sa.func.count(sa.distinct(col(CarePlan.provider_id))) == 1)
    return {row[0]: row[1] for row in session.execute(one)}


def _form(right: Entitlement) -> dict[str, Any] | None:
    """Return what a review says of its right: the milestone; of care, what decides who does it.

    Care in kind alone goes to the provider.
    """
    if right.milestone is not None:
        return {"milestone": right.milestone}
    if right.flow != CARE:
        return None
    benefit = right.right_code or "mixed"
    return {"benefit": benefit, "has_carer": benefit != "in_kind"}


def _scheme(right: Entitlement) -> str:
    return flows()[right.flow].scheme.value


def review_nature(catalog: Catalog, right: Entitlement, on: date) -> str:
    """Return the nature of a right's review: its pack's, else the flow's own word for it."""
    rule = catalog.pack(right.jurisdiction, right.flow, on).meta.entitlement
    if rule is not None and rule.review is not None:
        milestone = rule.review.milestones.get(right.milestone or "")
        return (milestone.nature if milestone else None) or rule.review.nature
    natures = flows()[right.flow].natures
    return next((nature for nature in _NATURES if nature in natures), natures[0])


def _insured(right: Entitlement) -> dict[str, Any]:
    person = {
        "registration_number": right.registration_number,
        "national_id": right.national_id,
        "family_name": right.family_name,
        "given_name": right.given_name,
        "birth_date": right.birth_date.isoformat(),
        "sex": right.sex,
        "language": right.language,
    }
    return {name: value for name, value in person.items() if value is not None}


def _beneficiary(right: Entitlement) -> dict[str, Any] | None:
    if right.relation is None or right.beneficiary_birth_date is None:
        return None
    return {
        "relation": right.relation,
        "family_name": right.beneficiary_family_name,
        "given_name": right.beneficiary_given_name,
        "birth_date": right.beneficiary_birth_date.isoformat(),
    }
