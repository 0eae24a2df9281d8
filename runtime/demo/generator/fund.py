"""The fund (caisse): the one object that everything invented hangs on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from runtime.demo.generator import draws
from runtime.demo.generator.arrivals import to_days
from runtime.demo.generator.build import World
from runtime.demo.generator.day import Day, make_day
from runtime.demo.generator.entitlements import Entitlement, make_entitlements
from runtime.demo.generator.history import HistoryItem, Past, make_history
from runtime.demo.generator.people import make_population
from runtime.demo.generator.professionals import make_professionals
from runtime.demo.generator.staff import Staff, make_staff

# Inhabitants of each region, relative; other regions count as small ones.
_REGION_WEIGHTS = {
    "MA-01": 11.0, "MA-02": 6.5, "MA-03": 12.0, "MA-04": 13.5, "MA-05": 6.5, "MA-06": 20.0,
    "MA-07": 12.5, "MA-08": 4.0, "MA-09": 9.0, "MA-10": 1.3, "MA-11": 1.2, "MA-12": 0.6,
}  # fmt: skip
_OTHER_REGION = 3.0
_FEWEST_INSURED = 5_000
# Files may be made for this many days before and after the day on which ages are counted.
_DAYS_BEFORE, _DAYS_AFTER = 550, 365


@dataclass(frozen=True)
class Fund:
    """A believable fund. Same arguments, same bytes; no clock, no database.

    ``agencies`` are (code, region) pairs. Make one with ``Fund.make``.
    """

    seed: int
    as_of: date
    agencies: tuple[tuple[str, str], ...]
    central: str
    world: World

    @classmethod
    def make(
        cls, seed: int, *, as_of: date, agencies: Sequence[tuple[str, str]],
        insured: int = 200_000, central: str = "MA-CENTRAL",
    ) -> "Fund":  # fmt: skip
        """Invent a fund.

        Args:
            seed: any integer from 0.
            as_of: the day on which ages, absences and due reviews are counted.
            agencies: (agency code, region code) of each agency.
            insured: insured people, at least 5,000; about 2.4 people have rights for each.
            central: code of the central unit.

        Raises:
            ValueError: an argument is out of bounds; the message names it.
        """
        if seed < 0:
            raise ValueError("seed: must not be negative")
        if insured < _FEWEST_INSURED:
            raise ValueError(f"insured: at least {_FEWEST_INSURED}, not {insured}")
        codes = [code for code, _ in agencies]
        if not codes or len(set(codes)) != len(codes):
            raise ValueError("agencies: at least one, each code once")
        regions = sorted({region for _, region in agencies})
        region_of = np.array([regions.index(region) for _, region in agencies])
        by_region = np.array([_REGION_WEIGHTS.get(code, _OTHER_REGION) for code in regions])
        people = make_population(
            seed, to_days(as_of), insured, tuple(codes), _agency_weights(region_of, by_region),
            region_of,
        )  # fmt: skip
        world = World(seed, people, make_professionals(seed, by_region), tuple(regions))
        return cls(seed, as_of, tuple(agencies), central, world)

    def day(
        self, day: date, n: int, seed: int | None = None, *, faults: float = 0.0
    ) -> Iterator[bytes]:
        """Yield the ``n`` NDJSON lines of one day; see ``make_day`` for the labels."""
        return self.make_day(day, n, seed, faults=faults).lines()

    def make_day(self, day: date, n: int, seed: int | None = None, *, faults: float = 0.0) -> Day:
        """Plan the ``n`` lines that arrive on ``day``.

        Args:
            day: civil day in Morocco, from 550 days before ``as_of`` to 365 after.
            n: lines in all.
            seed: another seed gives other files of the same people; the fund's own, which is the
                default, goes on with the stays and leaves of the history.
            faults: share of the lines that are faulty, doubled or in conflict, from 0 to 0.5.

        Raises:
            ValueError: an argument is out of bounds; the message names it.
        """
        if n < 1:
            raise ValueError(f"n: at least 1, not {n}")
        if not 0 <= faults <= 0.5:
            raise ValueError(f"faults: from 0 to 0.5, not {faults}")
        self._check_day(day)
        world = self.world if seed is None else replace(self.world, seed=seed)
        tag = f"{draws.key(world.seed, n) & 0xFFFF:04x}"
        return make_day(world, day, n, tag=tag, fault_share=faults)

    def _check_day(self, day: date) -> None:
        distance = (day - self.as_of).days
        if not -_DAYS_BEFORE <= distance <= _DAYS_AFTER:
            raise ValueError(
                f"day: from {_DAYS_BEFORE} days before {self.as_of} to {_DAYS_AFTER} after it,"
                f" not {day}"
            )

    def staff(self, doctors: int = 120) -> Staff:
        """Return the fund's doctors and users; the same on every call.

        Raises:
            ValueError: fewer doctors than the units need.
        """
        return make_staff(self.world, self.agencies, self.central, self.as_of, doctors)

    def history(
        self, months: int = 15, received: int = 60_000, controlled: int = 5_000,
        seed: int | None = None,
    ) -> Iterator[HistoryItem]:  # fmt: skip
        """Yield what was received in the ``months`` before ``as_of``, oldest day first.

        Exactly ``received`` files, of which exactly ``controlled`` have an outcome.

        Raises:
            ValueError: an argument is out of bounds; the message names it.
        """
        if not 1 <= months <= 17:
            raise ValueError(f"months: from 1 to 17, not {months}")
        if not 0 <= controlled <= received:
            raise ValueError(f"controlled: from 0 to received, not {controlled}")
        world = self.world if seed is None else replace(self.world, seed=seed)
        return make_history(world, self.staff(), Past(self.as_of, months, received, controlled))

    def entitlements(
        self, *, ald: int = 4_000, invalidity: int = 600, ald_due: int = 60,
        invalidity_due: int = 25,
    ) -> list[Entitlement]:  # fmt: skip
        """Return rights granted before the history began.

        ``ald_due`` and ``invalidity_due`` reassessments open within thirty days from ``as_of``,
        some on that very day; a sixth as many more opened in the four days before.

        Raises:
            ValueError: more due than rights, or more rights than people who may have them.
        """
        return make_entitlements(
            self.world, self.staff(), self.as_of,
            {"ald": (ald, ald_due), "invalidity": (invalidity, invalidity_due)},
        )  # fmt: skip


def _agency_weights(region_of: draws.Ints, by_region: draws.Floats) -> draws.Floats:
    """Split each region among its agencies, the first ones a little larger."""
    weights = np.zeros(len(region_of))
    for region, weight in enumerate(by_region.tolist()):
        mine = np.flatnonzero(region_of == region)
        parts = (np.arange(len(mine)) + 1.0) ** -0.4
        weights[mine] = weight * parts / parts.sum()
    return weights
