"""Flows as administrators see them: the catalogue of packs, drafts, moves between versions."""

from fastapi import APIRouter

from ui.pages.packs import catalogue, draft, moves

router = APIRouter()
for module in (moves, draft, catalogue):
    router.include_router(module.router)
