"""Long-term care: bills beyond the plan come back for a later control."""

from celery import shared_task

from medcontrol.clock import utc_now
from runtime import wiring
from runtime.tasks.periodic import alone
from workflows.care.controls import open_controls


@shared_task(name="care.controls")
def control_bills() -> None:
    """Open the later controls of bills that were checked since the last time."""
    alone("care.controls.run", lambda: open_controls(wiring.tools(), now=utc_now).as_json())
