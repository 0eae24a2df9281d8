"""Files of the past as columns: what back-test, training and monitoring look at (cas)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.crypto import KeyRing, bind
from medcontrol.driver import driver
from medcontrol.vocabulary import ControlResult
from selectivity.history.snapshots import Snapshots, joined, number_of, word_of

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Cases:
    """Files of the past, one at each place; live and imported together.

    Ordered by day of reception, then id. Nobody is named, but sex and age are there for the
    measurement of fairness: for analysts' tools only, and never features of rules or score.

    Attributes:
        ids: UUID of the received file or of the past file.
        is_live: decided by this system (True), or imported.
        received_on: civil day of reception, datetime64[D].
        snapshots: features as stored at the decision: administrative ones and history; those of
            class medical too when they were asked for.
        lane: where it went; None for an imported file.
        level: where control began; None for an imported file.
        origins: why it was chosen; () when it went on. "other" only for imported files.
        matched_rows: rows whose cells matched.
        draw: the draw for random control, uint64.
        period: month whose key made the draw, "2026-11".
        inclusion_probability: chance of going where it went or further; nan unknown.
        outcome: value of ``ControlResult``; None when not controlled or not closed.
        amount_avoided: centimes, 0 when none, int64.
        decided_on: day from which the outcome is known, datetime64[D]; NaT without one.
        sex: F, M, U or None.
        age: years at reception, or None.
        scheme: insurance scheme.
        region: region of the agency.
        sector: of the provider; None unknown.
        flow: flow of the file.
        nature: nature of the file.
        agency: agency code.
        provider: id of the provider, or None.
        minutes: of the doctor, nan unknown.
    """

    ids: Array
    is_live: Array
    received_on: Array
    snapshots: Sequence[dict[str, Any]]
    lane: Array
    level: Array
    origins: list[tuple[str, ...]]
    matched_rows: list[tuple[str, ...]]
    draw: Array
    period: Array
    inclusion_probability: Array
    outcome: Array
    amount_avoided: Array
    decided_on: Array
    sex: Array
    age: Array
    scheme: Array
    region: Array
    sector: Array
    flow: Array
    nature: Array
    agency: Array
    provider: Array
    minutes: Array

    def __len__(self) -> int:
        """Return how many files there are."""
        return len(self.ids)


_OUTCOMES = b"""
SELECT DISTINCT ON (subject) coalesce(received_file_id, past_file_id) AS subject,
    CASE WHEN is_overturned THEN 'conform' ELSE result END,
    CASE WHEN is_overturned THEN 0 ELSE amount_avoided_cents END,
    coalesce(overturned_on, decided_on), minutes
FROM control_outcome WHERE jurisdiction = %(jurisdiction)s
ORDER BY subject, is_overturned, decided_on DESC, id DESC
"""

_LIVE = """
SELECT r.id, (r.received_at AT TIME ZONE %(zone)s)::date, d.features::text, d.lane, d.level,
    d.origins, d.matched_rows, d.draw, d.draw_period, d.inclusion_probability, r.sex, NULL::int,
    r.scheme, r.region_code, NULL::text, r.flow, r.nature, r.agency_code, r.provider_id, {medical}
FROM received_file r JOIN selectivity_decision d ON d.received_file_id = r.id
WHERE r.jurisdiction = %(jurisdiction)s AND r.received_at >= %(since)s AND r.received_at < %(end)s
"""

_PAST = """
SELECT r.id, r.received_on, r.features::text, NULL::text, NULL::text,
    CASE WHEN r.control_origin IS NULL THEN '{{}}'::text[] ELSE ARRAY[r.control_origin] END,
    '{{}}'::text[], r.draw, r.draw_period, r.inclusion_probability, r.sex, r.age, r.scheme,
    r.region_code, r.sector, r.flow, r.nature, r.agency_code, r.provider_id, {medical}
FROM past_file r
WHERE r.jurisdiction = %(jurisdiction)s AND r.received_on BETWEEN %(since_day)s AND %(until)s
"""

_CLOSED = "AND r.id IN (SELECT {subject} FROM control_outcome WHERE {subject} IS NOT NULL)"
_NO_OUTCOME = (None, 0, None, None)
_BLOCK = 10_000


def read_cases(
    session: Session,
    keys: KeyRing,
    *,
    jurisdiction: str,
    since: date,
    until: date,
    controlled_only: bool = False,
    with_medical: bool = False,
) -> Cases:
    """Return the files received from ``since`` to ``until``, both included.

    Args:
        session: any; nothing is written.
        keys: to read features of class medical.
        jurisdiction: whose files.
        since: first civil day of reception.
        until: last one.
        controlled_only: only files whose control has a result.
        with_medical: also features of class medical, decrypted; the caller answers for who looks.
    """
    zone = ZONES[jurisdiction]
    end = date.fromordinal(until.toordinal() + 1)
    values = {
        "jurisdiction": jurisdiction,
        "zone": str(zone),
        "since": datetime.combine(since, time(), zone),
        "end": datetime.combine(end, time(), zone),
        "since_day": since,
        "until": until,
    }
    outcomes = {row[0]: row[1:] for row in _read(session, _OUTCOMES, values)}
    rows: list[tuple[Any, ...]] = []
    words: dict[str, str] = {}
    for is_live in (True, False):
        question = _question(is_live, controlled_only, with_medical)
        rows.extend(
            _row((*found, *outcomes.get(found[0], _NO_OUTCOME)), is_live, keys, words)
            for found in _read(session, question, values)
        )
    return _cases(rows)


def _question(is_live: bool, controlled_only: bool, with_medical: bool) -> bytes:
    owner = "d" if is_live else "r"
    medical = f"{owner}.key_id, {owner}.medical_features" if with_medical else "NULL, NULL"
    text = (_LIVE if is_live else _PAST).format(medical=medical)
    if controlled_only:
        text += _CLOSED.format(subject="received_file_id" if is_live else "past_file_id")
    return text.encode()


def _read(session: Session, question: bytes, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield rows through a cursor of the server, so that they are held only once."""
    with (
        driver(session) as connection,
        connection.cursor(name="cases", binary=True) as cursor,
    ):
        cursor.itersize = _BLOCK
        yield from cursor.execute(question, values)


