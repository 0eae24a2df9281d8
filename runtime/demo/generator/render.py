"""From columns to messages of the intake format (dossier reçu, medcontrol.intake.v1)."""

from collections.abc import Iterator
from datetime import date

import numpy as np

from medcontrol.vocabulary import Scheme
from runtime.demo.generator import documents, draws, texts
from runtime.demo.generator.acts import ACTS
from runtime.demo.generator.arrivals import instants, iso_days, seconds_of_day, to_date
from runtime.demo.generator.build import ICDS, World
from runtime.demo.generator.columns import Files
from runtime.demo.generator.diagnoses import PATHOLOGIES
from runtime.demo.generator.identities import Message, persons, professionals
from runtime.demo.generator.services import SERVICES, Service

_CHANNELS = ("paper", "portal", "edi")
_SLICE = 4096


def money(cents: int) -> str:
    """Return an amount as the format wants it.

    >>> money(120950)
    '1209.50'
    """
    return f"{cents // 100}.{cents % 100:02d}"


def render(world: World, files: Files, day: date, identifiers: list[str]) -> Iterator[Message]:
    """Yield the message of each file, received in this order through ``day``.

    Args:
        world: whom the files are about.
        files: columns, any order; the n-th one arrives as the n-th of the day.
        day: civil day of reception in Morocco.
        identifiers: ``external_id`` of each file.
    """
    seconds = np.sort(seconds_of_day(files.own))
    for at in range(0, len(files), _SLICE):
        rows = np.arange(at, min(at + _SLICE, len(files)))
        stamps = instants(day, seconds[rows])
        yield from _render_slice(world, files.take(rows), day, (identifiers[at:], stamps))


def _render_slice(
    world: World, files: Files, day: date, heads: tuple[list[str], list[str]]
) -> Iterator[Message]:
    people = persons(world, files.member)
    prescribers = professionals(world, files.prescriber)
    providers = professionals(world, files.provider)
    starts, ends = iso_days(files.start), iso_days(files.end)
    bits = (draws.uniform(files.own, "bits") * 2.0**53).astype(np.int64).tolist()
    lines, cents = _all_lines(files), files.cents().tolist()
    service = files.service.tolist()
    channel = _channels(files)
    medical = _medical(world, files, bits)
    paperwork = _paperwork(world, files, day, bits)
    for row, (identifier, stamp) in enumerate(zip(*heads, strict=False)):
        kind = SERVICES[service[row]]
        agency, insured, beneficiary = people[row]
        message: Message = {
            "schema": "medcontrol.intake.v1",
            "source": _source(kind, channel[row]),
            "external_id": identifier,
            "received_at": stamp,
            "jurisdiction": "ma",
            "scheme": kind.scheme.value,
            "flow": kind.flow,
            "nature": kind.nature,
            "channel": channel[row],
            "agency": agency,
            "insured": insured,
        }
        message |= beneficiary
        message["prescriber"], message["provider"] = prescribers[row], providers[row]
        if kind.flow != "ald":
            message["care"] = {"from": starts[row], "to": ends[row]}
        if lines[row]:
            message |= {"lines": lines[row], "amount": money(cents[row]), "currency": "MAD"}
        message["medical"] = medical[row]
        message |= paperwork[row]
        if channel[row] == "paper":
            message["paper"] = _paper(agency, bits[row])
        yield message


def _source(service: Service, channel: str) -> str:
    if channel == "portal":
        return "portal"
    return "si-amo" if service.scheme is Scheme.AMO else "si-rg"


def _channels(files: Files) -> list[str]:
    table = np.cumsum([service.channels for service in SERVICES], axis=1)
    place = draws.uniform(files.own, "channel")
    index = (place[:, None] >= table[files.service, :2]).sum(axis=1)
    return [_CHANNELS[number] for number in index.tolist()]


