"""Back-tests in the background, the nightly replay, and experiments whose stop rule is met."""

import logging
from datetime import time
from uuid import UUID

from celery import shared_task

from medcontrol.clock import utc_now
from medcontrol.db import transaction
from medcontrol.services import schedule
from medcontrol.settings import settings
from runtime import wiring
from runtime.tasks.asked import carry_out
from runtime.tasks.periodic import alone
from selectivity.backtest import experiments
from selectivity.backtest.jobs import TOPIC, run_backtest
from selectivity.records.replay import replay_sample

log = logging.getLogger(__name__)

NIGHT = time(3, 0)


@shared_task(name=TOPIC)
def run(message_id: str) -> None:
    """Run the back-test of an outbox message; one that was killed starts again."""
    carry_out(message_id, lambda asked: run_backtest(UUID(asked["id"]), wiring.keys(), now=utc_now))


@shared_task(name="backtest.replay")
def replay() -> None:
    """Once a night, decide a thousand stored decisions again; differences raise the alarm."""
    name, place = "backtest.replay", settings().jurisdiction
    with transaction() as session:
        if not schedule.is_due_daily(session, name, at=NIGHT, now=utc_now(), jurisdiction=place):
            return

    def work() -> dict[str, int]:
        report = replay_sample(wiring.keys(), place, now=utc_now)
        return {"replayed": report.replayed, "differences": len(report.differences)}

    alone(name, work)


@shared_task(name="backtest.experiments")
def end_experiments() -> None:
    """End the experiment whose stop rule is met, and say what came of it."""
    place = settings().jurisdiction

    def work() -> dict[str, int]:
        with transaction() as session:
            return {"ended": len(experiments.end_due(session, place, now=utc_now()))}

    alone("backtest.experiments", work)