def _row(
    found: tuple[Any, ...], is_live: bool, keys: KeyRing, words: dict[str, str]
) -> tuple[Any, ...]:
    """Return a row in the order of the fields of ``Cases``; equal words are one object."""
    (
        file_id, day, text, lane, level, origins, matched, draw, period, chance, sex, age, scheme,
        region, sector, flow, nature, agency, provider, key_id, secret, result, avoided, decided_on,
        minutes,
    ) = found  # fmt: skip
    if is_live:
        sector = word_of(text, "provider_sector")
        age = number_of(text, "beneficiary_age")
    if secret is not None:
        table = "selectivity_decision" if is_live else "past_file"
        text = joined(text, keys.decrypt(key_id, secret, bind(table, file_id)).decode())
    shared = [
        None if each is None else words.setdefault(each, each)
        for each in (lane, level, period, result, sex, scheme, region, sector, flow, nature,
                     agency, provider)
    ]  # fmt: skip
    lane, level, period, result, sex, scheme, region, sector, flow, nature, agency, provider = (
        shared
    )
    return (
        file_id, is_live, day, text, lane, level, tuple(origins), tuple(matched),
        int.from_bytes(draw, "big"), period, chance, result, avoided or 0, decided_on, sex, age,
        scheme, region, sector, flow, nature, agency, provider, minutes,
    )  # fmt: skip


_NUMBERS = {
    "is_live": "bool",
    "draw": "uint64",
    "inclusion_probability": "float64",
    "amount_avoided": "int64",
    "minutes": "float64",
}
_DAYS = frozenset({"received_on", "decided_on"})
_LISTS = frozenset({"snapshots", "origins", "matched_rows"})


def _cases(rows: list[tuple[Any, ...]]) -> Cases:
    rows.sort(key=_order)
    names = [field.name for field in fields(Cases)]
    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    found: dict[str, Any] = {}
    for name in names:
        values = columns.get(name, ())
        if name == "snapshots":
            found[name] = Snapshots(list(values))
        elif name in _LISTS:
            found[name] = list(values)
        elif name in _DAYS:
            found[name] = _days(values)
        elif name in _NUMBERS:
            found[name] = np.array(values, dtype=_NUMBERS[name])
        else:
            found[name] = objects(values)
    return Cases(**found)


def _days(values: Sequence[date | None]) -> Array:
    """Return days as numpy counts them; its own way of reading dates takes ten times as long."""
    epoch = date(1970, 1, 1).toordinal()
    never = np.iinfo(np.int64).min  # what NaT is made of
    numbers = (never if day is None else day.toordinal() - epoch for day in values)
    return np.fromiter(numbers, dtype=np.int64, count=len(values)).view("datetime64[D]")


def _order(row: tuple[Any, ...]) -> tuple[date, UUID]:
    return row[2], row[0]


def objects(values: Sequence[Any]) -> Array:
    """Return any values as an array of objects, of one dimension whatever they are."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def select(cases: Cases, chosen: npt.ArrayLike) -> Cases:
    """Return some of the files, by a mask or by places."""
    places = np.asarray(chosen)
    if places.dtype == bool:
        places = np.flatnonzero(places)
    found: dict[str, Any] = {}
    for field in fields(Cases):
        values = getattr(cases, field.name)
        if isinstance(values, np.ndarray):
            found[field.name] = values[places]
        elif isinstance(values, Snapshots):
            found[field.name] = values.take(places.tolist())
        else:
            found[field.name] = [values[place] for place in places]
    return Cases(**found)


def is_hit(outcome: Array) -> Array:
    """Return which outcomes changed what is paid; False without one."""
    hits = {each.value for each in ControlResult if each.is_hit}
    return np.fromiter((each in hits for each in outcome), dtype=bool, count=len(outcome))


__all__ = ["Cases", "Snapshots", "is_hit", "objects", "read_cases", "select"]
