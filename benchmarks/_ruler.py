"""One ruler for every way of assigning: it knows doctors, tasks and who got what, nothing else."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from assignment.scoring import Weights
from benchmarks._instances import Instance
from medcontrol.vocabulary import ControlLevel


def measure(instance: Instance, chosen: Mapping[UUID, UUID]) -> dict[str, object]:
    """Return worst utilisation, late points, what waits, and what nearness and continuity cost.

    Args:
        instance: tasks and doctors.
        chosen: doctor by task.
    """
    doctors = {doctor.id: doctor for doctor in instance.doctors}
    load, due = Counter[UUID](), {doctor: [0] * len(instance.days) for doctor in doctors}
    cost, kept, known = 0.0, 0, 0
    for task in instance.tasks:
        known += task.previous_doctor is not None
        doctor_id = chosen.get(task.id)
        if doctor_id is None:
            continue
        load[doctor_id] += task.points
        last = sum(day <= task.due_on for day in instance.days) if task.due_on else len(due)
        due[doctor_id][min(max(last, 1), len(instance.days)) - 1] += task.points
        doctor = doctors[doctor_id]
        kept += task.previous_doctor == doctor_id
        cost += _place(task.level, task.agency, task.region, doctor.agency, doctor.region)
    worst = max((load[d] / sum(doctors[d].minutes) for d in load if load[d]), default=0.0)
    return {
        "worst_utilisation": round(worst, 4),
        "late_points": sum(_late(due[d], doctors[d].minutes) for d in doctors),
        "unassigned": len(instance.tasks) - len(chosen),
        "place_cost_per_file": round(cost / max(len(chosen), 1), 2),
        "continuity": round(kept / max(known, 1), 3),
    }


def _place(
    level: ControlLevel, agency: str, region: str, at: str | None, within: str | None
) -> float:
    weights = Weights()
    if level is ControlLevel.CENTRAL or agency == at:
        return 0.0
    if region == within:
        return weights.same_region if level is ControlLevel.LOCAL else 0.0
    return weights.other_region


def _late(due: list[int], minutes: tuple[int, ...]) -> int:
    """Return the points that can't be done by their day, working in the order of days."""
    worst = wanted = worked = 0
    for points, available in zip(due, minutes, strict=True):
        wanted, worked = wanted + points, worked + available
        worst = max(worst, wanted - worked)
    return worst
