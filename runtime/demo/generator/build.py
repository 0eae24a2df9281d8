"""From keys to the columns of files: who, by whom, when, what and how much (dossiers)."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from runtime.demo.generator import draws
from runtime.demo.generator.acts import ACTS, INDEX
from runtime.demo.generator.columns import Files, Lines
from runtime.demo.generator.diagnoses import LABELS, PATHOLOGIES, SPECIALTIES
from runtime.demo.generator.draws import Bools, Floats, Ints, Keys
from runtime.demo.generator.people import CHRONIC_CODES, YEAR, Population
from runtime.demo.generator.professionals import GROUP, Professionals
from runtime.demo.generator.services import BY_NAME, SERVICES, Service

ICDS: tuple[str, ...] = tuple(sorted(LABELS))
_ICD = {code: number for number, code in enumerate(ICDS)}
_CHRONIC_ICD = np.array([_ICD[code] for code in CHRONIC_CODES])
_LOW = np.array([act.low for act in ACTS])
_HIGH = np.array([act.high for act in ACTS])
_QUANTITY_LOW = np.array([act.quantity[0] for act in ACTS])
_QUANTITY_HIGH = np.array([act.quantity[1] for act in ACTS])
_TOOTH = np.array([act.has_tooth for act in ACTS])
_MEDICINES = np.array([[INDEX[code] for code in one.medicines] for one in PATHOLOGIES])
_TREATED_BY = np.array([SPECIALTIES.index(one.specialty) for one in PATHOLOGIES])
# Length in days of the first part of an episode that goes on: leaves 15, stays 8.
_LONG = {"leave": 15}
_LONG_STAY = 8
_LONG_SHARE = 0.36
_NO_LINES = Lines(*(np.zeros(0, np.int64) for _ in range(5)))


@dataclass(frozen=True)
class World:
    """What files are made from."""

    seed: int
    people: Population
    professionals: Professionals
    regions: tuple[str, ...]


def build(
    world: World, name: str, keys: Keys, day: int | Ints, *, members: Ints | None = None
) -> Files:
    """Return one file of the service called ``name`` for each key, received on ``day``.

    Args:
        world: people and professionals.
        name: name of a service.
        keys: keys of the stories; the same key gives the same person, provider and acts.
        day: day of reception, days since 1970-01-01; one for all or one each.
        members: rows of the people concerned, where the caller chooses them.
    """
    service = SERVICES[BY_NAME[name]]
    day = np.broadcast_to(np.asarray(day, dtype=np.int64), keys.shape)
    member = _choose_members(world, service, keys, day) if members is None else members
    start, end = _care_days(service, keys, day)
    member = _not_before_birth(world, member, np.minimum(start, day))
    prescriber, provider = _choose_professionals(world, service, keys, member)
    first, count, lines = _lines(world, service, keys, member, (provider, start, end))
    own = draws.sub_keys(keys, np.full(len(keys), BY_NAME[name]))
    number = (keys % np.uint64(1_000_000)).astype(np.int64)
    return Files(
        service=np.full(len(keys), BY_NAME[name]),
        key=keys,
        own=own,
        member=member,
        prescriber=prescriber,
        provider=provider,
        start=start,
        end=end,
        icd=_diagnoses(world, service, keys, member, start),
        authorisation=number if service.authorisation else np.full(len(keys), -1),
        first=first,
        count=count,
        lines=lines,
    )


def service_keys(world: World, service: Service, day: int, count: int) -> Keys:
    """Return the keys of the ``count`` files of a service that are received on ``day``.

    Those of an episode begun on an earlier day are the ones that were made on that day.
    """
    if not service.episode:
        return draws.keys(draws.key(world.seed, service.name, day), count)
    base = draws.key(world.seed, service.episode, day + service.offset)
    if service.part == 0:
        return draws.keys(base, count)
    candidates = draws.keys(base, int(count / _LONG_SHARE * 1.6) + 32)
    return candidates[_is_long(candidates)][:count]


def _is_long(keys: Keys) -> Bools:
    return draws.chance(keys, "long", _LONG_SHARE)


def _choose_members(world: World, service: Service, keys: Keys, day: Ints) -> Ints:
    which = draws.weighted(keys, "pool", np.array([weight for _, weight in service.pools]))
    chosen = np.empty(len(keys), np.int64)
    for number, (pool, _) in enumerate(service.pools):
        mine = which == number
        if not pool.startswith("~"):
            chosen[mine] = draws.pick(keys[mine], "member", world.people.pool(pool))
            continue
        for begun in np.unique(day[mine] + service.offset).tolist():
            then = mine & (day + service.offset == begun)
            rows = world.people.cohort(pool[1:], begun)
            chosen[then] = draws.pick(keys[then], "member", rows)
    return chosen


def _not_before_birth(world: World, member: Ints, day: Ints) -> Ints:
    """Replace a child not yet born (or a few days old) on the day of care by its parent."""
    people = world.people.members
    return np.where(people.birth[member] > day - 30, people.insured[member], member)


def _care_days(service: Service, keys: Keys, day: Ints) -> tuple[Ints, Ints]:
    if not service.episode:
        end = day - draws.integers(keys, "delay", *service.delay)
        return end - draws.integers(keys, "span", 0, service.span), end
    begun = day + service.offset
    short = draws.integers(keys, "length", *service.length)
    long = _LONG.get(service.episode, _LONG_STAY)
    if service.episode == "maternity":
        return begun, begun + short - 1
    if service.part == 0:
        length = np.where(_is_long(keys), long, short)
        return begun, begun + length - 1
    more = draws.integers(keys, "more", 3, 2 * long)
    return begun + long, begun + long + more - 1


def _choose_professionals(
    world: World, service: Service, keys: Keys, member: Ints
) -> tuple[Ints, Ints]:
    people, care = world.people, world.professionals
    region = people.region[people.members.insured[member]]
    # A chronic patient keeps the same doctor and the same pharmacy.
    ill = people.members.pathology[member] >= 0
    patient = people.member_keys(member)
    place = np.where(ill, draws.uniform(patient, "doctor"), draws.uniform(keys, "doctor"))
    shop = np.where(ill, draws.uniform(patient, "shop"), draws.uniform(keys, "shop"))
    prescriber = care.choose(_specialty(world, service, keys, member), region, place)
    if service.provider == "prescriber":
        return prescriber, prescriber
    provider = care.choose(np.full(len(keys), GROUP[service.provider]), region, shop)
    if service.prescribers[0].startswith("@"):
        return provider, provider
    return prescriber, provider


def _specialty(world: World, service: Service, keys: Keys, member: Ints) -> Ints:
    if service.prescribers == ("pathology",):
        found: Ints = _TREATED_BY[world.people.members.pathology[member]]
        return found
    groups = np.array([GROUP[name.removeprefix("@")] for name in service.prescribers])
    return draws.pick(keys, "specialty", groups)


def _diagnoses(world: World, service: Service, keys: Keys, member: Ints, start: Ints) -> Ints:
    people = world.people.members
    chronic = people.icd[member]
    from_illness = (chronic >= 0) & draws.chance(keys, "own-illness", service.chronic)
    known: Ints = _CHRONIC_ICD[chronic]
    if not service.icds:
        return known
    adult = draws.pick(keys, "icd", np.array([_ICD[code] for code in service.icds]))
    if service.icds_child:
        child = draws.pick(keys, "icd", np.array([_ICD[code] for code in service.icds_child]))
        adult = np.where((start - people.birth[member]) / YEAR < 16, child, adult)
    return np.where(from_illness, known, adult)


@lru_cache(maxsize=256)
def _act_indices(codes: tuple[str, ...]) -> Ints:
    return np.array([INDEX[code] for code in codes])


def _lines(
    world: World, service: Service, keys: Keys, member: Ints, where_when: tuple[Ints, Ints, Ints]
) -> tuple[Ints, Ints, Lines]:
    if not service.lines:
        nothing = np.zeros(len(keys), np.int64)
        return nothing, nothing, _NO_LINES
    provider, start, end = where_when
    count = 1 + draws.weighted(keys, "lines", np.array(service.lines))
    first = np.cumsum(count) - count
    of = np.repeat(np.arange(len(keys)), count)
    number = np.arange(len(of)) - first[of]
    own = draws.sub_keys(keys[of], number)
    act = _acts(world, service, own, number, member[of])
    quantity = _QUANTITY_LOW[act] + (
        draws.uniform(own, "quantity") * (_QUANTITY_HIGH - _QUANTITY_LOW + 1)[act]
    ).astype(np.int64)
    day = np.minimum(start[of] + draws.integers(own, "day", 0, 30) % (end - start + 1)[of], end[of])
    day = np.where(number == 0, start[of], day)
    lines = Lines(
        act=act,
        quantity=quantity,
        price=_prices(own, act, world.professionals.price[provider[of]]),
        day=day,
        tooth=np.where(_TOOTH[act], _teeth(world, keys[of], number, (member[of], day)), 0),
    )
    return first, count, lines


def _acts(world: World, service: Service, own: Keys, number: Ints, member: Ints) -> Ints:
    if service.lead == ("@",):
        found: Ints = _MEDICINES[world.people.members.pathology[member], number % 2]
        return found
    lead = draws.pick(own, "act", _act_indices(service.lead))
    if not service.rest:
        return lead
    return np.where(number == 0, lead, draws.pick(own, "act", _act_indices(service.rest)))


def _prices(own: Keys, act: Ints, level: Floats) -> Ints:
    """Return unit prices in cents, rounded to 50 centimes, dearer at some providers."""
    place = draws.uniform(own, "price") ** 1.6
    cents = (_LOW[act] + place * (_HIGH - _LOW)[act]) * level
    rounded: Ints = np.maximum((cents / 50).astype(np.int64), 1) * 50
    return rounded


def _teeth(world: World, of: Keys, number: Ints, who_when: tuple[Ints, Ints]) -> Ints:
    """Return FDI numbers, never the same tooth twice in a file; milk teeth before seven."""
    member, day = who_when
    age = (day - world.people.members.birth[member]) / YEAR
    adult = (draws.integers(of, "tooth", 0, 27) + number * 5) % 28
    child = (draws.integers(of, "tooth", 0, 19) + number * 3) % 20
    grown = 10 * (1 + adult // 7) + 1 + adult % 7
    milk = 10 * (5 + child // 5) + 1 + child % 5
    return np.where(age < 7, milk, grown)
