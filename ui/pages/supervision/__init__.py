"""A supervisor's desk: loads and due dates, queues, reassignment, absences, reviews, levers."""

from fastapi import APIRouter

from ui.pages.supervision import (
    absences,
    alerts,
    balance,
    batches,
    board,
    board_export,
    fairness,
    levers,
    periodic,
    postponing,
    reassign,
    statements,
    tasks,
)

router = APIRouter()
for module in (
    board, board_export, alerts, tasks, reassign, batches, balance, absences, fairness, statements,
    levers, periodic, postponing,
):  # fmt: skip
    router.include_router(module.router)
