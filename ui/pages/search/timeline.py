"""An insured person's files along the years (frise des dossiers de l'assuré)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlmodel import Session

from medcontrol.policy import Principal
from medcontrol.queries.files import FileRow
from medcontrol.queries.search import SearchFilters, search

MOST = 40  # files on the line; the list below holds all


@dataclass(frozen=True, slots=True)
class Timeline:
    """Files under one registration number that the reader may see, in the order they came.

    ``is_cut``: there are older ones.
    """

    registration_number: str
    years: Sequence[tuple[int, Sequence[FileRow]]]
    is_cut: bool


def one_person(asked: str, rows: Sequence[FileRow], total: int) -> str:
    """Return the one registration number that a search is about; empty when there is none.

    Args:
        asked: the registration number that was looked for, or empty.
        rows: the first page of what was found.
        total: how many were found in all; all must be on that page to know that they are of one.
    """
    found = {row.registration_number for row in rows}
    return found.pop() if len(found) == 1 and (asked or total == len(rows)) else ""


def load_timeline(session: Session, principal: Principal, number: str) -> Timeline | None:
    """Return a person's files, whatever else was looked for; None when there is only one.

    What the policy hides is neither shown nor counted.
    """
    wanted = SearchFilters(registration_number=number)
    found = search(session, principal, wanted, size=MOST)
    if len(found.rows) < 2:
        return None
    came = sorted(found.rows, key=lambda row: (row.received_on, row.reference))
    years = [(year, tuple(rows)) for year, rows in groupby(came, key=lambda r: r.received_on.year)]
    return Timeline(number, years, is_cut=found.next is not None)
