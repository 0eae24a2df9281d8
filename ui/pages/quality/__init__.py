"""Second readings: a reader's queue and blind page, and what readings found (contrôle qualité)."""

from fastapi import APIRouter

from ui.pages.quality import readings, results

router = APIRouter()
for module in (results, readings):
    router.include_router(module.router)
