"""Badges of tasks (signaux): short codes that a list shows, and that wake who waits."""

from medcontrol.model import HumanTask

DOCUMENT = "new_document"
WOKEN = "woken"
WOKEN_BY_DOCUMENT = "woken_by_document"
LATE = "late"
MESSAGE = "message"
RETURNED = "returned"  # by quality control
OF_A_HOLD = frozenset({WOKEN, WOKEN_BY_DOCUMENT, DOCUMENT})  # old news once it is put aside again


def add(task: HumanTask, signal: str) -> None:
    """Show a badge, once."""
    if signal not in task.signals:
        task.signals = [*task.signals, signal]


def wake(task: HumanTask, signal: str) -> None:
    """End a hold, and show why."""
    task.held_until = task.hold_reason = None
    task.signals = [*(s for s in task.signals if s != signal), signal]
