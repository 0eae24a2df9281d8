"""A supervisor's desk: loads and due dates, queues, reassignment, absences, fairness, levers."""

from fastapi import APIRouter

from ui.pages.supervision import (
    absences,
    batches,
    board,
    fairness,
    levers,
    reassign,
    statements,
    tasks,
)

router = APIRouter()
for module in (board, tasks, reassign, batches, absences, fairness, statements, levers):
    router.include_router(module.router)
