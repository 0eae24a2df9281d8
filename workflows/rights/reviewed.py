"""The rights that files review, when they open: named by us, by their number, or by the person."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from medcontrol.reference.pathologies import pathologies
from medcontrol.services.entitlements import Changed, record
from medcontrol.vocabulary import EntitlementChange, EntitlementStatus
from workflows.definition.catalog import Pack
from workflows.definition.schema import FromFact

REVIEW_SOURCE = "medcontrol"
REVIEW_PREFIX = "review:"

PackOf = Callable[[str, str, date], Pack]


Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Request:
    """A file that may be about a right which the person has.

    Attributes:
        codes: of the rights that it may be about; all of them when empty.
        late_days: how long after its last day a right may still be carried on.
        takes_last: of several the last one; else the only one or none.
    """

    file: Any
    codes: frozenset[str]
    late_days: int
    takes_last: bool

    def fits(self, right: Entitlement) -> bool:
        """Return whether the right is one of these, and runs or ended not too long ago."""
        if self.codes and right.right_code not in self.codes:
            return False
        if right.valid_to is None or right.status in _PENDING:
            return True
        late = right.valid_to + timedelta(days=self.late_days)
        return bool(late >= self.file["received_on"])


_PENDING = (EntitlementStatus.UNDER_REVIEW, EntitlementStatus.SUSPENDED)


@dataclass(frozen=True, slots=True)
class _Named:
    """How files name rights: by id, by number, or as the person's running right of a flow."""

    by_id: dict[UUID, Any]
    by_number: dict[tuple[str, str, str], Any]
    by_person: dict[tuple[str, str, date | None], list[_Request]]


def reviewed(
    session: Session, received: Sequence[Any], pack_of: PackOf, *,
    messages: Mapping[UUID, Message], actor: Actor, now: datetime,
) -> dict[UUID, Any]:  # fmt: skip
    """Return the rights that files are about, by received file, and mark them as under review.

    A periodic file names its right by id. A renewal that the person asks for names it by number,
    and counts only when the right is theirs and of that flow. One without a number, or a request
    that continues a right by the rule of its pack, is about the one that the person has, of the
    same flow and code.

    Args:
        session: the caller's transaction.
        received: the received files, as rows.
        pack_of: the pack in force for a jurisdiction, flow and day.
        messages: what came in, by received file.
        actor: who brought them.
        now: when.
    """
    named = _names(received, pack_of, messages)
    if not (named.by_id or named.by_number or named.by_person):
        return {}
    found: dict[UUID, Any] = {}
    rights = session.execute(_candidates(named)).scalars().all()
    for right in rights:
        key = (right.number, right.registration_number, right.flow)
        each = named.by_id.get(right.id) or named.by_number.get(key)
        if each is not None:
            found[each["id"]] = right
    _by_person(named, rights, found)
    _mark(session, found, {each["id"]: each for each in received}, actor, now)
    return found


def _by_person(named: _Named, rights: Sequence[Entitlement], found: dict[UUID, Any]) -> None:
    """Add the rights of files that name none, among those of the person."""
    of_person = defaultdict(list)
    for right in rights:
        of_person[_person(right)].append(right)
    for person, requests in named.by_person.items():
        for request in requests:
            fitting = [right for right in of_person.get(person, ()) if request.fits(right)]
            if fitting and (request.takes_last or len(fitting) == 1):
                found.setdefault(request.file["id"], fitting[-1])


def _names(received: Iterable[Any], pack_of: PackOf, messages: Mapping[UUID, Message]) -> _Named:
    named = _Named({}, {}, defaultdict(list))
    for each in received:
        if each["source"] == REVIEW_SOURCE and str(each["external_id"]).startswith(REVIEW_PREFIX):
            text = str(each["external_id"]).removeprefix(REVIEW_PREFIX).split(":")[0]
            named.by_id[UUID(text)] = each
            continue
        request = _request(each, pack_of, messages.get(each["id"]) or {})
        if request is None:
            continue
        for name in ("ald_number", "authorisation"):
            if number := each["details"].get(name):
                named.by_number[number, each["registration_number"], each["flow"]] = each
        named.by_person[_key(each)].append(request)
    return named


def _request(each: Any, pack_of: PackOf, message: Message) -> _Request | None:
    """Return how a file is about a right that the person has; none when it asks for a new one."""
    try:
        pack = pack_of(each["jurisdiction"], each["flow"], each["received_on"])
    except DomainError:
        return None
    rule, nature = pack.meta.entitlement, each["nature"]
    if rule is None:
        return None
    if rule.continues is not None and nature in rule.continues.natures:
        late = law(each["jurisdiction"]).number(rule.continues.within_days, each["received_on"])
        codes = frozenset(rule.continues.codes) or _codes(pack, each, message)
        return _Request(each, codes, late.value, takes_last=True)
    if rule.review is None or nature != rule.review.nature:
        return None
    return _Request(each, _codes(pack, each, message), 0, takes_last=False)


def _codes(pack: Pack, each: Any, message: Message) -> frozenset[str]:
    """Return the codes of rights that such a request can be about, as far as it says it.

    The pathology where rights go by it; else what the pack's grants of one code would give.
    """
    if pack.meta.entitlement is not None and pack.meta.entitlement.validity_by == "pathology":
        named = (message.get("medical") or {}).get("pathology")
        listed = pathologies(each["jurisdiction"]).values()
        return frozenset(p.code for p in listed if named in (p.code, str(p.number)))
    grants = [c for c in pack.meta.operations.values() if c.call == "grant_entitlement"]
    given = {_code(pack, c.arguments.get("code"), each, message) for c in grants}
    return frozenset(code for code in given if code) if len(given) == 1 else frozenset()


def _code(pack: Pack, argument: object, each: Any, message: Message) -> str | None:
    if not isinstance(argument, FromFact):
        return None if argument is None else str(argument)
    if argument.fact == "nature":
        return str(each["nature"])
    fact = pack.meta.facts[argument.fact]
    answer = (message.get("form") or {}).get(fact.answer) if fact.answer else None
    return str(answer) if fact.allows(answer) else None


def _key(row: Any) -> tuple[str, str, date | None]:
    """Return whom a file is about and in which flow: of a family, the birth date tells who."""
    return row["registration_number"], row["flow"], row["beneficiary_birth_date"]


def _person(right: Entitlement) -> tuple[str, str, date | None]:
    """Return the same of a right."""
    return right.registration_number, right.flow, right.beneficiary_birth_date


def _candidates(named: _Named) -> sa.Select[Any]:
    parts = [
        col(Entitlement.id).in_(list(named.by_id)),
        col(Entitlement.registration_number).in_([number for number, _, _ in named.by_person]),
    ]
    wanted = [
        part for part, keys in zip(parts, (named.by_id, named.by_person), strict=True) if keys
    ]
    return (
        sa.select(Entitlement)
        .where(col(Entitlement.status) != EntitlementStatus.ENDED, sa.or_(*wanted))
        .order_by(col(Entitlement.valid_from), col(Entitlement.id))  # the last one counts
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _mark(
    session: Session, found: dict[UUID, Any], received: dict[UUID, Any], actor: Actor, now: datetime
) -> None:
    """Keep rights open while their review is pending, and note since when it is.

    A review of ours counts from the day on which it should have opened: a scheduler that slept
    takes no right away from anybody.
    """
    changes = []
    for received_id, right in found.items():
        if right.status is not EntitlementStatus.ACTIVE:
            continue  # under review already, or suspended until the person came
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
