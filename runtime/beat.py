"""What the scheduler calls, and how often.

Jobs look at what is due, so a call that is missed is caught up by the next one, and one that
waits too long in a queue is dropped (``expires``) instead of piling up.
"""

from dataclasses import dataclass
from typing import Any

MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Job:
    """A periodic task and the seconds between two calls."""

    task: str
    every: float
    is_called_at_start: bool = False

    def entry(self) -> dict[str, Any]:
        """Return the entry in Celery's schedule."""
        options = {"expires": max(self.every, 10.0)}
        return {"task": self.task, "schedule": self.every, "options": options}


JOBS = (
    Job("relay.run", 2.0),
    Job("deadlines.sweep", 30.0),
    Job("deadlines.warn", 2 * MINUTE),
    Job("holds.wake", MINUTE),
    Job("appointments.remind", HOUR, is_called_at_start=True),
    Job("pool.assign", 2 * MINUTE),
    Job("files.watch", 10 * MINUTE, is_called_at_start=True),
    # Hourly; also at start, so that days slept through are caught up at once.
    Job("reviews.open", HOUR, is_called_at_start=True),
    # Runs once a night: the others see that it ran.
    Job("invariants.check", HOUR / 4, is_called_at_start=True),
    Job("history.check", HOUR / 4, is_called_at_start=True),
    Job("backtest.replay", HOUR / 4, is_called_at_start=True),
    Job("backtest.experiments", HOUR),
    Job("selectivity.rank", HOUR / 4, is_called_at_start=True),
    Job("selectivity.measure", HOUR / 4, is_called_at_start=True),
    # Draws once a week; the others see that it did, and open what a dead run left.
    Job("blue.draw", HOUR, is_called_at_start=True),
    Job("probes.move", HOUR / 4),
    Job("paper.watch", HOUR, is_called_at_start=True),
    Job("care.controls", HOUR, is_called_at_start=True),
    Job("opinions.remind", HOUR, is_called_at_start=True),
    # Letters may wait for a reading that opens here.
    Job("quality.move", MINUTE, is_called_at_start=True),
    Job("quality.draw", HOUR / 4, is_called_at_start=True),
    Job("journal.sign", HOUR / 4, is_called_at_start=True),
    Job("steering.count", HOUR / 4, is_called_at_start=True),
)

SCHEDULE = {job.task: job.entry() for job in JOBS}
