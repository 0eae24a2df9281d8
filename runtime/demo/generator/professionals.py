"""Prescribers and providers of care (professionnels de santé) with volumes after Zipf."""

from dataclasses import dataclass

import numpy as np

from runtime.demo.generator import draws, names
from runtime.demo.generator.diagnoses import SPECIALTIES
from runtime.demo.generator.draws import Floats, Ints, Keys

# Groups one may be sent to: (group, kind in the message, how many, share in the public sector).
_KINDS: tuple[tuple[str, str, int, float], ...] = (
    ("dentist", "dentist", 520, 0.04),
    ("orthodontist", "dentist", 90, 0.0),
    ("pharmacy", "pharmacy", 1100, 0.0),
    ("laboratory", "laboratory", 260, 0.08),
    ("radiology", "radiology", 200, 0.08),
    ("clinic", "clinic", 230, 0.0),
    ("hospital", "hospital", 110, 1.0),
    ("dialysis", "clinic", 90, 0.15),
    ("physiotherapist", "paramedical", 330, 0.05),
    ("nurse", "paramedical", 240, 0.1),
    ("optician", "other", 300, 0.0),
    ("appliances", "other", 110, 0.0),
    ("abroad", "hospital", 24, 0.6),
)
GROUPS: tuple[str, ...] = SPECIALTIES + tuple(kind[0] for kind in _KINDS)
GROUP: dict[str, int] = {name: number for number, name in enumerate(GROUPS)}
KIND: tuple[str, ...] = ("doctor",) * len(SPECIALTIES) + tuple(kind[1] for kind in _KINDS)
_COUNT = (1900, 170, 120, 130, 170, 90, 240, 260, 190, 90, 80, 100, 110, 120, 140, 190)
_ZIPF = 0.6
_HOUSES = {
    "pharmacy": "Pharmacie", "laboratory": "Laboratoire", "radiology": "Centre de radiologie",
    "clinic": "Clinique", "hospital": "Hôpital", "dialysis": "Centre d'hémodialyse",
    "optician": "Optique", "appliances": "Orthopédie",
}  # fmt: skip
_PLACES = (
    "Al Amal", "Ibn Rochd", "Ibn Sina", "Atlas", "Al Andalous", "Essalam", "Al Massira",
    "Al Farabi",
    "Ennakhil", "Riad", "El Menzeh", "Al Wifaq", "La Corniche", "Zerktouni", "Badr", "Ibn Khaldoun",
    "Al Boustane", "Assalama", "Hassan", "Al Qods", "Oasis", "Les Palmiers", "El Hana",
    "Moulay Driss",
)  # fmt: skip


@dataclass(frozen=True)
class Professionals:
    """One row per professional, sorted by group and then region.

    ``segment`` is group × regions + region; ``cumulated`` grows by 1 within each segment, so that
    ``searchsorted(cumulated, segment + u)`` chooses within one by volume.
    """

    group: Ints
    region: Ints
    sector: Ints
    price: Floats
    volume: Floats
    cumulated: Floats
    regions: int
    identifier: list[str]
    name: list[str]

    def choose(self, group: Ints, region: Ints, place: Floats) -> Ints:
        """Return one professional of each group and region; ``place`` in [0, 1) says which."""
        segment = group * self.regions + region
        found = np.searchsorted(self.cumulated, segment + place * (1 - 1e-9), side="right")
        return np.minimum(found, len(self.group) - 1)

    def of_group(self, group: str, region: int) -> Ints:
        """Return the rows of one group in one region, the busiest first."""
        return np.flatnonzero((self.group == GROUP[group]) & (self.region == region))


SECTORS = ("public", "private", "own")


def make_professionals(seed: int, region_weights: Floats) -> Professionals:
    """Invent the professionals of every region, at least two of each group."""
    counts = np.array(_COUNT + tuple(kind[2] for kind in _KINDS), dtype=np.float64)
    share = region_weights / region_weights.sum()
    table = np.maximum(np.rint(counts[:, None] * share[None, :]), 2).astype(np.int64)
    regions = len(region_weights)
    segment = np.repeat(np.arange(table.size), table.ravel())
    rank = np.arange(len(segment)) - np.repeat(np.cumsum(table) - table.ravel(), table.ravel())
    group, region = segment // regions, segment % regions
    volume = (rank + 3.0) ** -_ZIPF
    total = np.bincount(segment, volume)
    # Within a segment from segment to segment + 1, exactly 1 at its last professional.
    running = np.cumsum(volume / total[segment])
    last = np.cumsum(table.ravel()) - 1
    running[last] = np.arange(1, table.size + 1)
    keys = draws.keys(draws.key(seed, "professional"), len(segment))
    return Professionals(
        group=group,
        region=region,
        sector=_sectors(keys, group),
        price=0.88 + 0.3 * draws.uniform(keys, "price"),
        volume=volume,
        cumulated=running,
        regions=regions,
        identifier=[f"999{100_000 + number:06d}" for number in range(len(segment))],
        name=_names(keys, group),
    )


def _sectors(keys: Keys, group: Ints) -> Ints:
    public = np.array([0.3] * len(SPECIALTIES) + [kind[3] for kind in _KINDS])
    is_public = draws.uniform(keys, "public") < public[group]
    own = (group == GROUP["clinic"]) & draws.chance(keys, "own", 0.06)
    return np.where(is_public, 0, np.where(own, 2, 1))


def _names(keys: Keys, group: Ints) -> list[str]:
    family = draws.integers(keys, "family", 0, len(names.FAMILY) - 1).tolist()
    female = draws.chance(keys, "sex", 0.4).tolist()
    given = draws.uniform(keys, "given").tolist()
    place = draws.integers(keys, "place", 0, len(_PLACES) - 1).tolist()
    found = []
    for number, code in enumerate(group.tolist()):
        if GROUPS[code] == "abroad":
            found.append(f"Hôpital étranger {chr(65 + number % 26)}{number % 97} (fictif)")
            continue
        house = _HOUSES.get(GROUPS[code])
        if house is not None:
            found.append(f"{house} {_PLACES[place[number]]} (fictif)")
            continue
        first = names.FEMALE if female[number] else names.MALE
        title = "Dr " if KIND[code] in ("doctor", "dentist") else ""
        found.append(
            f"{title}{first[int(given[number] * len(first))]} {names.FAMILY[family[number]]}"
        )
    return found
