"""Which rules decide on a day: those published in the database, else those that come along."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import RuleSetVersion
from medcontrol.vocabulary import RuleSetStatus
from selectivity import packaged
from selectivity.reading import parse_rule_set
from selectivity.tables import RuleSet

Table: Any = RuleSetVersion
_KEPT = 64
_parsed: dict[str, RuleSet] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version as lists show it, without its content.

    Attributes:
        id: of its row; ``None`` for a version that comes with the system.
        revision: counts the changes of a draft.
        valid_from, valid_until: first and last day of reception that it decides.
    """

    id: UUID | None
    code: str
    version: int
    status: RuleSetStatus
    sha256: str
    revision: int = 1
    parent: int | None = None
    note: str = ""
    author_id: UUID | None = None
    author_name: str = ""
    created_at: datetime | None = None
    editor_id: UUID | None = None
    editor_name: str = ""
    edited_at: datetime | None = None
    backtest_id: UUID | None = None
    shadow_from: date | None = None
    approver_name: str | None = None
    approved_at: datetime | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    published_at: datetime | None = None
    retired_at: datetime | None = None

    @property
    def name(self) -> str:
        """Return "ma/2"."""
        return f"{self.code}/{self.version}"

    @property
    def is_packaged(self) -> bool:
        """Return whether it comes with the system."""
        return self.id is None

    def decides(self, day: date) -> bool:
        """Return whether files received on a day may be decided by it, if nothing is newer."""
        begun = self.valid_from is not None and self.valid_from <= day
        return begun and (self.valid_until is None or day <= self.valid_until)


_LISTED = tuple(Version.__dataclass_fields__)


def in_force(session: Session, jurisdiction: str, day: date) -> RuleSet:
    """Return the rules for files received on a day.

    Of the published versions the one that began last decides; without one, the newest that comes
    with the system. One small statement, so it may be asked for every chunk: a version published
    elsewhere decides here from its first day, without a restart. Both first and last day lie
    ahead when they are set, so the answer for a day that began never changes.

    Raises:
        NotFound: nothing is in force that day.
    """
    row = session.execute(
        sa.select(Table.version, Table.sha256, Table.valid_from)
        .where(
            Table.code == jurisdiction,
            Table.published_at.is_not(None),
            Table.valid_from <= day,
            sa.or_(Table.valid_until.is_(None), Table.valid_until >= day),
        )
        .order_by(Table.valid_from.desc(), Table.version.desc())
        .limit(1)
    ).first()
    if row is None:
        return packaged.in_force(jurisdiction, day)
    return _rules(session, jurisdiction, row.version, row.sha256, row.valid_from)


def published(session: Session, jurisdiction: str) -> list[Version]:
    """Return the versions that decided, decide or will, newest first, packaged ones included."""
    return [each for each in versions(session, jurisdiction) if each.valid_from is not None]


def shadow(session: Session, jurisdiction: str, day: date) -> list[RuleSet]:
    """Return the versions that are computed beside the rules in force on a day."""
    rows = session.execute(
        sa.select(Table.version, Table.sha256, Table.shadow_from)
        .where(
            Table.code == jurisdiction,
            Table.status == RuleSetStatus.SHADOW,
            Table.shadow_from <= day,
        )
        .order_by(Table.version)
    )
    return [
        _rules(session, jurisdiction, row.version, row.sha256, row.shadow_from)
        for row in rows.all()
    ]


def load_version(
    session: Session, code: str, version: int, *, sha256: str | None = None
) -> RuleSet:
    """Return one version of the rules.

    Args:
        session: the caller's.
        code: the jurisdiction.
        version: its number.
        sha256: what a decision record names; a version of the same number with other content,
            such as one that came with another release, is then not taken for it.

    Raises:
        NotFound: there is no such version.
        RuleSetFault: a draft that can't be read yet.
    """
    row = session.execute(
        sa.select(Table.sha256, Table.valid_from).where(
            Table.code == code, Table.version == version
        )
    ).first()
    if row is not None and sha256 in (None, row.sha256):
        return _rules(session, code, version, row.sha256, row.valid_from)
    rules = packaged.load(code, version)
    if sha256 not in (None, rules.sha256):
        raise NotFound(f"no {code}/{version} has the hash {sha256}", field="rule_set")
    return rules


def versions(session: Session, code: str) -> list[Version]:
    """Return every version, newest first; those that come with the system are published ones."""
    rows = session.execute(
        sa.select(*(getattr(Table, name) for name in _LISTED)).where(Table.code == code)
    )
    kept = [Version(**row._mapping) for row in rows]
    taken = {each.version for each in kept}
    ours = [_packaged(code, each) for each in packaged.versions(code) if each not in taken]
    return sorted([*kept, *ours], key=lambda each: each.version, reverse=True)


def version(session: Session, code: str, number: int) -> Version:
    """Return one version without its content.

    Raises:
        NotFound: there is none.
    """
    for each in versions(session, code):
        if each.version == number:
            return each
    raise NotFound(f"there is no rule set {code}/{number}", field="version")


def deciding(found: Sequence[Version], day: date) -> Version | None:
    """Return which of the versions decides on a day, as ``in_force`` chooses."""
    able = [each for each in found if each.decides(day)]
    kept = [each for each in able if not each.is_packaged] or able
    return max(kept, key=lambda each: (each.valid_from, each.version), default=None)


def _packaged(code: str, number: int) -> Version:
    rules = packaged.load(code, number)
    return Version(
        id=None,
        code=code,
        version=number,
        status=RuleSetStatus.PUBLISHED,
        sha256=rules.sha256,
        valid_from=rules.valid_from,
    )


def _rules(
    session: Session, code: str, number: int, sha256: str, valid_from: date | None
) -> RuleSet:
    """Return the parsed rules, read from the database at first use only: a hash stands for all."""
    found = _parsed.get(sha256)
    if found is None:
        content = session.execute(
            sa.select(Table.content).where(Table.code == code, Table.version == number)
        ).scalar_one()
        found = parse_rule_set(content, source=f"{code}/{number}")
        if len(_parsed) >= _KEPT:
            _parsed.clear()
        _parsed[sha256] = found
    return found if valid_from is None else replace(found, valid_from=valid_from)
