"""The forms of flows that a doctor or an agent fills in on a file's page."""

from collections.abc import Collection
from datetime import timedelta

from medcontrol import db as database
from medcontrol.policy import Principal
from tests.e2e.gallery.samples import SAMPLES, Sample, message
from tests.e2e.gallery.stage import Stage
from tests.factories import NOW

FORM = "#step-form > summary"


def reach(stage: Stage, sample: Sample) -> tuple[str, Principal]:
    """Take a sample in and walk to its form; return the address of its page, and whose it is."""
    taken = stage.world.take(**message(sample))
    with database.transaction() as session:
        here = stage.people(session)
        file = here.file(taken)
        for outcome in sample.walk:
            # All samples are about one person, who is seen once a week.
            weeks = timedelta(weeks=3 + SAMPLES.index(sample))
            booking = {"appointment_at": NOW + weeks, "place": "Cabinet"}
            here.end(file, outcome, **(booking if outcome == "booked" else {}))
        task = here.task(file)
        if task.is_medical and task.assigned_doctor_id is None:
            raise RuntimeError(
                f"{sample.name}: {task.step} is given to nobody: {task.unassigned_reason}"
            )
        return f"/files/{file.reference}", here.who(task)


def shoot_forms(stage: Stage, wanted: Collection[str]) -> None:
    """Take the pictures of the forms of the flows that are wanted, of all when none is."""
    for sample in SAMPLES:
        if not wanted or sample.flow in wanted:
            address, who = reach(stage, sample)
            stage.shoot(f"form-{sample.name}", address, who, FORM)
