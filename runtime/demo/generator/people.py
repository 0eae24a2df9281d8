"""Insured people, their families and their chronic illnesses (assurés et ayants droit)."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from runtime.demo.generator import draws, names
from runtime.demo.generator.diagnoses import (
    PATHOLOGIES,
    TUMOURS_CHILD,
    TUMOURS_F,
    TUMOURS_M,
)
from runtime.demo.generator.draws import Bools, Floats, Ints, Keys

INSURED, SPOUSE, CHILD = 0, 1, 2
RELATIONS = (None, "spouse", "child")
YEAR = 365.25
LANGUAGES = ("ar", "fr", "en")
_NEVER = -1
_CYCLE = 30
# owner, relation, birth, female, family name, given name
_Rows = tuple[Ints, Ints, Ints, Ints, Ints, Ints]
_TUMOUR = next(i for i, pathology in enumerate(PATHOLOGIES) if pathology.number == 39)
# ICD-10 codes that a chronic person may carry: those of the list, then the tumours by sex and age.
CHRONIC_CODES: tuple[str, ...] = tuple(
    [pathology.icd10 for pathology in PATHOLOGIES]
    + [code for code, _ in TUMOURS_M + TUMOURS_F + TUMOURS_CHILD]
)


@dataclass(frozen=True, slots=True)
class Members:
    """Everybody with rights, one row each: first all insured people, then spouses, then children.

    ``insured`` is the row of the person who opens the rights (so ``insured < insured count``),
    ``birth`` days since 1970-01-01, ``female`` 1 or 0, ``pathology`` an index into
    ``PATHOLOGIES`` or -1, ``icd`` one into ``CHRONIC_CODES`` or -1, ``declared`` whether an ALD
    is recognised already.
    """

    insured: Ints
    relation: Ints
    birth: Ints
    female: Ints
    family: Ints
    given: Ints
    pathology: Ints
    icd: Ints
    declared: Bools

    def __len__(self) -> int:
        return len(self.insured)


@dataclass(frozen=True)
class Population:
    """A population as it is on ``as_of``; ages hold from two years before to one year after.

    ``agency`` is an index into the fund's agencies, ``region`` one into its regions, both per
    insured person.
    """

    seed: int
    as_of: int
    members: Members
    insured_count: int
    agency: Ints
    region: Ints
    language: Ints
    consent: Bools
    agencies: tuple[str, ...]
    _pools: dict[str, Ints] = field(default_factory=dict)

    def member_keys(self, members: Ints) -> Keys:
        """Return the key of each member, the same on every day."""
        return draws.sub_keys(
            np.full(len(members), draws.key(self.seed, "member"), np.uint64), members
        )

    def registration(self, insured: Ints) -> list[str]:
        """Return registration numbers (immatriculation): 999 and digits, one for each person."""
        # One digit more than professionals have: the two never look alike.
        digits = max(7, len(str(self.insured_count - 1)))
        shuffled = (insured * 617_371 + draws.key(self.seed, "nss") % 10**digits) % 10**digits
        return [f"999{number:0{digits}d}" for number in shuffled.tolist()]

    def national_id(self, insured: Ints) -> list[str]:
        """Return national identity numbers: ZZ and digits, which no real card has."""
        digits = max(6, len(str(self.insured_count - 1)))
        shuffled = (insured * 830_707 + draws.key(self.seed, "cni") % 10**digits) % 10**digits
        return [f"ZZ{number:0{digits}d}" for number in shuffled.tolist()]

    @cached_property
    def age(self) -> Floats:
        """Age of every member on ``as_of``, in years."""
        return (self.as_of - self.members.birth) / YEAR

    def pool(self, name: str) -> Ints:
        """Return the rows of the members whom a kind of file may concern.

        Raises:
            KeyError: no such pool.
        """
        if name not in self._pools:
            found = np.flatnonzero(self._mask(name))
            if len(found) == 0:
                raise ValueError(f"population too small: nobody in pool {name!r}")
            self._pools[name] = found
        return self._pools[name]

    def workers_of(self, region: int) -> Ints:
        """Return the insured people of working age in one region."""
        name = f"worker#{region}"
        if name not in self._pools:
            workers = self.pool("worker")
            self._pools[name] = workers[self.region[workers] == region]
        return self._pools[name]

    def _mask(self, name: str) -> Bools:
        people, age = self.members, self.age
        insured, woman = people.relation == INSURED, people.female == 1
        # Files of the past fifteen months are made too: lower bounds leave that much room.
        masks = {
            "adult": age >= 20.0,
            "child": (people.relation == CHILD) & (age >= 2.0) & (age < 18),
            "worker": insured & (age >= 20.0) & (age < 59),
            "mother": insured & woman & (age >= 22) & (age < 43),
            "woman": woman & (age >= 21) & (age < 60) & (people.relation != CHILD),
            "braces": (people.relation == CHILD) & (age >= 9.5) & (age < 15),
            "braces_late": (people.relation == CHILD) & (age >= 17.5) & (age < 20),
            "invalid": insured & (age >= 32) & (age < 58),
            "disabled": (people.relation == CHILD) & (age >= 4) & (age < 23),
            "chronic": (people.pathology >= 0) & people.declared & (age >= 3),
            "new_chronic": (people.pathology >= 0) & ~people.declared & (age >= 3),
            "kidney": (people.pathology == 16) & (age >= 20),
            "tumour": (people.pathology == _TUMOUR) & (age >= 3),
            "senior": age >= 58,
        }
        found: Bools = masks[name]
        return found

    def cohort(self, name: str, day: int) -> Ints:
        """Return those of a pool whose turn comes on ``day``, once in thirty days.

        The same chronic patient so comes back every month. Small pools come back whole.
        """
        turn = f"{name}@{day % _CYCLE}"
        if turn not in self._pools:
            pool = self.pool(name)
            turns = draws.integers(self.member_keys(pool), "turn", 0, _CYCLE - 1)
            due = pool[turns == day % _CYCLE]
            self._pools[turn] = due if len(due) >= 8 else pool
        return self._pools[turn]


def make_population(
    seed: int, as_of: int, insured: int, agencies: tuple[str, ...], agency_weights: Floats,
    agency_region: Ints,
) -> Population:  # fmt: skip
    """Invent a population of ``insured`` people and their families.

    Args:
        seed: same seed, same people.
        as_of: days since 1970-01-01 on which ages are counted.
        insured: how many insured people; families come on top (about 2.5 members each).
        agencies: agency codes.
        agency_weights: how many people belong to each agency, relative.
        agency_region: index of each agency's region.
    """
    keys = draws.keys(draws.key(seed, "insured"), insured)
    heads = _insured_rows(keys, as_of)
    spouses = _spouse_rows(keys, heads, as_of)
    children = _child_rows(keys, heads, spouses, as_of)
    rows = [np.concatenate(columns) for columns in zip(heads, spouses, children, strict=True)]
    owner, relation, birth, female, family, given = rows
    pathology, icd, declared = _illness(seed, birth, female, as_of)
    agency = draws.weighted(keys, "agency", agency_weights)
    return Population(
        seed=seed,
        as_of=as_of,
        members=Members(owner, relation, birth, female, family, given, pathology, icd, declared),
        insured_count=insured,
        agency=agency,
        region=agency_region[agency],
        language=draws.weighted(keys, "language", np.array([0.62, 0.365, 0.015])),
        consent=draws.chance(keys, "consent", 0.58),
        agencies=agencies,
    )


def _given(keys: Keys, name: str, female: Ints) -> Ints:
    """Return an index into the list of the person's sex; one in twenty in Arabic script."""
    arabic = draws.chance(keys, name + "-script", 0.05)
    latin = np.where(
        female == 1,
        draws.integers(keys, name, 0, len(names.FEMALE) - 1),
        draws.integers(keys, name, 0, len(names.MALE) - 1),
    )
    last = np.where(
        female == 1,
        draws.integers(keys, name, len(names.FEMALE), len(names.GIVEN_FEMALE) - 1),
        draws.integers(keys, name, len(names.MALE), len(names.GIVEN_MALE) - 1),
    )
    return np.where(arabic, last, latin)


