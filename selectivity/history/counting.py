"""From sums to the history features of files: whole numbers (variables d'historique)."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from selectivity.compiled import MISSING
from selectivity.history.buckets import log_of
from selectivity.history.entries import Entries
from selectivity.history.subjects import COLUMN, Subject, Sums
from selectivity.history.windows import Bools, Ints

SHRINKAGE: Final = 30
"""A rate is worth what it says once it rests on as many controls; below, mostly the fund's own."""

_FEW, _ENOUGH = 10, 30  # files below which a mean says nothing: of one provider, of many
_WHOLE = 10_000
_LEAST_SPREAD = 50  # of 1000 × ln: prices fixed by a tariff are not infinitely exact
_FAR = 1000  # ten standard deviations

Columns = dict[str, Ints]
"""By feature one whole number for each file; ``MISSING`` where nothing is known."""


def columns_of(entries: Entries, sums: Sums, people: Mapping[str, Ints]) -> Columns:
    """Return every history feature.

    Args:
        entries: the files.
        sums: of buckets strictly before the day of each file.
        people: from ``people.counted``.
    """
    whole = sums[Subject.WHOLE]
    return {
        **_provider(entries, sums),
        **_prices(entries, sums),
        **_prescriber(entries, sums),
        **_person(entries, people),
        "provider_hit_rate": _rate(sums[Subject.PROVIDER], whole),
        "provider_flow_hit_rate": _rate(sums[Subject.PROVIDER_FLOW], whole),
        "prescriber_hit_rate": _rate(sums[Subject.PRESCRIBER], whole),
        "act_hit_rate": _rate(sums[Subject.ACT], whole),
        "segment_hit_rate": _rate(sums[Subject.SEGMENT], whole),
        "beneficiary_hit_rate": _shrunk(
            people["beneficiary_controls"], people["beneficiary_hits"], whole
        ),
    }


def newcomers_of(entries: Entries, people: Mapping[str, Ints]) -> Bools:
    """Return which files are of people that their provider had not seen in the year before."""
    found: Bools = (people["provider_beneficiary_files_365d"] == 0) & (entries["provider"] != 0)
    return found


def _of(sums: Ints, column: str, days: int) -> Ints:
    return sums[:, COLUMN[column, days]]


def _provider(entries: Entries, sums: Sums) -> Columns:
    here, everywhere = sums[Subject.PROVIDER_FLOW], sums[Subject.PROVIDER]
    known = entries["provider"] != 0
    year, quarter = _of(everywhere, "files", 365), _of(everywhere, "files", 90)
    return {
        "provider_files_30d": _if(known, _of(here, "files", 30)),
        "provider_files_90d": _if(known, _of(here, "files", 90)),
        "provider_files_365d": _if(known, _of(here, "files", 365)),
        "provider_amount_30d": _if(known, _of(here, "amount", 30)),
        "provider_amount_365d": _if(known, _of(here, "amount", 365)),
        "provider_controls_365d": _if(known, _of(everywhere, "controls", 365)),
        "provider_weekend_share": _share(_of(everywhere, "weekends", 365), year),
        "provider_newcomer_share": _share(_of(everywhere, "newcomers", 90), quarter),
    }


def _prices(entries: Entries, sums: Sums) -> Columns:
    own, peers, act = sums[Subject.PROVIDER_FLOW], sums[Subject.PEER], sums[Subject.ACT]
    amount = np.where(entries["amount"] > 0, log_of(entries["amount"]), 0)
    price = np.where(entries["price"] > 0, log_of(entries["price"]), 0)
    own_mean, _, own_many = _moments(own)
    ratio = np.exp((price - _moments(act)[0]) / 1000) * 100
    is_priced = (price > 0) & (_moments(act)[2] >= _ENOUGH)
    return {
        "amount_provider_zscore": _z(amount, own, _FEW),
        "amount_peer_zscore": _z(amount, peers, _ENOUGH),
        "provider_peer_zscore": _if(own_many >= _FEW, _z(own_mean, peers, _ENOUGH)),
        "price_ratio": _if(is_priced, _rounded(np.minimum(ratio, 1_000_000))),
    }


