"""What changed between two versions of the rules (différences), row by row and member by member."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from selectivity.lifecycle.editing import Part, items


class Change(StrEnum):
    """What became of a row or list."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a row before and after: "when.amount", "then.rate"; ``None`` not there."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One row, stratum or list that is not the same.

    Attributes:
        part: "rows", "floor" or "lists".
        id: of the row, or the name of the list.
        before, after: the whole of it; ``None`` where it is not there.
        members: what changed in it; empty for what was added or removed.
    """

    part: str
    id: str
    change: Change
    before: Any
    after: Any
    members: tuple[Member, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the difference as plain data."""
        return {
            "part": self.part,
            "id": self.id,
            "change": self.change.value,
            "before": self.before if self.change is not Change.CHANGED else None,
            "after": self.after if self.change is not Change.CHANGED else None,
            "members": [
                {"name": each.name, "before": each.before, "after": each.after}
                for each in self.members
            ],
        }


def differences(old: Any, new: Any) -> tuple[Difference, ...]:
    """Return what changed from one version's plain data to another's, rows first.

    The order of rows has no effect and is not compared; the order of strata has, and is.
    """
    found = [*_keyed("rows", _by_id(old, "rows"), _by_id(new, "rows"))]
    found += _keyed("floor", _by_id(old, "floor"), _by_id(new, "floor"))
    found += _keyed("lists", _lists(old), _lists(new))
    orders = [[each.get("id") for each in items(data, "floor")] for data in (old, new)]
    if orders[0] != orders[1] and sorted(map(str, orders[0])) == sorted(map(str, orders[1])):
        member = Member("order", orders[0], orders[1])
        found.append(Difference("floor", "", Change.CHANGED, None, None, (member,)))
    return tuple(found)


def _keyed(part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if before is None:
            yield Difference(part, name, Change.ADDED, None, after)
        elif after is None:
            yield Difference(part, name, Change.REMOVED, before, None)
        elif before != after:
            yield Difference(part, name, Change.CHANGED, before, after, _members(before, after))


def _members(before: Any, after: Any) -> tuple[Member, ...]:
    old, new = dict(_flat(before)), dict(_flat(after))
    return tuple(
        Member(name, old.get(name), new.get(name))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    )


def _flat(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the members of a row; those of ``when``, ``then``, ``reason`` one by one."""
    if not isinstance(value, dict):
        yield "codes", value
        return
    for name, member in value.items():
        if name in ("when", "then", "reason", "examples") and isinstance(member, dict):
            yield from ((f"{name}.{inner}", each) for inner, each in member.items())
        else:
            yield name, member


def _by_id(data: Any, part: Part) -> dict[str, Any]:
    return {str(each.get("id")): each for each in items(data, part)}


def _lists(data: Any) -> dict[str, Any]:
    lists = data.get("lists") if isinstance(data, dict) else None
    return dict(lists) if isinstance(lists, dict) else {}