def _family(keys: Keys, name: str) -> Ints:
    latin = draws.weighted(
        keys, name, 1.0 / np.arange(12.0, 12.0 + len(names.FAMILY), dtype=np.float64)
    )
    last = draws.integers(keys, name, len(names.FAMILY), len(names.FAMILY_ALL) - 1)
    return np.where(draws.chance(keys, name + "-script", 0.04), last, latin)


def _insured_rows(keys: Keys, as_of: int) -> _Rows:
    # 20 to 84 on as_of: never under 18 or over 85 on any day that is generated.
    first, second = draws.uniform(keys, "age"), draws.uniform(keys, "age-2")
    age = 20.0 + 64.0 * np.where(first < 0.72, second * 0.62, 0.35 + second * 0.65)
    female = (draws.uniform(keys, "sex") < 0.37).astype(np.int64)
    count = len(keys)
    return (
        np.arange(count),
        np.full(count, INSURED),
        (as_of - age * YEAR).astype(np.int64),
        female,
        _family(keys, "family"),
        _given(keys, "given", female),
    )


def _spouse_rows(keys: Keys, heads: _Rows, as_of: int) -> _Rows:
    age = (as_of - heads[2]) / YEAR
    married = draws.uniform(keys, "married") < np.clip((age - 20) / 14, 0, 0.72)
    owner = np.flatnonzero(married)
    own, female = keys[owner], 1 - heads[3][owner]
    older = np.where(female == 1, -4.5, 4.5) + (draws.uniform(own, "gap") - 0.5) * 12
    spouse_age = np.clip(age[owner] + older, 20.0, 84.0)
    return (
        owner,
        np.full(len(owner), SPOUSE),
        (as_of - spouse_age * YEAR).astype(np.int64),
        female,
        _family(own, "spouse-family"),
        _given(own, "spouse-given", female),
    )


