"""Feature snapshots of many files, kept as JSON text until somebody looks (instantanés)."""

from collections.abc import Sequence
from typing import Any, overload

import orjson

Snapshot = dict[str, Any]


class Snapshots(Sequence[Snapshot]):
    """A list of snapshots that takes a third of the memory of one with dictionaries.

    Each look reads the text again (some 3 µs): walk through it once, or take ``values``.
    """

    __slots__ = ("_texts",)

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def __len__(self) -> int:
        """Return how many snapshots there are."""
        return len(self._texts)

    @overload
    def __getitem__(self, place: int) -> Snapshot: ...

    @overload
    def __getitem__(self, place: slice) -> "Snapshots": ...

    def __getitem__(self, place: int | slice) -> "Snapshot | Snapshots":
        """Return one snapshot, or some of them without reading their text."""
        if isinstance(place, slice):
            return Snapshots(self._texts[place])
        found: Snapshot = orjson.loads(self._texts[place])
        return found

    def take(self, places: Sequence[int]) -> "Snapshots":
        """Return the snapshots at these places, in that order."""
        return Snapshots([self._texts[place] for place in places])

    def values(self, *names: str) -> dict[str, list[Any]]:
        """Return features as columns, ``None`` where they are missing, reading each text once."""
        found: dict[str, list[Any]] = {name: [] for name in names}
        columns = [(name, column.append) for name, column in found.items()]
        for text in self._texts:
            snapshot = orjson.loads(text)
            for name, append in columns:
                append(snapshot.get(name))
        return found


def joined(*texts: str) -> str:
    """Return JSON objects as one, without reading them; their names must differ.

    >>> joined('{"a":1}', "{}", '{"b":2}')
    '{"a":1,"b":2}'
    """
    inner = [text[1:-1] for text in texts if len(text) > 2]
    return "{" + ",".join(inner) + "}"


def word_of(text: str, name: str) -> str | None:
    """Return the word under a name of a compact JSON object, without reading the rest.

    >>> word_of('{"flow":"dental","sector":"private"}', "sector")
    'private'
    """
    found = text.find(f'"{name}":"')
    if found < 0:
        return None
    start = found + len(name) + 4
    return text[start : text.index('"', start)]


def number_of(text: str, name: str) -> int | None:
    """Return the whole number under a name of a compact JSON object.

    >>> number_of('{"age":41,"flow":"dental"}', "age"), number_of('{"age":7}', "age")
    (41, 7)
    """
    found = text.find(f'"{name}":')
    if found < 0:
        return None
    start = end = found + len(name) + 3
    while text[end] not in ",}":
        end += 1
    return int(text[start:end])
