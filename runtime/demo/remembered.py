"""What history says of the invented files, as the gate would have found it (mémoire du passé)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from medcontrol.clock import civil_date
from medcontrol.crypto import KeyRing
from medcontrol.ports import FileFacts
from runtime.demo.generator.outcomes import Outcome
from runtime.demo.past_outcomes import coded
from selectivity.history import buckets, people
from selectivity.history.counting import columns_of, newcomers_of
from selectivity.history.entries import Entries, entries_of
from selectivity.history.reading import as_lists, hasher_of
from selectivity.history.subjects import sums_of
from selectivity.history.writing import Closed, closed_rows


@dataclass(frozen=True, slots=True)
class Recalled:
    """What history says of some files: what counters keep of them, and a column per feature."""

    entries: Entries
    columns: dict[str, list[int | None]]

    def of(self, places: slice) -> dict[str, list[int | None]]:
        """Return the columns of some of the files."""
        return {name: column[places] for name, column in self.columns.items()}


class Remembered:
    """The counters of one past, kept in memory: the database holds none of it yet."""

    def __init__(self, keys: KeyRing) -> None:
        self._hasher = hasher_of(keys)
        self._events = np.zeros(0, dtype=people.EVENT)
        self._buckets = np.zeros(0, dtype=buckets.BUCKET)

    def recall(self, facts: Sequence[FileFacts]) -> Recalled:
        """Return the history features of files, each as of its own day; count them from then on.

        Args:
            facts: files of some days, later than those of any call before.
        """
        entries = entries_of(facts, None, self._hasher)
        theirs = np.isin(self._events["beneficiary"], entries["beneficiary"])
        found = people.counted(self._events[theirs], entries)
        made = buckets.buckets_of(entries, newcomers_of(entries, found), batch=0)
        self._keep(people.events_of(entries), made)
        columns = columns_of(entries, sums_of(self._buckets, entries), found)
        return Recalled(entries, as_lists(columns))

    def learn(self, recalled: Recalled, ended: Iterable[tuple[int, FileFacts, Outcome]]) -> None:
        """Count controls on the days on which they closed; files recalled later see them.

        Args:
            recalled: of the files among which were controlled ones.
            ended: the place of each controlled one there, the file, and how its control ended.
        """
        closed, places = Closed([], [], [], []), []
        for place, file, outcome in ended:
            result, _ = coded(outcome.outcome, outcome.lines, file.message)
            day = civil_date(outcome.decided_at, file.message["jurisdiction"])
            closed.add(day, 0, controls=1, hits=int(result.is_hit))
            places.append(place)
        self._keep(*closed_rows(recalled.entries[places], closed, batch=0))

    def _keep(self, events: people.Events, made: buckets.Buckets) -> None:
        self._events = np.concatenate([self._events, events])
        self._buckets = np.concatenate([self._buckets, made])