def _all_lines(files: Files) -> list[list[Message]]:
    count = files.count
    at = np.repeat(files.first - np.cumsum(count) + count, count) + np.arange(count.sum())
    act, quantity, price, day, tooth = (
        column[at]
        for column in (
            files.lines.act, files.lines.quantity, files.lines.price, files.lines.day,
            files.lines.tooth,
        )
    )  # fmt: skip
    rows = iter(
        zip(
            act.tolist(),
            quantity.tolist(),
            price.tolist(),
            iso_days(day),
            tooth.tolist(),
            strict=True,
        )
    )
    return [
        [_line(number, *next(rows)) for number in range(1, many + 1)] for many in count.tolist()
    ]


def _line(number: int, act: int, quantity: int, price: int, day: str, tooth: int) -> Message:
    line: Message = {
        "no": number,
        "act": ACTS[act].code,
        "label": ACTS[act].label,
        "quantity": str(quantity),
        "unit_price": money(price),
        "amount": money(price * quantity),
        "date": day,
    }
    if tooth:
        line["tooth"] = str(tooth)
    return line


def _medical(world: World, files: Files, bits: list[int]) -> list[Message]:
    pathology = world.people.members.pathology[files.member].tolist()
    found = []
    for service, icd, ill, bit in zip(
        files.service.tolist(), files.icd.tolist(), pathology, bits, strict=True
    ):
        flow = SERVICES[service].flow
        content: Message = {
            "diagnoses": [{"icd10": ICDS[icd], "main": True}],
            "summary": texts.summary(flow, ICDS[icd], bit),
        }
        if flow in ("ald", "medicines"):
            content["pathology"] = PATHOLOGIES[ill].code
        found.append(content)
    return found


def _paperwork(world: World, files: Files, day: date, bits: list[int]) -> list[Message]:
    """Return the members that only some files have: urgency, numbers, form, documents."""
    people = world.people.members
    declared = (people.declared & (people.pathology >= 0))[files.member].tolist()
    urgency, papers = draws.uniform(files.own, "urgent"), draws.uniform(files.own, "documents")
    outside = draws.chance(files.own, "outside", 0.004).tolist()
    rows = zip(
        files.service.tolist(), files.member.tolist(), files.authorisation.tolist(), declared,
        urgency.tolist(), papers.tolist(), outside, bits, files.start.tolist(),
        files.icd.tolist(), strict=True,
    )  # fmt: skip
    found = []
    for service, member, number, has_ald, urgent, paper, sent, bit, start, icd in rows:
        kind = SERVICES[service]
        extra: Message = {}
        if urgent < kind.urgent:
            extra["urgent"] = True
        if number >= 0:
            extra["authorisation"] = f"{kind.authorisation}-{number:06d}"
        if has_ald and kind.nature != "first" and (kind.chronic or kind.flow == "ald"):
            extra["ald_number"] = ald_number(member)
        if paper < kind.documents:
            extra["documents"] = _documents(kind, bit)
        if sent:
            extra["control"] = _control(bit)
        answers = texts.form(kind.flow, kind.nature, ICDS[icd], (min(to_date(start), day), bit))
        if answers:
            extra["form"] = answers
        found.append(extra)
    return found


def ald_number(member: int) -> str:
    """Return the number of a member's exoneration (ETM), the same on every file."""
    return f"ETM-{member:07d}"


def _documents(service: Service, bits: int) -> list[Message]:
    # Two in three come with their bytes; the others were only announced by the sender.
    with_content = bits % 3 != 0
    many = 1 + (bits >> 3) % len(service.kinds)
    return [
        documents.entries(kind, bits >> 5, with_content=with_content)
        for kind in service.kinds[:many]
    ]


def _control(bits: int) -> Message:
    return {
        "required": True,
        "mode": ("on_file", "on_file", "in_person")[(bits >> 7) % 3],
        "level": ("local", "local", "regional")[(bits >> 9) % 3],
        "reason": ("signalement d'une agence", "recoupement avec le fichier employeur",
                   "demande du service des prestations")[(bits >> 11) % 3],
    }  # fmt: skip


def _paper(agency: str, bits: int) -> Message:
    return {
        "location": f"{agency} / étagère {1 + (bits >> 13) % 40}",
        "slip": f"BRD-{(bits >> 17) % 100_000:05d}",
        "pages": 2 + (bits >> 35) % 14,
        "sealed_envelope": (bits >> 40) % 3 == 0,
    }
