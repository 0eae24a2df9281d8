"""The rights that files review, when they open: named by us, by their number, or by the person."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.errors import DomainError
from medcontrol.journal import Actor
from medcontrol.legal.loading import law
from medcontrol.model import Entitlement
from medcontrol.services.entitlements import Changed, record
from medcontrol.vocabulary import EntitlementChange, EntitlementStatus
from workflows.definition.catalog import Pack
from workflows.definition.schema import Continues

REVIEW_SOURCE = "medcontrol"
REVIEW_PREFIX = "review:"

PackOf = Callable[[str, str, date], Pack]


@dataclass(frozen=True, slots=True)
class _Named:
    """How files name rights: by id, by number, or as the person's running right of a flow."""

    by_id: dict[UUID, Any]
    by_number: dict[tuple[str, str], Any]
    by_person: dict[tuple[str, str, date | None], tuple[Any, Continues]]


def reviewed(
    session: Session, received: Sequence[Any], pack_of: PackOf, *, actor: Actor, now: datetime
) -> dict[UUID, Any]:
    """Return the rights that files are about, by received file, and mark them as under review.

    A periodic file names its right by id. A renewal that the person asks for names it by number,
    and counts only when the right is theirs. A request that continues a right, by the rule of its
    pack, is about the one that the person has, unless it ended too long ago.

    Args:
        session: the caller's transaction.
        received: the received files, as rows.
        pack_of: the pack in force for a jurisdiction, flow and day.
        actor: who brought them.
        now: when.
    """
    named = _names(received, pack_of)
    if not (named.by_id or named.by_number or named.by_person):
        return {}
    found: dict[UUID, Any] = {}
    for right in session.execute(_candidates(named)).scalars():
        each = _of(right, named)
        if each is not None:
            found[each["id"]] = right
    _mark(session, found, {each["id"]: each for each in received}, actor, now)
    return found


def _names(received: Iterable[Any], pack_of: PackOf) -> _Named:
    named = _Named({}, {}, {})
    for each in received:
        if each["source"] == REVIEW_SOURCE and str(each["external_id"]).startswith(REVIEW_PREFIX):
            text = str(each["external_id"]).removeprefix(REVIEW_PREFIX).split(":")[0]
            named.by_id[UUID(text)] = each
        elif each["nature"] == "renewal" and (number := each["details"].get("ald_number")):
            named.by_number[number, each["registration_number"]] = each
        elif (rule := _continues(each, pack_of)) is not None:
            named.by_person[_person(each)] = each, rule
    return named


def _continues(each: Any, pack_of: PackOf) -> Continues | None:
    try:
        rule = pack_of(each["jurisdiction"], each["flow"], each["received_on"]).meta.entitlement
    except DomainError:
        return None
    found = rule.continues if rule else None
    return found if found and each["nature"] in found.natures else None


def _person(row: Any) -> tuple[str, str, date | None]:
    """Return whom a row is about and in which flow: of a family, the birth date tells who."""
    return row["registration_number"], row["flow"], row["beneficiary_birth_date"]


def _candidates(named: _Named) -> sa.Select[Any]:
    parts = [
        col(Entitlement.id).in_(list(named.by_id)),
        col(Entitlement.number).in_([number for number, _ in named.by_number]),
        col(Entitlement.registration_number).in_([number for number, _, _ in named.by_person]),
    ]
    wanted = [part for part, keys in zip(parts, _keys(named), strict=True) if keys]
    return (
        sa.select(Entitlement)
        .where(col(Entitlement.status) != EntitlementStatus.ENDED, sa.or_(*wanted))
        .order_by(col(Entitlement.valid_from), col(Entitlement.id))  # the last one counts
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _keys(named: _Named) -> tuple[Any, Any, Any]:
    return named.by_id, named.by_number, named.by_person


def _of(right: Entitlement, named: _Named) -> Any:
    """Return the received file that a right is reviewed by, if there is one."""
    direct = named.by_id.get(right.id) or named.by_number.get(
        (right.number, right.registration_number)
    )
    if direct is not None:
        return direct
    person = (right.registration_number, right.flow, right.beneficiary_birth_date)
    each, rule = named.by_person.get(person, (None, None))
    if each is None or rule is None:
        return None
    day = each["received_on"]
    late = law(each["jurisdiction"]).number(rule.within_days, day).value
    is_running = right.valid_to is None or right.valid_to + timedelta(days=late) >= day
    return each if is_running else None


def _mark(
    session: Session, found: dict[UUID, Any], received: dict[UUID, Any], actor: Actor, now: datetime
) -> None:
    """Keep rights open while their review is pending, and note since when it is.

    A review of ours counts from the day on which it should have opened: a scheduler that slept
    takes no right away from anybody.
    """
    changes = []
    for received_id, right in found.items():
        if right.status is EntitlementStatus.UNDER_REVIEW:
            continue
        file = received[received_id]
        since = file["received_on"]
        if file["source"] == REVIEW_SOURCE and right.opens_on is not None:
            since = min(since, right.opens_on)
        changes.append(
            Changed(
                right_id=right.id, number=right.number, change=EntitlementChange.REVIEWED,
                before={"status": right.status},
                after={"status": EntitlementStatus.UNDER_REVIEW},
            )
        )  # fmt: skip
        right.status, right.review_since = EntitlementStatus.UNDER_REVIEW, since
    session.flush()
    record(session, changes, actor=actor, now=now)
