"""Search over control files by several criteria (recherche multicritère), within the policy."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.errors import InvalidInput
from medcontrol.model import Assignment, ControlFile, ReceivedFile
from medcontrol.policy import Principal, visible
from medcontrol.queries.files import (
    ORDER,
    File,
    FileRow,
    FilesPage,
    load_page,
    rows_statement,
    to_row,
)
from medcontrol.rules.names import normalise_name
from medcontrol.vocabulary import ControlFileStatus, ControlLevel, Jurisdiction, Lane

LONGEST_TEXT = 200
EXPORT_LIMIT = 50_000
# Words shorter than this resemble too many others.
SHORTEST_RESEMBLING = 4
_DAYS = (date(1900, 1, 1), date(2999, 12, 31))
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

Received: Any = ReceivedFile
Given: Any = Assignment


class TooManyRows(InvalidInput):
    """More files than one export may hold; narrow the search."""

    code = "export.too_many_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilters:
    """What to look for: every criterion that is given must hold; of a tuple, one of its values.

    Attributes:
        registration_number: of the insured person, whole.
        name: words of a name, in any order; accents, case and Arabic spellings do not matter,
            parts of words are found, words of four letters and more also when nearly alike.
        national_id: whole.
        reference: of the control file or the sender's number; the beginning is enough. Also the
            whole number of the slip that its paper last travelled on.
        provider: provider or prescriber, whole.
        doctor: who holds the file.
        agency: agency or region code.
        received_from, received_to: civil days, both included; likewise opened, due and closed.
        jurisdiction: in whose zone a day begins.

    Raises:
        InvalidInput: a control character, a text over 200 characters, a day outside 1900–2999
            or a span whose end precedes its start; ``field`` names it.
    """

    registration_number: str = ""
    name: str = ""
    national_id: str = ""
    reference: str = ""
    provider: str = ""
    agency: str = ""
    doctor: UUID | None = None
    flow: tuple[str, ...] = ()
    nature: tuple[str, ...] = ()
    status: tuple[ControlFileStatus, ...] = ()
    level: tuple[ControlLevel, ...] = ()
    lane: tuple[Lane, ...] = ()
    urgent: bool = False
    received_from: date | None = None
    received_to: date | None = None
    opened_from: date | None = None
    opened_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None
    closed_from: date | None = None
    closed_to: date | None = None
    jurisdiction: Jurisdiction = Jurisdiction.MA

    def __post_init__(self) -> None:
        """Refuse what the database could not take, or what can't be meant."""
        for each in fields(self):
            _check(each.name, getattr(self, each.name))
        for name in ("received", "opened", "due", "closed"):
            start, end = getattr(self, f"{name}_from"), getattr(self, f"{name}_to")
            if start and end and end < start:
                raise InvalidInput("the end precedes the start", field=f"{name}_to")

    @property
    def is_empty(self) -> bool:
        """Whether nothing narrows the search."""
        return self == SearchFilters(jurisdiction=self.jurisdiction)


def _check(name: str, value: Any) -> None:
    texts = value if isinstance(value, tuple) else (value,)
    for text in texts:
        if isinstance(text, str) and (len(text) > LONGEST_TEXT or _CONTROL.search(text)):
            raise InvalidInput(
                f"at most {LONGEST_TEXT} characters, none of them a control character", field=name
            )
    if isinstance(value, date) and not _DAYS[0] <= value <= _DAYS[1]:
        raise InvalidInput("a day between 1900 and 2999", field=name)


def search(
    session: Session,
    principal: Principal,
    filters: SearchFilters,
    *,
    after: str = "",
    size: int = 50,
) -> FilesPage:
    """Return a page of the files found, the latest opened first; ``size`` is cut to 1–200.

    Raises:
        InvalidInput: the cursor was not made here (field ``after``).
    """
    return load_page(session, visible(principal), matching(filters), after=after, size=size)


def count(session: Session, principal: Principal, filters: SearchFilters) -> int:
    """Return how many files are found, exactly."""
    statement = (
        sa.select(sa.func.count())
        .select_from(ControlFile)
        .where(visible(principal), matching(filters))
    )
    return int(session.execute(statement).scalar_one())


