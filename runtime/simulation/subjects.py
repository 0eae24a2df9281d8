"""What begins by itself or by people outside in a simulation: appeals, second readings, care."""

import logging
from collections.abc import Iterator
from datetime import date, datetime

from workflows.tools import Tools

log = logging.getLogger(__name__)


class Subjects:
    """Whoever appeals, is drawn for a second reading, or receives care in Luxembourg."""

    def __init__(self, tools: Tools, seed: int) -> None:
        """Keep the tools and the seed."""
        self._tools, self._seed = tools, seed

    def night(self, day: date, now: datetime) -> None:
        """Do what the scheduler does at night beside reviews."""

    def appear(self, now: datetime) -> None:
        """Let people appeal against what was decided."""

    def messages(self, day: date) -> Iterator[bytes]:
        """Yield messages of flows that the invented fund does not have."""
        return iter(())
