"""A supervisor's desk: loads and due dates, doctors' queues, reassignment."""

from fastapi import APIRouter

from ui.pages.supervision import absences, batches, board, levers, reassign, tasks

router = APIRouter()
for module in (board, tasks, reassign, batches, absences, levers):
    router.include_router(module.router)
