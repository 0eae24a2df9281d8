"""The reception desk: paper files registered, completeness, appointments, pieces that arrive."""

from fastapi import APIRouter

from ui.pages.reception import day, files, register

router = APIRouter()
for module in (day, register, files):
    router.include_router(module.router)
