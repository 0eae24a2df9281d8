"""The bill that a file controls, with every check of it: read for a person, after logging it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from medcontrol.clock import Clock
from medcontrol.crypto import KeyRing
from medcontrol.db import read_only
from medcontrol.errors import NotFound
from medcontrol.model import CareBillCheck, ControlFile
from medcontrol.policy import Principal
from medcontrol.services.care_bills import result_of
from medcontrol.services.medical import log_reading
from workflows.care.controls import bill_of


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check of a bill: why it was made, what it pays, and what that changes; whole minutes."""

    checked_at: datetime
    cause: str
    payable: int
    difference: int


@dataclass(frozen=True, slots=True)
class BillRead:
    """A bill as its control reads it.

    Attributes:
        checks: from the first to the one that counts.
        result: of the one that counts: figures, formulas, law.
    """

    checks: tuple[CheckRow, ...]
    result: dict[str, Any]


def read_bill(
    principal: Principal, control_file_id: UUID, keys: KeyRing, *, purpose: str, now: Clock
) -> BillRead:
    """Return the bill of a file. Minutes of care are medical: the reading is logged first.

    Raises:
        Forbidden: the policy does not let this person read the file's medical content.
        NotFound: the file controls no bill.
    """
    log_reading(principal, control_file_id, "care_bill", purpose, now=now)
    with read_only() as session:
        file = session.get_one(ControlFile, control_file_id)
        bill_id = bill_of(session, file.received_file_id)
        if bill_id is None:
            raise NotFound("this file controls no bill of long-term care")
        rows: Sequence[CareBillCheck] = session.exec(
            select(CareBillCheck)
            .where(CareBillCheck.bill_id == bill_id)
            .order_by(col(CareBillCheck.checked_at), col(CareBillCheck.id))
        ).all()
        checks = tuple(
            CheckRow(row.checked_at, row.cause, row.payable_minutes, row.difference_minutes)
            for row in rows
        )
        return BillRead(checks, result_of(session, keys, rows[-1].id))
