"""The reception desk: paper files registered, completeness, appointments, pieces that arrive."""

from fastapi import APIRouter

from ui.pages.reception import day, files, printing, register, scanning, slips

router = APIRouter()
for module in (day, register, slips, scanning, printing, files):
    router.include_router(module.router)
