"""Tests of everything; this runs before whatever they import."""

import os
import sys
import tempfile
from pathlib import Path

TEST_HOME = Path(tempfile.gettempdir()) / f"medcontrol-tests-{os.getuid()}"

# Containers often forbid bytecode beside the source. Every one of some hundred processes that the
# tests start (workers of xdist too) would compile all it imports: theirs is kept by itself.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(TEST_HOME / "bytecode")
    sys.dont_write_bytecode = False
