"""Columns of lists of tasks that a reader may choose (colonnes)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import ControlFile, HumanTask, Unit
from medcontrol.policy import Action, Principal, visible
from medcontrol.vocabulary import Role

Task: Any = HumanTask
Files: Any = ControlFile
Units: Any = Unit


class ListColumn(StrEnum):
    """What a line may show beside the number of its file, in the order of the table.

    Scores, draws and what is medical are in no list, whoever reads it.
    """

    DUE = "due"
    PERSON = "person"
    TYPE = "type"
    LANE = "lane"
    MODE = "mode"
    STEP = "step"
    STATUS = "status"
    UNIT = "unit"
    RECEIVED = "received"
    AMOUNT = "amount"
    PROVIDER = "provider"
    PAPER = "paper"
    POINTS = "points"  # expected minutes of work
    HANDS = "hands"  # whose hands it is in
    SIGNALS = "signals"


_USUAL = (
    ListColumn.DUE, ListColumn.PERSON, ListColumn.TYPE, ListColumn.LANE, ListColumn.STEP,
    ListColumn.RECEIVED,
)  # fmt: skip
QUEUE_COLUMNS = (*_USUAL, ListColumn.SIGNALS)
OPEN_FILES_COLUMNS = (*_USUAL, ListColumn.HANDS)
# Who has how much in hand is a matter of those who share work out.
_OF_CHIEFS = frozenset({ListColumn.POINTS, ListColumn.HANDS})
_EXTRA = frozenset(
    {ListColumn.UNIT, ListColumn.AMOUNT, ListColumn.PROVIDER, ListColumn.PAPER, ListColumn.POINTS}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowExtras:
    """What most lists do not show of a task's file."""

    unit_name: str
    amount_cents: int | None
    provider_id: str | None
    paper_location: str | None
    points: int


def columns_for(principal: Principal) -> tuple[ListColumn, ...]:
    """Return the columns that somebody may choose."""
    is_chief = principal.has(Role.SUPERVISOR, Role.COORDINATOR)
    return tuple(each for each in ListColumn if is_chief or each not in _OF_CHIEFS)


def shown_columns(
    chosen: Collection[ListColumn], usual: Sequence[ListColumn], principal: Principal
) -> tuple[ListColumn, ...]:
    """Return the columns of a table: those chosen that are allowed, the usual ones when none is.

    A shared view may hold a column that its maker may see and its reader may not.
    """
    found = tuple(each for each in columns_for(principal) if each in chosen)
    return found or tuple(usual)


def load_extras(
    session: Session,
    principal: Principal,
    task_ids: Collection[UUID],
    columns: Collection[ListColumn],
) -> dict[UUID, RowExtras]:
    """Return what chosen columns need beyond a queue's row: one statement for a page, or none."""
    if not task_ids or _EXTRA.isdisjoint(columns):
        return {}
    rows = session.execute(
        sa.select(
            Task.id, Task.points, Units.name, Files.amount_cents, Files.provider_id,
            Files.paper_location,
        )
        .join(ControlFile, Files.id == Task.control_file_id)
        .join(Unit, Units.code == Task.agency_code)
        .where(Task.id.in_(task_ids), visible(principal, HumanTask, Action.SEE))
    )  # fmt: skip
    is_chief = ListColumn.POINTS in columns_for(principal)
    return {
        row.id: RowExtras(
            unit_name=row.name,
            amount_cents=row.amount_cents,
            provider_id=row.provider_id,
            paper_location=row.paper_location,
            points=row.points if is_chief else 0,
        )
        for row in rows
    }
