"""The rule engine alone: 200 rows, 80,000 files, beside zen-engine and SpiffWorkflow's DMN engine.

``python -m benchmarks.selectivity [--files 80000] [--rows 200] [--gate] [--json]``

The same files as plain dicts go into each engine, the same rows come out; every difference is
counted. Ours is measured from the dicts (``batch_seconds``) and from columns that stand ready, as
a back-test has them (``match_seconds``).
"""

import argparse
import gc
import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import zen
from numpy.typing import NDArray

from benchmarks._fund import AS_OF, installation, show
from medcontrol.ports import SelectivityReason
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane
from selectivity.cell_grammar import CellFault, parse_cell
from selectivity.compiled import Coded, CompiledTable, rows_of
from selectivity.exchange.dmn import MODEL
from selectivity.exchange.jdm import matching_table
from selectivity.features import columns_of
from selectivity.registry import Feature, FeatureKind
from selectivity.tables import Row, RowKind

_KIB_PER_MIB = 1024
_ONLINE = 5000
_SPIFF_FILES = 40
_PART = 100_000

ENUMS = {"flow": 10, "nature": 8, "scheme": 3, "region": 12, "channel": 4, "sector": 3}
PREFIXED = ("act", "provider_specialty")
NUMBERS = ("amount", "lines", "files_30d", "delay")
FLAGS = ("is_urgent", "is_self_prescribed")
COLUMNS = (*ENUMS, *PREFIXED, *NUMBERS, *FLAGS)
REGISTRY = MappingProxyType(
    {name: Feature(name, FeatureKind.CODE, "", "") for name in (*ENUMS, *PREFIXED)}
    | {name: Feature(name, FeatureKind.INTEGER, "", "") for name in NUMBERS}
    | {name: Feature(name, FeatureKind.FLAG, "", "") for name in FLAGS}
)
_REASON = SelectivityReason("reason", "Motif")


def main() -> None:
    """Measure the three engines in one run, then a back-test; print figures and differences."""
    given = _arguments()
    chance = random.Random(given.seed)  # noqa: S311 - the same seed, the same files
    rows = make_rows(chance, given.rows)
    files = [make_file(chance) for _ in range(given.files)]
    table = CompiledTable(rows, REGISTRY)
    figures, found = _ours(table, files)
    figures |= _zen(rows, files, found)
    figures |= _spiff(rows, files, found)
    figures["differences"] = figures.pop("zen_differences") + figures.pop("spiff_differences")
    figures["ahead_batch"] = round(figures["zen_batch_seconds"] / figures["batch_seconds"], 1)
    figures["ahead_online"] = round(figures["zen_online_us"] / figures["online_us"], 1)
    figures |= _backtest(table, files, given.backtest)
    if given.gate:
        figures |= _gate(given.seed)
    show(figures, as_json=given.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=80_000, help="default 80000")
    parser.add_argument("--rows", type=int, default=200, help="default 200")
    parser.add_argument("--backtest", type=int, default=2_000_000, help="files; default 2000000")
    parser.add_argument("--gate", action="store_true", help="the whole gate with database as well")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    return parser.parse_args()


# --- rules and files -----------------------------------------------------------------------------


def make_rows(chance: random.Random, count: int) -> list[Row]:
    """Return rows of about four cells: sets of words, beginnings, intervals, yes or no."""
    rows: list[Row] = []
    while len(rows) < count:
        names = chance.sample(COLUMNS, chance.choice((3, 4, 4, 4, 5)))
        try:
            when = {
                name: parse_cell(_cell(chance, name), REGISTRY[name], {}) for name in sorted(names)
            }
        except CellFault:
            continue
        rows.append(_row(f"r{len(rows)}", when))
    return rows


def _row(name: str, when: dict[str, Any]) -> Row:
    return Row(
        id=name, when=MappingProxyType(when), kind=RowKind.TARGETING, lane=Lane.ORANGE,
        level=ControlLevel.LOCAL, mode=ControlMode.ON_FILE, rate=10_000, daily_quota=None,
        reason=_REASON, rationale="", owner="", expires_on=date.max, positive=(), negative=(),
    )  # fmt: skip


