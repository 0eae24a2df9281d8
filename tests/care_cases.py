"""The cases that stand beside the rules of long-term care."""

from pathlib import Path
from typing import Any

import medcontrol.rules.long_term_care as rules
from medcontrol.strict_yaml import load_yaml

FOLDER = Path(rules.__file__).parent / "cases"
CASES: list[dict[str, Any]] = [
    case for file in sorted(FOLDER.glob("*.yaml")) for case in load_yaml(file)
]
