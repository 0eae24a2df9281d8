"""Long-term care (Luxembourg): the calculation of overruns, shown as it is done."""

from fastapi import APIRouter

from ui.pages.long_term_care import calculation

router = APIRouter()
router.include_router(calculation.router)
