"""What a demonstration says while it works, on stderr: a bar on a terminal, else lines."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


class Progress:
    """One bar for each stage, in the order in which they start."""

    def __init__(self) -> None:
        """Look whether somebody watches."""
        console = Console(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description:<34}"), BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), console=console,
        ) if console.is_terminal else None  # fmt: skip
        self._current: TaskID | None = None
        self._name, self._begun, self._total = "", 0.0, 1.0

    def __enter__(self) -> Self:
        """Show the bars."""
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Finish the stage that runs, unless it failed."""
        if kind is None:
            self._finish()
        if self._bars is not None:
            self._bars.stop()

    def start(self, name: str, *, total: float = 1.0) -> None:
        """Begin a stage; the one before is done."""
        self._finish()
        self._name, self._begun, self._total = name, time.monotonic(), total
        if self._bars is not None:
            self._current = self._bars.add_task(name, total=total)

    def share(self, share: float) -> None:
        """Say how much of the stage is done, from 0 to 1."""
        self.at(share * self._total)

    def at(self, done: float) -> None:
        """Say how much of the stage's total is done."""
        if self._bars is not None and self._current is not None:
            self._bars.update(self._current, completed=done)

    def _finish(self) -> None:
        if not self._name:
            return
        self.at(self._total)
        if self._bars is None:
            sys.stderr.write(
                f"medcontrol demo: {self._name}: {time.monotonic() - self._begun:.1f} s\n"
            )
        self._name = ""
