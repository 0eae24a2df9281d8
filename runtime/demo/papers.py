"""Where the invented fund's paper lies: slips at every stage, one parcel with a file missing."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.model import UserAccount
from medcontrol.services import envelopes, paper, paper_reception
from medcontrol.services.paper_moves import Desk
from medcontrol.services.users import principal_for

# Slips between an agency and its region: how many days ago they left, and how far they came.
# "in" goes to the agency; the others leave it.
SLIPS = (
    (6, "out", "missing"), (9, "out", "dispatched"), (2, "in", "dispatched"),
    (1, "out", "dispatched"), (0, "out", "sealed"), (0, "out", "draft"),
)  # fmt: skip
_ON_EACH = 4
_CARRIER = "Navette interne"
_SHELVES = ("Armoire A, étagère 2", "Armoire A, étagère 3", "Bac du jour")

_PAPER = """
SELECT f.reference, f.id FROM control_file f
WHERE f.channel = 'paper' AND f.agency_code = :agency AND f.parent_id IS NULL
ORDER BY f.status = 'closed', f.opened_at DESC, f.reference LIMIT :many
"""
_AGENTS = """
SELECT unit_code, user_id FROM role_grant
WHERE role = 'agent' AND unit_code IN (:agency, :other) ORDER BY user_id
"""


class Papers:
    """The physical files of one agency, and another one that it exchanges parcels with."""

    def __init__(self, agency: str, other: str, now: datetime) -> None:
        """Look up who works at the two agencies."""
        self.agency, self.other, self.now = agency, other, now
        with read_only() as session:
            rows = session.execute(sa.text(_AGENTS), {"agency": agency, "other": other})
            self._agents: dict[str, UUID] = {row.unit_code: row.user_id for row in rows}

    def move(self) -> int:
        """Put files on shelves and parcels on their way; return how many slips there are."""
        kept = {unit: self._files(unit) for unit in (self.agency, self.other)}
        for place, reference in enumerate(kept[self.agency][: 3 * _ON_EACH]):
            shelf = _SHELVES[place % len(_SHELVES)]
            self._at(self.agency, 12, lambda session, desk, r=reference, s=shelf: paper.place(
                session, desk, self.agency, r, s
            ))  # fmt: skip
        made = 0
        for days, way, stage in SLIPS:
            here, there = (self.agency, self.other) if way == "out" else (self.other, self.agency)
            references = [kept[here].pop() for _ in range(min(_ON_EACH, len(kept[here])))]
            made += self._slip(here, there, references, days, stage)
        self._envelope(kept[self.agency])
        return made

    def _files(self, agency: str) -> list[str]:
        asked = {"agency": agency, "many": _ON_EACH * len(SLIPS) + 3}
        with read_only() as session:
            rows = session.execute(sa.text(_PAPER), asked).all()
        return [row.reference for row in rows]

    def _slip(
        self, here: str, there: str, references: list[str], days: int, stage: str
    ) -> bool:  # fmt: skip
        def fill(session: Session, desk: Desk) -> UUID:
            slip = paper.create(session, desk, here, there)
            for reference in references:
                paper.add(session, desk, slip.id, reference)
            if stage != "draft":
                paper.seal(session, desk, slip.id)
            if stage not in ("draft", "sealed"):
                paper.dispatch(session, desk, slip.id, _CARRIER)
            return slip.id

        slip_id = self._at(here, days, fill) if references else None
        if stage == "missing" and slip_id is not None:
            self._receive(there, slip_id, references, max(days - 2, 0))
        return slip_id is not None

    def _receive(self, there: str, slip_id: UUID, references: list[str], days: int) -> None:
        """Scan all but the last file, and close: that one is missing."""

        def scan(session: Session, desk: Desk) -> UUID:
            for reference in references[:-1]:
                paper_reception.scan(session, desk, slip_id, reference, "Bac du jour")
            paper_reception.finish(session, desk, slip_id)
            return slip_id

        self._at(there, days, scan)

    def _envelope(self, references: list[str]) -> None:
        def register(session: Session, desk: Desk) -> UUID:
            found = session.execute(
                sa.text("SELECT id FROM control_file WHERE reference = :r"), {"r": references[0]}
            ).scalar_one()
            return envelopes.register(session, desk.principal, found, now=desk.now)

        if references:
            self._at(self.agency, 0, register)

    def _at(self, unit: str, days: int, work: object) -> UUID | None:
        """Do something as an agent of a unit, so many days ago; None where it is refused."""
        assert callable(work)  # noqa: S101 - a closure of this module
        now = self.now - timedelta(days=days, minutes=5)
        try:
            with transaction() as session:
                user = session.get_one(UserAccount, self._agents[unit])
                desk = Desk(principal_for(session, user, civil_date(now, "ma")), now)
                found = work(session, desk)
        except DomainError:
            return None
        return found if isinstance(found, UUID) else None
