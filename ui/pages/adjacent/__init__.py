"""Beside the flows: the appeals secretary's desk, experts, opinions asked outside."""

import pkgutil
from importlib import import_module

from fastapi import APIRouter

router = APIRouter()
for _module in pkgutil.iter_modules(__path__):
    _found = import_module(f"{__name__}.{_module.name}")
    if hasattr(_found, "router"):
        router.include_router(_found.router)
