"""Long-term care: bills beyond the plan and entries into an establishment open files."""

from typing import Any

from celery import shared_task

from medcontrol.clock import utc_now
from runtime import wiring
from runtime.tasks.periodic import alone
from workflows.care.controls import open_controls
from workflows.care.entries import open_entries


@shared_task(name="care.controls")
def control_bills() -> None:
    """Open the later controls of bills checked since the last time, and what entries ask for."""
    alone("care.controls.run", _open)


def _open() -> dict[str, Any]:
    controls = open_controls(wiring.tools(), now=utc_now)
    entries = open_entries(wiring.tools(), now=utc_now)
    return {"controls": controls.as_json(), "entries": entries.as_json()}
