"""The journal is signed every night, so that what happened can't be written otherwise later."""

import logging

from celery import shared_task

from medcontrol.clock import utc_now
from medcontrol.db import transaction
from medcontrol.services import schedule
from medcontrol.services.digests import JOB, hash_of, sign_days
from medcontrol.settings import settings
from runtime import wiring
from runtime.tasks.periodic import NIGHT, Result, alone

log = logging.getLogger(__name__)


@shared_task(name=JOB)
def sign_journal() -> None:
    """Once a night, sign the days of the journal and of the access log that are over."""
    now, place = utc_now(), settings().jurisdiction
    with transaction() as session:
        if not schedule.is_due_daily(session, JOB, at=NIGHT, now=now, jurisdiction=place):
            return
    alone(JOB, lambda: sign_now(place))


def sign_now(jurisdiction: str) -> Result:
    """Sign what is not signed yet and log each day by its hash; the caller holds the turn."""
    with transaction() as session:
        signed = sign_days(session, wiring.keys(), jurisdiction, now=utc_now())
        last = schedule.last_result(session, JOB).get("last")
    for each in signed:
        facts = {"day": each.day.isoformat(), "number": each.number, "hash": hash_of(each).hex()}
        log.info("journal.signed", extra=facts)
    return {"signed": len(signed), "last": signed[-1].number if signed else last}
