"""Long-term care (Luxembourg): overruns and bills, worked out line by line."""

from fastapi import APIRouter

from ui.pages.long_term_care import bill, calculation, regression, times

router = APIRouter()
router.include_router(calculation.router)
router.include_router(bill.router)
router.include_router(times.router)
router.include_router(regression.router)