def _cell(chance: random.Random, name: str) -> dict[str, Any]:
    if name in ENUMS:
        size = ENUMS[name]
        words = chance.sample(range(size), chance.randint(1, max(1, size // 4)))
        return {"in": [f"{name.upper()}{word}" for word in words]}
    if name in PREFIXED:
        return {"prefix": [f"{chance.choice('ABCDEFGH')}{chance.randint(0, 9)}" for _ in range(2)]}
    if name in FLAGS:
        return {"is": chance.random() < 0.5}
    low = int(chance.lognormvariate(8, 1))
    kind = chance.random()
    if kind < 0.4:
        return {"ge": low}
    return {"lt": low} if kind < 0.6 else {"ge": low, "lt": low * 3}


def make_file(chance: random.Random) -> dict[str, Any]:
    """Return one file; of its numbers two in a hundred are missing."""
    file: dict[str, Any] = {
        name: f"{name.upper()}{chance.randrange(size)}" for name, size in ENUMS.items()
    }
    for name in PREFIXED:
        file[name] = f"{chance.choice('ABCDEFGH')}{chance.randint(0, 9)}{chance.randint(0, 99):02}"
    for name in NUMBERS:
        if chance.random() >= 0.02:
            file[name] = int(chance.lognormvariate(8, 1.2))
    return file | {name: chance.random() < 0.5 for name in FLAGS}


# --- engines -------------------------------------------------------------------------------------


def _seconds(work: Callable[[], Any], times: int = 5) -> tuple[float, Any]:
    """Return the best time of a few, and what the work gave."""
    best, found = float("inf"), None
    for _ in range(times):
        gc.collect()
        begun = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - begun)
    return best, found


def _online(work: Callable[[dict[str, Any]], Any], files: Sequence[dict[str, Any]]) -> list[float]:
    """Return the microseconds of single calls, sorted."""
    times = []
    for file in files:
        begun = time.perf_counter_ns()
        work(file)
        times.append((time.perf_counter_ns() - begun) / 1000)
    return sorted(times)


def _ours(
    table: CompiledTable, files: Sequence[dict[str, Any]]
) -> tuple[dict[str, Any], list[list[str]]]:
    def batch() -> list[int]:
        return table.match_masks(columns_of(files, table.columns, REGISTRY), len(files))

    def one(file: dict[str, Any]) -> int:
        return table.match_snapshot(file)

    seconds, masks = _seconds(batch)
    columns = columns_of(files, table.columns, REGISTRY)
    ready, _ = _seconds(lambda: table.match_batch(columns, len(files)))
    online = _online(one, files[:_ONLINE])
    scalar = sum(one(file) != mask for file, mask in zip(files, masks, strict=True))
    if scalar:
        raise RuntimeError(f"the two executors differ on {scalar} files")
    found = [[table.rows[row].id for row in rows_of(mask)] for mask in masks]
    return {
        "files": len(files),
        "rows": len(table.rows),
        "hit_share": round(sum(map(bool, masks)) / len(masks), 3),
        "batch_seconds": round(seconds, 3),
        "match_seconds": round(ready, 3),
        "online_us": round(statistics.median(online), 1),
        "online_p99_us": round(online[int(len(online) * 0.99)], 1),
    }, found


def _zen(
    rows: Sequence[Row], files: Sequence[dict[str, Any]], ours: Sequence[list[str]]
) -> dict[str, Any]:
    """zen-engine the way it is fastest: a static loader, its own cells, no trace."""
    content = {"rules": matching_table(rows, REGISTRY)}
    engine = zen.ZenEngine({"loader": {"type": "static", "content": content}})

    def one(file: dict[str, Any]) -> Any:
        return engine.evaluate("rules", file)["result"]

    one(files[0])
    seconds, answers = _seconds(lambda: [one(file) for file in files], times=2)
    online = _online(one, files[:_ONLINE])
    hits = [
        sorted(item["row"] for item in answer) if isinstance(answer, list) else []
        for answer in answers
    ]
    return {
        "zen_batch_seconds": round(seconds, 3),
        "zen_online_us": round(statistics.median(online), 1),
        "zen_online_p99_us": round(online[int(len(online) * 0.99)], 1),
        "zen_differences": sum(a != sorted(b) for a, b in zip(hits, ours, strict=True)),
    }


def _spiff(
    rows: Sequence[Row], files: Sequence[dict[str, Any]], ours: Sequence[list[str]]
) -> dict[str, Any]:
    """SpiffWorkflow's DMN engine on a few files, multiplied; its cells are Python expressions."""
    engine, task = _spiff_engine(rows)
    few = files[:_SPIFF_FILES]
    found = []

    def one(file: dict[str, Any]) -> None:
        task.data = {name: file.get(name) for name in COLUMNS}
        found.append([rule.outputEntries[0].text.strip('"') for rule in engine.decide(task)])

    times = _online(one, few)
    return {
        "spiff_files": len(few),
        "spiff_batch_seconds_extrapolated": round(sum(times) / len(few) * len(files) / 1e6),
        "spiff_online_us_extrapolated": round(statistics.median(times)),
        "spiff_differences": sum(sorted(a) != sorted(b) for a, b in zip(found, ours, strict=False)),
    }


def _spiff_engine(rows: Sequence[Row]) -> tuple[Any, Any]:
    from lxml import etree
    from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
    from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
    from SpiffWorkflow.dmn.parser.DMNParser import DMNParser

    class Workflow:
        script_engine = PythonScriptEngine()

    class Task:
        workflow = Workflow()
        data: dict[str, Any] = {}

    space = {"dmn": MODEL}
    parser = DMNParser(None, etree.fromstring(_python_dmn(rows)), space)
    parser.parse()
    return DMNEngine(parser.decision.decisionTables[0]), Task()


def _python_dmn(rows: Sequence[Row]) -> bytes:
    """Return the rows as DMN whose cells Spiff can read."""
    from xml.sax.saxutils import escape

    lines = [
        f'<definitions xmlns="{MODEL}" id="d" name="d" namespace="n">',
        '<decision id="t" name="t"><decisionTable id="table" hitPolicy="COLLECT">',
        *(
            f'<input id="i{name}" label="{name}"><inputExpression id="e{name}" typeRef="string">'
            f"<text>{name}</text></inputExpression></input>"
            for name in COLUMNS
        ),
        '<output id="o" label="row" name="row" typeRef="string"/>',
    ]
    for row in rows:
        lines.append(f'<rule id="{row.id}">')
        for name in COLUMNS:
            cell = row.when.get(name)
            text = "" if cell is None else escape(_python_cell(name, cell))
            lines.append(f'<inputEntry id="{row.id}{name}"><text>{text}</text></inputEntry>')
        lines.append(f'<outputEntry id="o{row.id}"><text>"{row.id}"</text></outputEntry></rule>')
    return "\n".join([*lines, "</decisionTable></decision></definitions>"]).encode()


def _python_cell(name: str, cell: Any) -> str:
    """Return a cell as the Python expression of ``?`` that Spiff evaluates."""
    if name in ENUMS:
        return f"? in {json.dumps(sorted(cell.codes))}"
    if name in PREFIXED:
        return f"?.startswith({tuple(sorted(cell.prefixes))!r})"
    if name in FLAGS:
        return str(cell.value)
    low = f"? >= {cell.low}" if cell.low is not None else ""
    high = f"? < {cell.high}" if cell.high is not None else ""
    return f"? is not None and {' and '.join(filter(None, (low, high)))}"


# --- back-test and gate --------------------------------------------------------------------------


def _backtest(table: CompiledTable, files: Sequence[dict[str, Any]], wanted: int) -> dict[str, Any]:
    """Match years of files, a part at a time, and count the hits of every row."""
    columns = _stored(table, files, wanted)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    counts = np.zeros(len(table.rows), dtype=np.int64)
    for start in range(0, wanted, _PART):
        end = min(start + _PART, wanted)
        words = table.match_batch(
            {
                name: column.part(start, end) if isinstance(column, Coded) else column[start:end]
                for name, column in columns.items()
            },
            end - start,
        )
        bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
        counts += bits[:, : len(table.rows)].sum(axis=0, dtype=np.int64)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "backtest_files": wanted,
        "backtest_seconds": round(seconds, 2),
        "backtest_hits": int(counts.sum()),
        "backtest_peak_mib": round(peak / _KIB_PER_MIB),
        "backtest_added_mib": round((peak - before) / _KIB_PER_MIB),
    }


def _stored(
    table: CompiledTable, files: Sequence[dict[str, Any]], wanted: int
) -> dict[str, Coded | NDArray[np.int64]]:
    """Return the columns of the files, over and over, as many as wanted, as history is kept."""
    times = -(-wanted // len(files))
    found: dict[str, Coded | NDArray[np.int64]] = {}
    for name, column in columns_of(files, table.columns, REGISTRY).items():
        if isinstance(column, np.ndarray):
            found[name] = np.tile(column, times)[:wanted]
        else:
            coded = column if isinstance(column, Coded) else Coded.of(column)
            found[name] = Coded(coded.words, np.tile(coded.index, times)[:wanted])
    return found


def _gate(seed: int) -> dict[str, Any]:
    """The whole gate with check, history, database and opening: see benchmarks.day."""
    from benchmarks import day

    sys.stderr.write(f"the gate, a day of {AS_OF.isoformat()}…\n")
    with installation(seed=seed) as bench:
        return day._gate(bench, 20_000, profile=False)


if __name__ == "__main__":
    main()
