"""Periodic controls: what a round costs with ten times and a hundred times as many rights.

``python -m benchmarks.periodic [--sizes 10000,100000,1000000] [--due 300] [--rounds 3] [--json]``

Keys, for each size: ``rights_<n>_load_s`` to bring them in by COPY; ``rights_<n>_open_s`` to place
what is in sight and open what is due (the best of some rounds, each with as many due);
``rights_<n>_idle_s`` a round that finds nothing; ``rights_<n>_forecast_s`` twelve months of the
whole fund. ``open_ratio``, ``idle_ratio``: the slowest size over the fastest.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import partial
from itertools import islice

import sqlalchemy as sa

from benchmarks._fund import AS_OF, Bench, arguments, installation, profiled, show
from medcontrol.db import read_only, transaction
from medcontrol.driver import driver
from medcontrol.queries.supervision import UnitName
from medcontrol.vocabulary import Jurisdiction
from workflows.rights.forecast import forecast
from workflows.rights.reviews import review_round
from workflows.rights.spreading import IN_SIGHT

_CHUNK = 50_000
_BELOW = 1_000_000  # rights of the warm-up have numbers below those of the sizes
#: Rights that are not due lie beyond what is placed ahead, over the rest of five years.
_SOONEST, _LATEST = 200, 1800


def main() -> None:
    """Fill one fund step by step and measure a round at each size."""
    parser = arguments(__doc__ or "", 0)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--due", type=int, default=300, help="reviews opened, and placed, a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of which the best counts")
    given = parser.parse_args()
    sizes = sorted(int(size) for size in given.sizes.split(","))
    figures: dict[str, object] = {"due": given.due, "rounds": given.rounds}
    with installation(seed=given.seed) as bench, profiled(wanted=given.profile, title="rounds"):
        figures |= _measure(bench, sizes, given.due, given.rounds, _luck(given.seed))
    show(figures, as_json=given.json)


def _measure(
    bench: Bench, sizes: list[int], due: int, rounds: int, luck: random.Random
) -> dict[str, object]:
    figures: dict[str, object] = {}
    opened: list[float] = []
    idle: list[float] = []
    agencies = _agencies()
    there, day = 0, AS_OF
    _warm_up(bench, agencies, due, rounds, luck)
    for size in sizes:
        began = time.perf_counter()
        _load(_rights(agencies, there, size, luck))
        figures[f"rights_{size}_load_s"] = round(time.perf_counter() - began, 1)
        there = size
        best = []
        for _ in range(rounds):
            day += timedelta(days=1)
            _load_due(agencies, there, due, luck, day)
            there += 2 * due
            best.append(_timed(partial(_round, bench, day, due)))
        opened.append(min(best))
        idle.append(min(_timed(partial(_round, bench, day, 0)) for _ in range(rounds)))
        figures |= {
            f"rights_{size}_open_s": round(opened[-1], 3),
            f"rights_{size}_idle_s": round(idle[-1], 4),
            f"rights_{size}_forecast_s": round(_timed(partial(_look_ahead, bench, day)), 2),
        }
    figures["open_ratio"] = round(max(opened) / min(opened), 2)
    figures["idle_ratio"] = round(max(idle) / min(idle), 2)
    return figures


def _luck(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - invented rights, the same for the same seed


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _round(bench: Bench, day: date, expected: int) -> None:
    moment = datetime.combine(day, clock_time(6), UTC)
    done = review_round(bench.tools, now=lambda: moment)
    if (done["opened"], done["placed"]) != (expected, expected):
        raise RuntimeError(f"{done['opened']} of {expected} reviews were opened: {done}")


def _load_due(agencies: list[str], first: int, due: int, luck: random.Random, day: date) -> None:
    """Bring in as many rights that open on a day, and as many that have just come in sight."""
    soon = day + timedelta(days=IN_SIGHT.days - 1)
    _load(_rights(agencies, first, first + due, luck, opens_on=day))
    _load(_rights(agencies, first + due, first + 2 * due, luck, opens_on=soon))


def _warm_up(bench: Bench, agencies: list[str], due: int, rounds: int, luck: random.Random) -> None:
    """Open as many in as many rounds first: packs, law, plans and pages are read once."""
    for left in range(rounds, 0, -1):
        day = AS_OF - timedelta(days=left - 1)
        _load_due(agencies, -2 * due * left, due, luck, day)
        _round(bench, day, due)


def _look_ahead(bench: Bench, day: date) -> None:
    with read_only() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = '300s'"))
        rows = session.execute(sa.text("SELECT code, name, level, parent_code FROM unit"))
        units = tuple(UnitName(**row) for row in rows.mappings())
        forecast(session, bench.tools.catalog, units, Jurisdiction.MA, day)


def _agencies() -> list[str]:
    with read_only() as session:
        found = sa.text("SELECT code FROM unit WHERE level = 'local' ORDER BY code")
        return list(session.execute(found).scalars())


def _rights(
    agencies: list[str], first: int, last: int, luck: random.Random, opens_on: date | None = None
) -> Iterator[str]:
    """Yield ALD rights as COPY reads them; due on a day, or in the years after what is in sight."""
    for number in range(first, last):
        opens = opens_on or AS_OF + timedelta(days=luck.randint(_SOONEST, _LATEST))
        ends, began = opens + timedelta(days=90), opens - timedelta(days=1736)
        cells = (
            f"{number + _BELOW:032x}", f"ETM-B-{number + _BELOW:08d}", "ma", "ald",
            f"ma-ald-{luck.randint(1, 41):02d}", f"{999_000_000 + number % 900_000:09d}",
            "Alami", "Amina", "1961-03-02", "fr", agencies[number % len(agencies)],
            began, ends - timedelta(days=1), ends, opens, "active", f"{began} 09:00Z",
        )  # fmt: skip
        yield "\t".join(map(str, cells)) + "\n"


_COLUMNS = (
    "id, number, jurisdiction, flow, right_code, registration_number, family_name, given_name,"
    " birth_date, language, agency_code, valid_from, valid_to, next_review_on, opens_on, status,"
    " granted_at"
)


def _load(rights: Iterator[str]) -> None:
    """Bring rights in by COPY, as a migration does, and let the planner know of them."""
    while chunk := "".join(islice(rights, _CHUNK)):
        with transaction() as session:
            session.execute(sa.text("SET LOCAL statement_timeout = '300s'"))
            with (
                driver(session) as connection,
                connection.cursor().copy(f"COPY entitlement ({_COLUMNS}) FROM STDIN") as copy,
            ):
                copy.write(chunk)
    with transaction() as session:
        session.execute(sa.text("ANALYZE entitlement"))


if __name__ == "__main__":
    main()
