import doctest
import importlib

import pytest


@pytest.mark.parametrize("module", ["calendar", "clocks", "references", "names", "reviews"])
def test_the_examples_in_the_rules_are_true(module):
    failed, _ = doctest.testmod(importlib.import_module(f"medcontrol.rules.{module}"))

    assert failed == 0
