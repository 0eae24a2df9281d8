"""A simulated year of files at the level of features, with the truth beside them.

Nothing here knows of rules, scores or strategies. The parameters are frozen: see the commit that
``benchmarks.selectivity_yield`` prints.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

KINDS = ("doctor", "dentist", "pharmacy", "laboratory", "clinic", "physiotherapist")
FLOWS = ("ambulatory", "dental", "medicines", "ambulatory", "hospital", "ambulatory")
SPECIALTIES = tuple(f"S{n:02d}" for n in range(8))
REGIONS = tuple(f"R{n:02d}" for n in range(1, 13))
ACTS = tuple(f"ACT{n:02d}" for n in range(24))
SECTORS = ("private", "public")
CHANNELS = ("digital", "paper")

FILES = 10_000
DAYS = 250
CAPACITY = 0.05
FLOOR = 0.01
"""Files a day on average (one in four of a fund with 40,000), working days, controls a file, and
controls drawn at random a file: 400 a day of 40,000."""

SCANNED = 400
"""Controls a day drawn at random that the segment scan reads."""

SMALL = 0.002
"""Volume of the new schemes whose discovery is timed."""


@dataclass(frozen=True, slots=True)
class World:
    """What is wrong, how much of it shows, and who looks.

    Attributes:
        name: "strong", "weak" or "none".
        wrong: share of wrong files inside a scheme, and of a crooked provider's while it lasts.
        shows: factor on what visible features add to the chance of an error.
        base: chance of an honest error that nothing announces.
        dearer: factor on the amount of planted wrong files, from and to.
    """

    name: str
    wrong: float
    shows: float
    base: float
    dearer: tuple[float, float] = (1.1, 1.6)


STRONG = World("strong", 0.5, 1.0, 0.012)
WEAK = World("weak", 0.15, 0.3, 0.02)
NONE = World("none", 0.0, 0.0, 0.04, (1.0, 1.0))
WORLDS = {each.name: each for each in (STRONG, WEAK, NONE)}

PROVIDERS = 3_000
CROOKED = 0.04
DOCTORS = 60
_OLD_SCHEMES = 4
_SMALL_SCHEMES = 4
_OTHER_SCHEMES = 5
_SCHEME_PROVIDERS = 6


@dataclass(frozen=True, slots=True)
class Scheme:
    """Files of one act that a few providers of one kind and region bill, half of them wrong.

    ``begins`` and ``ends`` are working days of the year; a negative one began before.
    """

    act: int
    providers: Ints
    share: float
    begins: int
    ends: int

    @property
    def is_timed(self) -> bool:
        """Return whether it is one of the new schemes whose discovery is timed."""
        return self.share == SMALL and self.begins > 0


@dataclass(frozen=True, slots=True)
class Day:
    """The files of a working day, one at each place.

    Attributes:
        number: working day of the year, from 0.
        seen: features by name, as whole numbers; words by their place among the words above.
        draw: random draw of each file, uint64.
        chance: true chance of being wrong.
        scheme: place of its scheme, -1 without.
        is_wrong: whether it is wrong.
        is_found: what its doctor would say if it were controlled.
        avoided: centimes that a control would save, 0 when nothing is found or nothing is wrong.
        lag: working days until a control of it has a result.
    """

    number: int
    seen: dict[str, Ints]
    draw: NDArray[np.uint64]
    chance: Floats
    scheme: Ints
    is_wrong: Flags
    is_found: Flags
    avoided: Ints
    lag: Ints

    def __len__(self) -> int:
        return len(self.draw)


class Fund:
    """Providers, doctors and schemes of one seed."""

    def __init__(self, world: World, seed: int, days: int) -> None:
        """Make them; the same world, seed and length make the same ones."""
        self.world, self.days = world, days
        self.random = random = np.random.default_rng([seed, 2_026])
        self.kind = random.choice(len(KINDS), PROVIDERS, p=(0.38, 0.12, 0.22, 0.1, 0.08, 0.1))
        region_weights = 1.0 / np.arange(2, len(REGIONS) + 2)
        self.region = random.choice(
            len(REGIONS), PROVIDERS, p=region_weights / region_weights.sum()
        )
        self.sector = (random.random(PROVIDERS) < 0.2).astype(np.int64)
        self.specialty = random.integers(0, len(SPECIALTIES), PROVIDERS)
        volume = random.permutation(1.0 / (np.arange(PROVIDERS) + 40.0) ** 0.7)
        self._volume = np.cumsum(volume / volume.sum())
        mix = random.dirichlet(np.full(len(ACTS), 0.4), len(KINDS))
        rows = np.cumsum(mix, axis=1)
        self._acts = (rows / rows[:, -1:] + np.arange(len(KINDS))[:, None]).ravel()
        self.price = random.normal(10.2, 0.7, len(ACTS))
        self.severity = random.random(DOCTORS)
        begun = random.integers(-80, days, PROVIDERS)
        lasts = random.integers(40, 161, PROVIDERS)
        is_crooked = random.random(PROVIDERS) < CROOKED
        self.crooked_from = np.where(is_crooked, begun, days + 1)
        self.crooked_to = np.where(is_crooked, begun + lasts, 0)
        self.schemes = tuple(self._schemes())

    def _schemes(self) -> Iterator[Scheme]:
        days, random = self.days, self.random
        for _ in range(_OLD_SCHEMES):
            yield self._scheme(
                random.choice((0.003, 0.005)), -1, int(days * random.uniform(0.2, 1))
            )
        for n in range(_SMALL_SCHEMES):
            begins = int(days * (0.16 + 0.16 * n + random.uniform(0, 0.1)))
            yield self._scheme(SMALL, begins, begins + int(days * random.uniform(0.26, 0.45)))
        for _ in range(_OTHER_SCHEMES):
            begins = int(days * random.uniform(0.05, 0.8))
            share = float(random.choice((0.001, 0.003, 0.005)))
            yield self._scheme(share, begins, begins + int(days * random.uniform(0.15, 0.5)))

    def _scheme(self, share: float, begins: int, ends: int) -> Scheme:
        random = self.random
        while True:
            kind, region = int(random.integers(len(KINDS))), int(random.integers(len(REGIONS)))
            there = np.flatnonzero((self.kind == kind) & (self.region == region))
            if len(there) >= _SCHEME_PROVIDERS:
                break
        who = random.choice(there, _SCHEME_PROVIDERS, replace=False)
        return Scheme(int(random.integers(len(ACTS))), who, float(share), begins, ends)

    def year(self, files: int) -> Iterator[Day]:
        """Yield the working days of the year, about ``files`` each."""
        numbers = np.arange(self.days)
        busy = 1.0 + 0.15 * np.cos(numbers % 5) + 0.1 * np.sin(numbers / 40)
        for number, n in enumerate((files * busy / busy.mean()).round().astype(int).tolist()):
            yield self._day(number, n)

    def _day(self, number: int, n: int) -> Day:
        random = self.random
        who = np.minimum(np.searchsorted(self._volume, random.random(n)), PROVIDERS - 1)
        act = np.searchsorted(self._acts, self.kind[who] + random.random(n)) % len(ACTS)
        scheme = self._plant(number, who, act)
        lasting = (self.crooked_from[who] <= number) & (number < self.crooked_to[who])
        seen = self._ordinary(who, act)
        chance = self._chance(seen, lasting | (scheme >= 0))
        is_wrong = random.random(n) < chance
        self._price(seen, is_wrong & (lasting | (scheme >= 0)))
        severity = self.severity[random.integers(0, DOCTORS, n)]
        found = np.where(is_wrong, 0.65 + 0.3 * severity, 0.002 + 0.013 * severity)
        is_found = random.random(n) < found
        share = np.where(random.random(n) < 0.3, 1.0, 0.15 + 0.5 * random.random(n))
        avoided = np.where(is_found & is_wrong, seen["amount"] * share, 0.0).astype(np.int64)
        return Day(
            number, seen, random.integers(0, 2**64, n, dtype=np.uint64), chance, scheme,
            is_wrong, is_found, avoided, random.integers(3, 13, n),
        )  # fmt: skip

    def _plant(self, number: int, who: Ints, act: Ints) -> Ints:
        """Turn some files into those of the schemes of that day, in place; say which."""
        found = np.full(len(who), -1)
        for place, scheme in enumerate(self.schemes):
            if scheme.begins <= number < scheme.ends:
                count = self.random.binomial(len(who), scheme.share)
                files = self.random.integers(0, len(who), count)
                who[files] = self.random.choice(scheme.providers, count)
                act[files], found[files] = scheme.act, place
        return found

    def _ordinary(self, who: Ints, act: Ints) -> dict[str, Ints]:
        """Return the features that have nothing to do with what is wrong."""
        random, n = self.random, len(who)
        return {
            "provider": who,
            "region": self.region[who],
            "provider_kind": self.kind[who],
            "provider_sector": self.sector[who],
            "provider_specialty": self.specialty[who],
            "act": act,
            "channel": (random.random(n) < 0.3).astype(np.int64),
            "line_count": random.geometric(0.4, n),
            "highest_quantity": random.geometric(0.35, n),
            "document_count": random.integers(0, 4, n),
            "filing_delay": random.geometric(0.03, n),
            "beneficiary_files_30d": random.poisson(1.2, n),
            "duplicate_files_90d": (random.random(n) < 0.015).astype(np.int64),
            "price_ratio": np.exp(random.normal(4.6, 0.16, n)).astype(np.int64),
        }

    def _chance(self, seen: dict[str, Ints], is_planted: Flags) -> Floats:
        """Return the true chance that a file is wrong."""
        more = (
            0.006 * (seen["channel"] == 1)
            + 0.12 * (seen["duplicate_files_90d"] > 0)
            + 0.06 * (seen["highest_quantity"] >= 8)
            + 0.10 * (seen["price_ratio"] >= 135)
            + 0.04 * (seen["beneficiary_files_30d"] >= 5)
            + 0.02 * (seen["filing_delay"] >= 100)
        )
        found: Floats = self.world.base + self.world.shows * more
        found[is_planted] = np.maximum(found[is_planted], self.world.wrong)
        return found

    def _price(self, seen: dict[str, Ints], is_dearer: Flags) -> None:
        """Give the files their amounts; planted wrong ones cost more."""
        n = len(is_dearer)
        low, high = self.world.dearer
        factor = np.where(is_dearer, self.random.uniform(low, high, n), 1.0)
        seen["price_ratio"] = (seen["price_ratio"] * factor).astype(np.int64)
        usual = np.exp(self.price[seen["act"]] + self.random.normal(0, 0.35, n))
        lines = 1 + 0.35 * (seen["line_count"] - 1)
        seen["amount"] = (usual * lines * seen["price_ratio"] / 100).astype(np.int64)


def condition_mask(day: Day, condition: tuple[tuple[str, object], ...]) -> Flags:
    """Return which files of a day lie in a segment of the scan."""
    words = {
        "region": REGIONS, "provider_kind": KINDS, "provider_sector": SECTORS,
        "provider_specialty": SPECIALTIES, "acts": ACTS,
    }  # fmt: skip
    inside = np.ones(len(day), dtype=bool)
    for name, value in condition:
        if name == "amount" and isinstance(value, tuple):
            low, high = value
            inside &= day.seen["amount"] >= (low or 0)
            inside &= day.seen["amount"] < (high or np.inf)
        elif name == "provider":
            inside &= day.seen["provider"] == int(str(value)[1:])
        elif name == "flow":
            inside &= np.array([flow == value for flow in FLOWS])[day.seen["provider_kind"]]
        elif name in words:
            key = "act" if name == "acts" else name
            inside &= day.seen[key] == words[name].index(str(value))
    return inside
