"""``medcontrol selectivity``: one module per subject, each joining the group."""

import pkgutil
from importlib import import_module

from runtime.commands.selectivity.group import selectivity

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["selectivity"]
