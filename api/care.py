"""Bills of long-term care under control: every formula with its values, the law and its date."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from api.auth import Caller, Permission
from api.deps import InContext, ReadDb
from api.errors import refusals
from medcontrol.queries import files
from workflows.care.bill_reading import read_bill

router = APIRouter(tags=["control files"])

Person = Annotated[Caller, Depends(Permission(None))]


@dataclass(frozen=True, slots=True)
class BillCheckOut:
    """A check of a bill, in whole minutes to pay and their difference to the check before."""

    checked_at: datetime
    cause: str
    payable: int
    difference: int


@dataclass(frozen=True, slots=True)
class BillOut:
    """The bill that a file controls; ``result`` has figures, formulas, reasons, law and signs."""

    checks: list[BillCheckOut]
    result: dict[str, Any]


@router.get(
    "/control-files/{control_file_id}/care-bill", response_model=BillOut, responses=refusals(404)
)
def get_bill(control_file_id: UUID, caller: Person, db: ReadDb, context: InContext) -> BillOut:
    """Return the bill that a file controls, for those with the right; every reading is logged."""
    files.find_file(db, caller.principal, control_file_id)
    found = read_bill(
        caller.principal, control_file_id, context.tools.keys, purpose="api", now=context.clock
    )
    checks = [
        BillCheckOut(each.checked_at, each.cause, each.payable, each.difference)
        for each in found.checks
    ]
    return BillOut(checks, found.result)
