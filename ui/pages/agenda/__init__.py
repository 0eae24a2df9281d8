"""Agendas: the unit's week and list of the day, one appointment, a doctor's own, rooms."""

from fastapi import APIRouter

from ui.pages.agenda import appointment, day, feed, own, rooms, week

router = APIRouter()
for module in (week, day, appointment, own, feed, rooms):
    router.include_router(module.router)
