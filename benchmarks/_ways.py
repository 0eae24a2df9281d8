"""Other ways of assigning, to compare with: file by file, by linear programme, in turn."""

from collections import Counter
from itertools import count
from uuid import UUID

import numpy as np
from scipy import sparse

from assignment.batch import plan
from assignment.doctors import DoctorTable
from assignment.eligibility import Eligibility, Group
from assignment.facts import TaskFacts
from assignment.scoring import Weights
from benchmarks._instances import Instance

Chosen = dict[UUID, UUID]
Kinds = dict[tuple[object, ...], list[TaskFacts]]
Groups = dict[tuple[object, ...], tuple[Group, frozenset[int]]]
Amounts = dict[int, list[tuple[float, int]]]  # by kind: points and doctor


def greedy(instance: Instance) -> Chosen:
    """File by file in order of urgency, each to the cheapest doctor with room (our small runs)."""
    found = plan(instance.tasks, instance.doctors, Weights(), days=instance.days)
    return {each.task.id: each.doctor_id for each in found.assignments}


def round_robin(instance: Instance) -> Chosen:
    """In turn among those who may (KADAI's default), passing over who is full."""
    eligibility = _eligibility(instance)
    free = (eligibility.table.capacity - eligibility.table.open_points).tolist()
    turns: dict[Group, count[int]] = {}
    chosen: Chosen = {}
    for task in sorted(instance.tasks, key=lambda task: task.urgency):
        group, barred = eligibility.group(task), eligibility.barred(task)
        doctors = [at for at in group.doctors.tolist() if at not in barred]
        turn = turns.setdefault(group, count())
        for _ in doctors:
            doctor = doctors[next(turn) % len(doctors)]
            if free[doctor] >= task.points:
                free[doctor] -= task.points
                chosen[task.id] = eligibility.table.rows[doctor].id
                break
    return chosen


def highs(instance: Instance) -> Chosen:
    """HiGHS on kinds of files × doctors, least worst load first; rounded as it comes.

    Deadlines are not in it, as in the tools that one would compare with.
    """
    eligibility = _eligibility(instance)
    kinds: Kinds = {}
    groups: Groups = {}
    for task in sorted(instance.tasks, key=lambda task: task.urgency):
        group, barred = eligibility.group(task), frozenset(eligibility.barred(task))
        key = (group, barred)
        kinds.setdefault(key, []).append(task)
        groups[key] = group, barred
    amounts = _solve(eligibility, kinds, groups)  # type: ignore[no-untyped-call]
    return _round(eligibility, kinds, amounts)


def _solve(eligibility, kinds, groups):  # type: ignore[no-untyped-def]
    """Return by kind the doctors and the points that each gets of it."""
    from scipy.optimize import linprog

    capacity = eligibility.table.capacity
    rows, columns, values, costs, supplies = [], [], [], [], []
    doctor_of, kind_of = [], []
    for number, (key, tasks) in enumerate(kinds.items()):
        group, barred = groups[key]
        supplies.append(sum(task.points for task in tasks))
        for at, doctor in enumerate(group.doctors.tolist()):
            if doctor not in barred and capacity[doctor]:
                kind_of.append(number)
                doctor_of.append(doctor)
                costs.append(group.base.item(at))
    n = len(costs)
    most = n  # the last variable: the worst utilisation
    for doctor in range(len(capacity)):
        rows.append(doctor)
        columns.append(most)
        values.append(-float(capacity[doctor]))
    load = sparse.coo_matrix(
        (np.concatenate([np.ones(n), values]),
         (np.concatenate([doctor_of, rows]), np.concatenate([np.arange(n), columns]))),
        shape=(len(capacity), n + 1),
    ).tocsr()  # fmt: skip
    given = sparse.coo_matrix((np.ones(n), (kind_of, np.arange(n))), shape=(len(supplies), n + 1))
    has_doctor = np.bincount(kind_of, minlength=len(supplies)) > 0
    found = linprog(
        np.append(costs, 1000.0 * sum(supplies) / len(capacity)),
        A_ub=load, b_ub=np.zeros(len(capacity)),
        A_eq=given.tocsr()[has_doctor], b_eq=np.array(supplies, dtype=float)[has_doctor],
        bounds=(0, None), method="highs",
    )  # fmt: skip
    if found.x is None:
        raise RuntimeError(found.message)
    amounts: Amounts = {}
    for variable in np.flatnonzero(found.x[:n] > 1e-6).tolist():
        pair = float(found.x[variable]), doctor_of[variable]
        amounts.setdefault(kind_of[variable], []).append(pair)
    return amounts


def _round(eligibility, kinds, amounts) -> Chosen:  # type: ignore[no-untyped-def]
    """Give whole files where most of the amount is left; what is full passes its file on."""
    free = Counter(dict(enumerate(eligibility.table.capacity.tolist())))
    chosen: Chosen = {}
    for number, tasks in enumerate(kinds.values()):
        shares = [[points, doctor] for points, doctor in amounts.get(number, ())]
        for task in sorted(tasks, key=lambda task: -task.points):
            able = [share for share in shares if free[int(share[1])] >= task.points]
            if not able:
                continue
            best = max(able, key=lambda share: share[0])
            best[0] -= task.points
            free[int(best[1])] -= task.points
            chosen[task.id] = eligibility.table.rows[int(best[1])].id
    return chosen


def _eligibility(instance: Instance) -> Eligibility:
    return Eligibility(DoctorTable(instance.doctors, instance.days), Weights())