def _child_rows(keys: Keys, heads: _Rows, spouses: _Rows, as_of: int) -> _Rows:
    """Children up to 24, at least 17 years younger than the younger parent, born before 46."""
    younger, older = heads[2].copy(), heads[2].copy()
    younger[spouses[0]] = np.maximum(younger[spouses[0]], spouses[2])
    older[spouses[0]] = np.minimum(older[spouses[0]], spouses[2])
    father_family = heads[4].copy()
    from_husband = spouses[0][spouses[3] == 0]
    father_family[from_husband] = spouses[4][spouses[3] == 0]
    highest = np.minimum((as_of - younger) / YEAR - 17.0, 24.0)
    lowest = np.maximum((as_of - older) / YEAR - 46.0, 0.02)
    single = np.ones(len(keys), np.int64)
    single[spouses[0]] = 0
    wanted = draws.weighted(keys, "children", np.array([0.16, 0.2, 0.28, 0.21, 0.1, 0.05]))
    wanted = np.where((single == 1) & (draws.uniform(keys, "parent") < 0.85), 0, wanted)
    wanted = np.where(highest > lowest + 0.5, wanted, 0)
    owner = np.repeat(np.arange(len(keys)), wanted)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    own = draws.sub_keys(keys[owner], number)
    age = lowest[owner] + draws.uniform(own, "age") * (highest - lowest)[owner]
    female = (draws.uniform(own, "sex") < 0.49).astype(np.int64)
    birth = (as_of - age * YEAR).astype(np.int64)
    given = _given(own, "given", female)
    return owner, np.full(len(owner), CHILD), birth, female, father_family[owner], given


def _illness(seed: int, birth: Ints, female: Ints, as_of: int) -> tuple[Ints, Ints, Bools]:
    count = len(birth)
    keys = draws.keys(draws.key(seed, "illness"), count)
    age = (as_of - birth) / YEAR
    bands = np.digitize(age, [18.0, 60.0])
    risk = np.interp(age, [0, 18, 30, 45, 60, 84], [0.008, 0.012, 0.02, 0.06, 0.16, 0.3])
    ill = draws.uniform(keys, "ill") < risk
    pathology = np.full(count, _NEVER)
    for band in range(3):
        mine = ill & (bands == band)
        table = np.array([one.weights[band] for one in PATHOLOGIES])
        pathology[mine] = draws.weighted(keys[mine], "pathology", table)
    icd = pathology.copy()
    tumour, second = pathology == _TUMOUR, draws.integers(keys, "tumour", 0, 1)
    base = len(PATHOLOGIES) + np.where(bands == 0, 4, np.where(female == 1, 2, 0))
    icd[tumour] = (base + second)[tumour]
    declared = ill & (draws.uniform(keys, "declared") < 0.9)
    return pathology, icd, declared
