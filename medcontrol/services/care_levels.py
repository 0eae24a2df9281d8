"""Levels of need on record: dated, of a person or of one provider's part, never overwritten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson
from sqlmodel import Session, col, select

from medcontrol.crypto import KeyRing, bind
from medcontrol.ids import new_id
from medcontrol.model import CareLevel
from medcontrol.reference.care_levels import level_tables
from medcontrol.rules.long_term_care.facts import CareFault, Span
from medcontrol.rules.long_term_care.levels import LOWEST_NEED, HeldLevel, table_on
from medcontrol.rules.long_term_care.right import without
from medcontrol.services.care_lock import lock_person

#: Levels on record by provider; under None those of the person.
Levels = Mapping[str | None, tuple[HeldLevel, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLevel:
    """A level of need to record; on its days it takes the place of the levels before it.

    Attributes:
        provider_id: whose part it is; None: what the person needs in all.
        number: 1 to 15; 0 for a provider's part below the threshold.
    """

    registration_number: str
    span: Span
    number: int
    provider_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse a level that the table of its first day doesn't have."""
        table_on(level_tables(), self.span.first).level(self.number)
        if self.number < LOWEST_NEED and self.provider_id is None:
            detail = f"{self.number} is the part of a provider, not a need"
            raise CareFault("known_level", detail, field="level")


def record_level(session: Session, keys: KeyRing, level: NewLevel, *, now: datetime) -> UUID:
    """Keep a level; former ones keep the days that it does not take.

    Back-dated levels are usual: what they change of bills is for ``care_bills.recheck``.
    """
    lock_person(session, level.registration_number)
    for row in _rows(session, [level.registration_number]):
        span = _span(row)
        if row.provider_id != level.provider_id or span.meets(level.span) is None:
            continue
        row.replaced_at = now
        number = _number_of(row, keys)
        for left in without([span], [level.span]):
            _add(session, keys, level, left, number, now)
    return _add(session, keys, level, level.span, level.number, now)


def levels_of_people(
    session: Session, keys: KeyRing, registration_numbers: Sequence[str]
) -> dict[str, Levels]:
    """Return the levels on record of some people, by provider, in their order."""
    found: dict[str, dict[str | None, list[HeldLevel]]] = {one: {} for one in registration_numbers}
    for row in _rows(session, registration_numbers):
        held = HeldLevel(_span(row), _number_of(row, keys))
        found[row.registration_number].setdefault(row.provider_id, []).append(held)
    return {
        one: {provider: tuple(held) for provider, held in levels.items()}
        for one, levels in found.items()
    }


def held_by(levels: Levels, provider_id: str) -> tuple[HeldLevel, ...]:
    """Return what a provider is paid by: its own part where it is on record, else the need."""
    own = levels.get(provider_id, ())
    taken = [each.span for each in own]
    need = [
        HeldLevel(span, each.number)
        for each in levels.get(None, ())
        for span in without([each.span], taken)
    ]
    return tuple(sorted([*own, *need], key=lambda each: each.span))


def _rows(session: Session, registration_numbers: Sequence[str]) -> Sequence[CareLevel]:
    statement = select(CareLevel).where(
        col(CareLevel.registration_number).in_(registration_numbers),
        col(CareLevel.replaced_at).is_(None),
    )
    return session.exec(statement.order_by(col(CareLevel.valid_from))).all()


def _span(row: CareLevel) -> Span:
    return Span(row.valid_from, row.valid_to or date.max)


def _number_of(row: CareLevel, keys: KeyRing) -> int:
    return int(orjson.loads(keys.decrypt(row.key_id, row.level, bind("care_level", row.id))))


def _add(
    session: Session, keys: KeyRing, of: NewLevel, span: Span, number: int, now: datetime
) -> UUID:
    level_id = new_id()
    key_id, sealed = keys.encrypt(orjson.dumps(number), bind("care_level", level_id))
    session.add(
        CareLevel(
            id=level_id, registration_number=of.registration_number, provider_id=of.provider_id,
            valid_from=span.first, valid_to=None if span.last == date.max else span.last,
            key_id=key_id, level=sealed, recorded_at=now,
        )
    )  # fmt: skip
    session.flush()
    return level_id
