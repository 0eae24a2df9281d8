"""Quarantine, doctors, accounts, announced days, incidents, access log."""

from fastapi import APIRouter

from ui.pages.administration import (
    access_log,
    doctor_lines,
    doctors,
    holidays,
    incidents,
    outbox,
    quarantine,
    user_sheet,
    users,
)

router = APIRouter()
for module in (
    quarantine, doctors, doctor_lines, users, user_sheet, holidays, incidents, outbox,
    access_log,
):  # fmt: skip
    router.include_router(module.router)