def export(
    session: Session, principal: Principal, filters: SearchFilters, *, limit: int = EXPORT_LIMIT
) -> Iterator[FileRow]:
    """Yield every file found, in the order of the search.

    Raises:
        TooManyRows: more than ``limit``; raised before the first row.
    """
    statement = rows_statement(visible(principal), matching(filters))
    statement = statement.order_by(*ORDER.ascending()).limit(limit + 1)
    rows = session.execute(statement).all()
    if len(rows) > limit:
        raise TooManyRows(f"more than {limit} files")
    return (to_row(row) for row in rows)


def matching(filters: SearchFilters) -> sa.ColumnElement[bool]:
    """Return the predicate over ``control_file`` rows; the policy is not in it."""
    return sa.and_(sa.true(), *_of_texts(filters), *_of_codes(filters), *_of_days(filters))


def _of_texts(filters: SearchFilters) -> Iterator[sa.ColumnElement[bool]]:
    if number := filters.registration_number.strip():
        yield File.registration_number == number
    if national_id := filters.national_id.strip():
        yield sa.func.upper(File.national_id) == national_id.upper()
    if provider := filters.provider.strip():
        yield sa.or_(File.provider_id == provider, File.prescriber_id == provider)
    if agency := filters.agency.strip():
        yield sa.or_(File.agency_code == agency, File.region_code == agency)
    if reference := filters.reference.strip():
        yield _by_reference(reference)
    if filters.name.strip():
        yield _by_name(filters.name)


def _by_reference(reference: str) -> sa.ColumnElement[bool]:
    external = sa.select(Received.id).where(Received.external_id == reference)
    return sa.or_(
        File.reference.startswith(reference.upper(), autoescape=True),
        File.paper_slip == reference.upper(),
        File.received_file_id.in_(external),
    )


def _by_name(name: str) -> sa.ColumnElement[bool]:
    """Every word must be found; nothing is, when no letter or digit was given."""
    words = normalise_name(name).split()
    return sa.and_(*(_has_word(word) for word in words)) if words else sa.false()


def _has_word(word: str) -> sa.ColumnElement[bool]:
    inside: sa.ColumnElement[bool] = File.search_name.contains(word, autoescape=True)
    if len(word) < SHORTEST_RESEMBLING:
        return inside
    # pg_trgm: a word of the name resembles this one; both sides use the trigram index.
    return sa.or_(inside, sa.literal(word).op("<%", is_comparison=True)(File.search_name))


def _of_codes(filters: SearchFilters) -> Iterator[sa.ColumnElement[bool]]:
    for name in ("flow", "nature", "status", "level", "lane"):
        values = getattr(filters, name)
        if values:
            yield getattr(File, name).in_(values)
    if filters.doctor is not None:
        # The files' own column has no index: it changes with every decision, and all others with
        # it. Whoever has a file was given it.
        given = sa.select(Given.control_file_id).where(Given.doctor_id == filters.doctor)
        yield sa.and_(File.id.in_(given), File.assigned_doctor_id == filters.doctor)
    if filters.urgent:
        yield File.is_urgent


def _of_days(filters: SearchFilters) -> Iterator[sa.ColumnElement[bool]]:
    if filters.received_from:
        yield File.received_on >= filters.received_from
    if filters.received_to:
        yield File.received_on <= filters.received_to
    for name in ("opened", "due", "closed"):
        column = getattr(File, f"{name}_at")
        start, end = getattr(filters, f"{name}_from"), getattr(filters, f"{name}_to")
        if start:
            yield column >= _start_of(start, filters.jurisdiction)
        if end:
            yield column < _start_of(end + timedelta(days=1), filters.jurisdiction)


def _start_of(day: date, jurisdiction: Jurisdiction) -> datetime:
    """Return the instant at which a civil day begins where the fund sits."""
    return datetime.combine(day, time.min, ZONES[jurisdiction]).astimezone(UTC)
