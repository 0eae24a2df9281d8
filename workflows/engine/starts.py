"""Starts that were run once and are copied: opening a day's files costs microseconds each."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from workflows.definition.catalog import Pack
from workflows.definition.facts import Facts
from workflows.definition.parts import FactValue
from workflows.definition.schema import FromFact
from workflows.engine import spiff
from workflows.engine.paths import (
    Advance,
    Diagram,
    Path,
    Wait,
    WaitingTask,
    advance,
    facts_text,
    specs,
)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def start(pack: Pack, facts: Facts) -> Advance:
    """Return the start of a flow with checked facts.

    Starts that differ only in facts that no condition reads are run once and then copied, with
    ids of their own.
    """
    diagram = Diagram(pack.digest, pack)
    steering = tuple((name, facts[name]) for name in _steering(diagram) if name in facts)
    return _prepared(diagram, steering).open(facts)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A start that was run once: the text between its ids, and what it asks for."""

    head: str
    pieces: tuple[str, ...]
    order: tuple[int, ...]
    ids: int
    tasks: tuple[tuple[int, str], ...]
    waits: tuple[tuple[int, Literal["deadline", "message"], str, str], ...]
    result: Advance

    def open(self, facts: Facts) -> Advance:
        """Return this start for another file: own ids, own facts."""
        fresh = _new_ids(self.ids)
        text = [self.head, facts_text(facts), self.pieces[0]]
        for place, piece in zip(self.order, self.pieces[1:], strict=True):
            text += (fresh[place], piece)
        done = self.result
        return Advance(
            "".join(text),
            tuple(WaitingTask(fresh[i], step) for i, step in self.tasks),
            tuple(Wait(fresh[i], kind, name, step) for i, kind, name, step in self.waits),
            done.operations,
            done.ended,
            done.status,
            done.ways,
        )


def _new_ids(count: int) -> list[str]:
    text = os.urandom(16 * count).hex()
    blocks = (text[i : i + 32] for i in range(0, 32 * count, 32))
    return [f"{b[:8]}-{b[8:12]}-4{b[13:16]}-8{b[17:20]}-{b[20:]}" for b in blocks]


@lru_cache(maxsize=64)
def _steering(diagram: Diagram) -> tuple[str, ...]:
    """Return every fact that a condition or an argument reads: they decide how a start goes."""
    pack = diagram.pack
    read = set(re.findall(r"\w+", " ".join(_conditions(specs(pack)[0]))))
    for call in pack.meta.operations.values():
        read |= {v.fact for v in call.arguments.values() if isinstance(v, FromFact)}
    return tuple(sorted(read & pack.meta.facts.keys()))


def _conditions(spec: Any) -> list[str]:
    found = []
    for task_spec in spec.task_specs.values():
        for condition, _ in getattr(task_spec, "cond_task_specs", []):
            if condition is not None:
                found.append(str(condition.args[0]))
    return found


@lru_cache(maxsize=4096)
def _prepared(diagram: Diagram, steering: tuple[tuple[str, FactValue], ...]) -> _Prepared:
    pack, facts = diagram.pack, dict(steering)
    path = Path(pack, facts)
    workflow = spiff.new(specs(pack), path)
    spiff.run(workflow)
    done = advance(pack, workflow, path)
    prefix, body = done.state.split(facts_text(facts), 1)
    found = _UUID.findall(body)
    places = {task_id: n for n, task_id in enumerate(dict.fromkeys(found))}
    return _Prepared(
        head=prefix,
        pieces=tuple(_UUID.split(body)),
        order=tuple(places[task_id] for task_id in found),
        ids=len(places),
        tasks=tuple((places[t.task_id], t.step) for t in done.tasks),
        waits=tuple((places[w.task_id], w.kind, w.name, w.step) for w in done.waits),
        result=done,
    )
