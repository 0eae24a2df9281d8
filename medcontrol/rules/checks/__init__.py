"""Computed checks of files (contrôles calculés), by subject. Pure: a case in, a finding out."""

import importlib
import pkgutil

from medcontrol.rules.checks.case import CHECKS, Check, Verdict

__all__ = ["CHECKS", "Check", "Verdict"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
