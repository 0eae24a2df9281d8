"""Files as columns (colonnes): one array per property, lines of all files end to end."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from runtime.demo.generator.draws import Ints, Keys


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of many files end to end: act index, quantity, unit price in cents, day, tooth.

    ``tooth`` is 0 where the act has none.
    """

    act: Ints
    quantity: Ints
    price: Ints
    day: Ints
    tooth: Ints

    def __len__(self) -> int:
        return len(self.act)


@dataclass(frozen=True, slots=True)
class Files:
    """Files to write, one row each; days since 1970-01-01.

    ``key`` is the story's (shared by the files of one stay), ``own`` the file's. ``first`` and
    ``count`` say which lines are its own. ``authorisation`` is a number or -1.
    """

    service: Ints
    key: Keys
    own: Keys
    member: Ints
    prescriber: Ints
    provider: Ints
    start: Ints
    end: Ints
    icd: Ints
    authorisation: Ints
    first: Ints
    count: Ints
    lines: Lines

    def __len__(self) -> int:
        return len(self.service)

    def take(self, rows: Ints) -> "Files":
        """Return some rows, in this order; a row may come twice."""
        columns = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if field.name != "lines"
        }
        return replace(self, **columns)

    def cents(self) -> Ints:
        """Return the amount of each file in cents, 0 for those without lines."""
        running = np.concatenate(([0], np.cumsum(self.lines.quantity * self.lines.price)))
        total: Ints = running[self.first + self.count] - running[self.first]
        return total


def concatenate(parts: Sequence[Files]) -> Files:
    """Return all files in one; each keeps its lines."""
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Files)
        if field.name not in ("lines", "first")
    }
    sizes = [len(part.lines) for part in parts]
    starts = np.cumsum([0, *sizes[:-1]])
    first = np.concatenate([part.first + at for part, at in zip(parts, starts, strict=True)])
    lines = Lines(
        *(
            np.concatenate([getattr(part.lines, field.name) for part in parts])
            for field in fields(Lines)
        )
    )
    return Files(first=first, lines=lines, **columns)