def _prescriber(entries: Entries, sums: Sums) -> Columns:
    own, pair = sums[Subject.PRESCRIBER], sums[Subject.PRESCRIBER_PROVIDER]
    known = entries["prescriber"] != 0
    both = known & (entries["provider"] != 0)
    together, quarter = _of(pair, "files", 90), _of(own, "files", 90)
    return {
        "prescriber_files_30d": _if(known, _of(own, "files", 30)),
        "prescriber_files_365d": _if(known, _of(own, "files", 365)),
        "prescriber_provider_files_90d": _if(both, together),
        "prescriber_provider_share": _if(both, _share(together, quarter)),
    }


_AS_COUNTED = (
    "beneficiary_files_30d", "beneficiary_files_90d", "beneficiary_files_365d",
    "beneficiary_amount_365d", "stoppages_365d", "sick_leave_days_730d",
    "dental_prosthesis_730d", "duplicate_files_90d", "prescribers_90d", "providers_90d",
)  # fmt: skip
_KNOWN_OR_NOT = ("days_since_last_file", "days_since_same_act", "same_act_interval_days")


def _person(entries: Entries, people: Mapping[str, Ints]) -> Columns:
    known = entries["provider"] != 0
    first = (people["provider_beneficiary_files_365d"] == 0).astype(np.int64)
    return {
        **{name: people[name] for name in _AS_COUNTED},
        **{name: _if(people[name] >= 0, people[name]) for name in _KNOWN_OR_NOT},
        "provider_beneficiary_files_90d": _if(known, people["provider_beneficiary_files_90d"]),
        "is_first_with_provider": _if(known, first),
    }


def _if(known: Bools, values: npt.NDArray[Any]) -> Ints:
    found: Ints = np.where(known, values, MISSING)
    return found


def _share(part: Ints, whole: Ints) -> Ints:
    return _if(whole >= _FEW, part * _WHOLE // np.maximum(whole, 1))


def _moments(sums: Ints) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Ints]:
    """Return mean and standard deviation of 1000 × ln(centimes), and of how many files."""
    many = _of(sums, "priced", 365)
    count = np.maximum(many, 2).astype(np.float64)
    total = _of(sums, "log_sum", 365).astype(np.float64)
    squares = _of(sums, "log_squares", 365).astype(np.float64)
    mean = total / np.maximum(many, 1)
    variance = np.maximum(squares - mean * total, 0) / (count - 1)
    return mean, np.maximum(np.sqrt(variance), _LEAST_SPREAD), many


def _z(values: npt.NDArray[Any], sums: Ints, least: int) -> Ints:
    """Return how many hundredths of a standard deviation a logarithm lies above the mean."""
    mean, deviation, many = _moments(sums)
    found = np.clip((values - mean) / deviation * 100, -_FAR, _FAR)
    return _if((many >= least) & (values > 0), _rounded(found))


def _rounded(values: npt.NDArray[np.float64]) -> Ints:
    return np.rint(values).astype(np.int64)


def _rate(sums: Ints, whole: Ints) -> Ints:
    return _shrunk(_of(sums, "controls", 365), _of(sums, "hits", 365), whole)


def _shrunk(controls: Ints, hits: Ints, whole: Ints) -> Ints:
    """Return (hits + k × the fund's rate) / (controls + k) in ten-thousandths."""
    all_controls = np.maximum(_of(whole, "controls", 365), 1)
    all_hits = np.clip(_of(whole, "hits", 365), 0, all_controls)
    known = controls > 0
    controls = np.maximum(controls, 0)
    hits = np.clip(hits, 0, controls)
    above = (hits * all_controls + SHRINKAGE * all_hits) * _WHOLE
    return _if(known, above // (all_controls * (controls + SHRINKAGE)))
