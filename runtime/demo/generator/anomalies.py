"""Planted schemes (anomalies) that selectivity should find, with a label on every file."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from runtime.demo.generator import draws
from runtime.demo.generator.build import World, build
from runtime.demo.generator.columns import Files, concatenate
from runtime.demo.generator.draws import Ints, Keys
from runtime.demo.generator.professionals import GROUP

LABELS: dict[str, str] = {
    "duplicate_billing": "Même prestation facturée deux fois",
    "tooth_billed_twice": "Même dent facturée deux fois",
    "impossible_volume": "Volume journalier impossible chez un prestataire",
    "monday_sick_leaves": "Arrêts du lundi chez un même prescripteur",
    "split_invoices": "Facture fractionnée sous un seuil",
    "phantom_dialysis": "Séances de dialyse en nombre impossible",
    "doctor_shopping": "Psychotropes obtenus de plusieurs prescripteurs",
}
# (kind, share of the day's files, files of one group)
_PLAN: tuple[tuple[str, float, int], ...] = (
    ("duplicate_billing", 0.002, 2),
    ("tooth_billed_twice", 0.001, 1),
    ("impossible_volume", 0.01, 1),
    ("monday_sick_leaves", 0.003, 1),
    ("split_invoices", 0.0018, 3),
    ("phantom_dialysis", 0.0008, 1),
    ("doctor_shopping", 0.0016, 4),
)


# Of a small day, at most this share.
_AT_MOST = 0.25


@dataclass(frozen=True, slots=True)
class Planted:
    """Files of the schemes: ``kind`` indexes ``KINDS``, ``group`` counts within a kind."""

    files: Files
    kind: Ints
    group: Ints


KINDS: tuple[str, ...] = tuple(kind for kind, _, _ in _PLAN)


def plant(world: World, day: int, total: int) -> Planted | None:
    """Return the files of the schemes on a day of ``total`` files, about two in a hundred.

    On a day of 1,000 files or more every scheme is there; on a small day some, by turns. The
    same professionals are suspect on every day. None when the day has none.
    """
    parts, kinds, groups, planted = [], [], [], 0
    for number, (kind, share, size) in enumerate(_PLAN):
        many = _groups(world, kind, day, total * share / size, total)
        if many == 0:
            continue
        if (planted + many * size) > total * _AT_MOST:
            continue
        planted += many * size
        made = _MAKERS[kind](world, draws.keys(draws.key(world.seed, kind, day), many), day)
        parts.append(made)
        kinds.append(np.full(len(made), number))
        groups.append(np.arange(len(made)) // size)
    if not parts:
        return None
    return Planted(concatenate(parts), np.concatenate(kinds), np.concatenate(groups))


def _groups(world: World, kind: str, day: int, expected: float, total: int) -> int:
    place = draws.uniform(draws.keys(draws.key(world.seed, "groups", kind, day), 1), "round")[0]
    return max(int(expected + place), 1 if total >= 1000 else 0)


def _suspect(world: World, group: str) -> tuple[int, Ints]:
    """Return a professional of medium size in the most populous region, and adults there."""
    people = world.people
    region = int(np.bincount(people.region).argmax())
    candidates = world.professionals.of_group(group, region)
    return int(candidates[len(candidates) // 3]), people.workers_of(region)


def _duplicates(world: World, keys: Keys, day: int) -> Files:
    files = build(world, "heart", keys, day)
    return files.take(np.repeat(np.arange(len(files)), 2))


def _teeth(world: World, keys: Keys, day: int) -> Files:
    """A crown billed twice on one tooth in the same file."""
    files = build(world, "prosthesis", keys, day)
    first, lines = files.first, files.lines
    twice = np.repeat(first, 2)
    repeated = replace(
        lines,
        act=lines.act[twice],
        quantity=lines.quantity[twice],
        price=lines.price[twice],
        day=lines.day[twice],
        tooth=lines.tooth[twice],
    )
    count = np.full(len(files), 2)
    return replace(files, lines=repeated, count=count, first=np.arange(len(files)) * 2)


def _volumes(world: World, keys: Keys, day: int) -> Files:
    """One physiotherapist bills on one day what would take a week."""
    suspect, patients = _suspect(world, "physiotherapist")
    members = draws.pick(keys, "patient", patients)
    files = build(world, "physiotherapy", keys, day, members=members)
    same_day = np.full(len(files), day - 3)
    lines = replace(files.lines, day=np.full(len(files.lines), day - 3))
    provider = np.full(len(files), suspect)
    return replace(files, provider=provider, start=same_day, end=same_day, lines=lines)


def _mondays(world: World, keys: Keys, day: int) -> Files:
    """Short leaves that always begin on a Monday, by one prescriber, for backache."""
    suspect, patients = _suspect(world, "general")
    files = build(world, "leave", keys, day, members=draws.pick(keys, "patient", patients))
    # 1970-01-05 was a Monday: day 4.
    monday = np.full(len(files), day - 1 - (day - 1 - 4) % 7)
    doctor = np.full(len(files), suspect)
    return replace(files, prescriber=doctor, provider=doctor, start=monday, end=monday + 2)


def _split(world: World, keys: Keys, day: int) -> Files:
    """One appliance in three invoices on the same day, each below a thousand dirhams."""
    many = np.repeat(np.arange(len(keys)), 3)
    parts = build(world, "optics", keys, day).take(many)
    first = parts.first
    lines = replace(
        parts.lines,
        act=parts.lines.act[first],
        quantity=np.ones(len(first), np.int64),
        price=97_000
        + draws.integers(parts.key, "price", 0, 39) * 50
        + np.arange(len(first)) % 3 * 50,
        day=parts.start,
        tooth=np.zeros(len(first), np.int64),
    )
    return replace(
        parts,
        lines=lines,
        first=np.arange(len(first)),
        count=np.ones(len(first), np.int64),
        end=parts.start,
    )


def _dialysis(world: World, keys: Keys, day: int) -> Files:
    """More sessions than days in the stay."""
    files = build(world, "dialysis-invoice", keys, day)
    region = world.people.region[world.people.members.insured[files.member]]
    centre = world.professionals.choose(
        np.full(len(files), GROUP["dialysis"]), region, np.full(len(files), 0.3)
    )
    return replace(
        files, provider=centre, lines=replace(files.lines, quantity=files.lines.quantity + 17)
    )


def _shopping(world: World, keys: Keys, day: int) -> Files:
    """One person, four psychiatrists within a week."""
    people = draws.pick(keys, "patient", world.people.pool("worker"))
    member = np.repeat(people, 4)
    stories = draws.sub_keys(np.repeat(keys, 4), np.tile(np.arange(4), len(keys)))
    files = build(world, "psychiatry", stories, day, members=member)
    region = world.people.region[world.people.members.insured[member]]
    place = (np.tile(np.arange(4), len(keys)) + 0.5) / 4
    doctor = world.professionals.choose(np.full(len(files), GROUP["psychiatry"]), region, place)
    return replace(files, prescriber=doctor, provider=doctor)


_MAKERS: dict[str, Callable[[World, Keys, int], Files]] = {
    "duplicate_billing": _duplicates,
    "tooth_billed_twice": _teeth,
    "impossible_volume": _volumes,
    "monday_sick_leaves": _mondays,
    "split_invoices": _split,
    "phantom_dialysis": _dialysis,
    "doctor_shopping": _shopping,
}
