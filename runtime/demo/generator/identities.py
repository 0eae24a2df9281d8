"""People and professionals as members of a message (identités)."""

from typing import Any

import numpy as np

from runtime.demo.generator import names
from runtime.demo.generator.arrivals import iso_days
from runtime.demo.generator.build import World
from runtime.demo.generator.draws import Ints
from runtime.demo.generator.people import INSURED, LANGUAGES, RELATIONS
from runtime.demo.generator.professionals import GROUPS, KIND, SECTORS

Message = dict[str, Any]


def _given(female: int, index: int) -> str:
    return (names.GIVEN_FEMALE if female else names.GIVEN_MALE)[index]


def persons(world: World, member: Ints) -> list[tuple[str, Message, Message]]:
    """Return agency, insured person and the member ``beneficiary``, if any, of each file."""
    population, people = world.people, world.people.members
    insured = people.insured[member]
    numbers, cards = population.registration(insured), population.national_id(insured)
    heads = zip(
        *(c[insured].tolist() for c in (people.family, people.given, people.female)),
        iso_days(people.birth[insured]),
        population.language[insured].tolist(),
        population.consent[insured].tolist(),
        population.agency[insured].tolist(),
        _beneficiaries(world, member),
        numbers,
        cards,
        strict=True,
    )
    return [
        (
            population.agencies[agency],
            {
                "registration_number": number,
                "national_id": card,
                "family_name": names.FAMILY_ALL[family],
                "given_name": _given(female, given),
                "birth_date": birth,
                "sex": "F" if female else "M",
                "phone": f"+21260{number[-7:]}",
                "language": LANGUAGES[language],
                "digital_consent": consent,
            },
            other,
        )
        for family, given, female, birth, language, consent, agency, other, number, card in heads
    ]


def _beneficiaries(world: World, member: Ints) -> list[Message]:
    people = world.people.members
    rows = zip(
        *(
            column[member].tolist()
            for column in (people.relation, people.family, people.given, people.female)
        ),
        iso_days(people.birth[member]),
        strict=True,
    )
    return [
        {}
        if relation == INSURED
        else {
            "beneficiary": {
                "relation": RELATIONS[relation],
                "family_name": names.FAMILY_ALL[family],
                "given_name": _given(female, given),
                "birth_date": birth,
                "sex": "F" if female else "M",
            }
        }
        for relation, family, given, female, birth in rows
    ]


def professionals(world: World, rows: Ints) -> list[Message]:
    care = world.professionals
    found: dict[int, Message] = {}
    for row in np.unique(rows).tolist():
        group = int(care.group[row])
        entry: Message = {"id": care.identifier[row], "name": care.name[row]}
        if KIND[group] in ("doctor", "dentist"):
            entry["specialty"] = GROUPS[group]
        entry |= {"kind": KIND[group], "sector": SECTORS[int(care.sector[row])]}
        found[row] = entry
    return [found[row] for row in rows.tolist()]
