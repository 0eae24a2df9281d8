"""A control doctor's day: login, queue, file, decision, documents, own settings."""

from fastapi import APIRouter

from ui.pages.doctor import (
    account,
    acting,
    deciding,
    documents,
    evidence,
    file,
    letters,
    login,
    queue,
    selection,
    why_doctor,
)

router = APIRouter()
for module in (
    login, queue, selection, account, documents, deciding, acting, letters, why_doctor, evidence,
    file,
):  # fmt: skip
    router.include_router(module.router)
