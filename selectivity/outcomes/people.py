"""Who was chosen, in counts (équité): groups of people, what chose them, what was found.

The figures are counted where the files lie, so that measuring fairness reads no file of anybody.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session

from medcontrol.clock import ZONES

AGE_BANDS = ((0, 17), (18, 39), (40, 59), (60, 74), (75, 150))


@dataclass(frozen=True, slots=True)
class People:
    """Files with the same group, choice and result, as columns of one length.

    Files whose control was mandatory or asked for from outside are not among them.

    Attributes:
        groups: by dimension, the group of each entry or ``None``.
        stratum: number of flow and nature.
        rules, score, overall: whether it was chosen by them.
        counted, hit: whether its control ended with a result that counts, and was a hit.
        days: whole days from receipt to decision; -1 without one.
        files: how many files the entry stands for.
    """

    groups: dict[str, NDArray[Any]]
    stratum: NDArray[np.int64]
    rules: NDArray[np.bool_]
    score: NDArray[np.bool_]
    overall: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    hit: NDArray[np.bool_]
    days: NDArray[np.int64]
    files: NDArray[np.int64]


def people_from(lines: list[Any]) -> People:
    """Return people from rows: the groups, flow, nature, then the other attributes in order."""
    columns: list[Any] = list(zip(*lines, strict=True)) if lines else [()] * 14
    pairs = list(zip(columns[5], columns[6], strict=True))
    numbers = {pair: number for number, pair in enumerate(sorted(set(pairs)))}

    def words(values: Any) -> NDArray[Any]:
        made = np.empty(len(values), dtype=object)
        made[:] = [None if value == "U" else value for value in values]
        return made

    names = ("sex", "age", "scheme", "region", "sector")
    rules, score, overall, counted, hit = (np.array(values, dtype=bool) for values in columns[7:12])
    return People(
        {name: words(values) for name, values in zip(names, columns[:5], strict=True)},
        np.array([numbers[pair] for pair in pairs], dtype=np.int64),
        rules, score, overall, counted, hit,
        days=np.array(columns[12], dtype=np.int64),
        files=np.array(columns[13], dtype=np.int64),
    )  # fmt: skip


# The last outcome of a file; overturned and not replaced, the control found nothing.
_OUTCOMES = """
SELECT DISTINCT ON ({subject}) {subject} AS id, result, is_overturned, decided_on
FROM control_outcome WHERE {subject} IS NOT NULL AND jurisdiction = :jurisdiction
ORDER BY {subject}, is_overturned, decided_on DESC, id DESC
"""
_FOUND = """
coalesce(o.result <> 'withdrawn', false),
coalesce(o.result IN ('reduced', 'refused', 'confirmed_anomaly') AND NOT o.is_overturned, false),
CASE WHEN o.result <> 'withdrawn' THEN o.decided_on - {day} ELSE -1 END
"""
_BAND = "CASE " + " ".join(
    f"WHEN {{age}} BETWEEN {low} AND {high} THEN '{low}-{high}'" for low, high in AGE_BANDS
) + " END"  # fmt: skip
_LIVE = f"""
SELECT r.sex, {_BAND.format(age="(d.features ->> 'beneficiary_age')::int")}, r.scheme,
    r.region_code, d.features ->> 'provider_sector', r.flow, r.nature,
    'rule' = ANY(d.origins), 'score' = ANY(d.origins), d.lane IN ('orange', 'red'),
    {_FOUND.format(day="(r.received_at AT TIME ZONE :zone)::date")}
FROM received_file r
JOIN selectivity_decision d ON d.received_file_id = r.id
LEFT JOIN ({_OUTCOMES.format(subject="received_file_id")}) o ON o.id = r.id
WHERE r.jurisdiction = :jurisdiction AND r.received_at >= :start AND r.received_at < :end
  AND NOT d.origins && ARRAY['mandatory', 'external']::varchar[]
"""  # noqa: S608 - nothing but our own words goes into it
_PAST = f"""
SELECT r.sex, {_BAND.format(age="r.age")}, r.scheme, r.region_code, r.sector, r.flow, r.nature,
    coalesce(r.control_origin = 'rule', false), coalesce(r.control_origin = 'score', false),
    r.control_origin IS NOT NULL, {_FOUND.format(day="r.received_on")}
FROM past_file r
LEFT JOIN ({_OUTCOMES.format(subject="past_file_id")}) o ON o.id = r.id
WHERE r.jurisdiction = :jurisdiction AND r.received_on BETWEEN :since AND :until
  AND coalesce(r.control_origin, '') <> 'mandatory'
"""  # noqa: S608 - nothing but our own words goes into it
_COUNTED = f"""
SELECT c.*, count(*)::int FROM ({_LIVE} UNION ALL {_PAST})
AS c (sex, age, scheme, region, sector, flow, nature, rules, score, overall, counted, hit, days)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
"""  # noqa: S608 - nothing but our own words goes into it


def read_people(session: Session, *, jurisdiction: str, since: date, until: date) -> People:
    """Return the people whose files were received in these days, counted by the database."""
    zone = ZONES[jurisdiction]
    after = date.fromordinal(until.toordinal() + 1)
    values = {
        "jurisdiction": jurisdiction, "zone": str(zone), "since": since, "until": until,
        "start": datetime.combine(since, time(), zone),
        "end": datetime.combine(after, time(), zone),
    }  # fmt: skip
    rows = session.execute(sa.text(_COUNTED), values)
    return people_from([tuple(row) for row in rows])
