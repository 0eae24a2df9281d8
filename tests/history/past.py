"""A small past with everything in it, and what its features are when counted by hand, naively."""

import math
import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

FIRST = date(2026, 7, 1)
HITS = {"reduced", "refused", "confirmed_anomaly"}
Message = dict[str, Any]


@dataclass(frozen=True)
class PastLine:
    message: Message
    day: date
    origin: str | None
    result: str | None
    decided_on: date | None

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"message": self.message}
        if self.origin:
            found["control"] = {"origin": self.origin, "inclusion_probability": 0.25}
        if self.result and self.decided_on:
            found["outcome"] = {
                "code": self.result,
                "amount_avoided": "10.00",
                "decided_on": self.decided_on.isoformat(),
            }
        return found


def make_past(files: int, days: int, seed: int = 7) -> list[PastLine]:
    """Return files in the order of their arrival: few people and professionals, so they meet."""
    dice = random.Random(seed)  # noqa: S311 - a test's past
    found = []
    for number in range(files):
        day = FIRST + timedelta(days=number * days // files)
        message = _message(number, day, dice)
        if found and dice.random() < 0.08:  # the same file under another number
            twin = dice.choice(found[-12:])
            again = {"external_id": f"P-{number}", "received_at": message["received_at"]}
            message = twin.message | again
        origin = dice.choice(["rule", "random", "mandatory"]) if dice.random() < 0.5 else None
        decided = day + timedelta(days=dice.randrange(0, 15))
        result = dice.choice(["conform", "refused", "reduced", "withdrawn"])
        is_closed = origin is not None and dice.random() < 0.9
        found.append(
            PastLine(
                message, day, origin, result if is_closed else None, decided if is_closed else None
            )
        )
    return found


def _message(number: int, day: date, dice: random.Random) -> Message:
    flow, nature, acts = dice.choice(
        [
            ("ambulatory", "reimbursement", ["C", "C2", "AMI4"]),
            ("ambulatory", "reimbursement", ["C", "C2", "AMI4"]),
            ("dental", "reimbursement", ["D10", "DP30"]),
            ("sick_leave", "first", []),
            ("sick_leave", "prolongation", []),
        ]
    )
    began = day - timedelta(days=dice.randrange(0, 20))
    person = dice.randrange(9)
    message: Message = {
        "schema": "medcontrol.intake.v1",
        "source": "past",
        "external_id": f"P-{number}",
        "received_at": f"{day}T{8 + number % 9:02d}:00:00+01:00",
        "jurisdiction": "ma",
        "scheme": "amo",
        "flow": flow,
        "nature": nature,
        "channel": "edi",
        "agency": dice.choice(["CASA-1", "RABAT-1"]),
        "insured": {
            "registration_number": f"99900000{person // 2}",
            "family_name": "Alami",
            "given_name": "Amina",
            "birth_date": "1980-03-02",
            "sex": dice.choice(["F", "M"]),
        },
        "care": {
            "from": began.isoformat(),
            "to": (began + timedelta(days=dice.randrange(3, 40))).isoformat(),
        },
    }
    if person % 2:
        message["beneficiary"] = {
            "relation": "child",
            "family_name": "Alami",
            "given_name": "Sami",
            "birth_date": "2015-05-05",
        }
    if dice.random() < 0.95:
        message["provider"] = {"id": f"PRO{dice.randrange(4)}", "kind": "doctor"}
    if dice.random() < 0.8:
        message["prescriber"] = {"id": f"PRO{dice.randrange(7)}"}
    if acts:
        _add_lines(message, acts, began, dice)
    return message


def _add_lines(message: Message, acts: list[str], began: date, dice: random.Random) -> None:
    lines = []
    for no in range(1, dice.randrange(2, 8)):
        quantity = dice.randrange(1, 4)
        price = dice.randrange(80, 3000) * 10
        lines.append(
            {
                "no": no,
                "act": dice.choice(acts),
                "quantity": str(quantity),
                "amount": _money(quantity * price),
                "date": (began + timedelta(days=dice.randrange(3))).isoformat(),
            }
        )
    message["lines"] = lines
    message["amount"] = _money(sum(_cents(line["amount"]) for line in lines))
    message["currency"] = "MAD"


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _cents(money: str) -> int:
    return int(money.replace(".", ""))


# --- the features, one file after another, from lists ---------------------------------------------


def features_of(past: list[PastLine], place: int) -> dict[str, Any]:
    """Return the history features of one file from what lies before it."""
    me = past[place]
    before = [one for one in past if one.day < me.day]  # whatever its place
    mine = [
        one
        for at, one in enumerate(past)
        if _person(one) == _person(me) and (one.day < me.day or (one.day == me.day and at < place))
    ]
    closed = [one for one in past if one.decided_on is not None and one.decided_on < me.day]
    found: dict[str, Any] = {}
    found |= _of_person(me, mine)
    found |= _of_provider(me, before, closed)
    found |= _of_prescriber(me, before, closed)
    found |= _of_prices(me, before)
    found |= _rate("beneficiary", [o for o in closed if _person(o) == _person(me)], me, closed)
    act = _dearest(me)
    if act:
        found |= _rate("act", [o for o in closed if _act(o) == _act(me)], me, closed)
    found |= _rate("segment", [o for o in closed if _segment(o) == _segment(me)], me, closed)
    return found


def _within(files: list[PastLine], me: PastLine, days: int) -> list[PastLine]:
    return [one for one in files if (me.day - one.day).days <= days]


def _person(one: PastLine) -> tuple[str, str]:
    other = one.message.get("beneficiary")
    return one.message["insured"]["registration_number"], other["birth_date"] if other else ""


def _who(one: PastLine, what: str) -> str | None:
    found: str | None = one.message.get(what, {}).get("id")
    return found


def _kind(one: PastLine) -> tuple[str, str]:
    return one.message["flow"], one.message["nature"]


def _segment(one: PastLine) -> tuple[Any, ...]:
    return (*_kind(one), one.message["agency"])  # one agency a region here


def _dearest(one: PastLine) -> Message | None:
    lines = one.message.get("lines")
    return max(lines, key=lambda line: _cents(line["amount"])) if lines else None


def _act(one: PastLine) -> tuple[Any, ...] | None:
    line = _dearest(one)
    return (*_kind(one), line["act"]) if line else None


def _amount(one: PastLine) -> int:
    return _cents(one.message.get("amount", "0.00"))


def _prints(one: PastLine) -> set[tuple[Any, ...]]:
    lines = sorted(one.message.get("lines", []), key=lambda line: -_cents(line["amount"]))
    if len(lines) <= 4:
        lines = one.message.get("lines", [])
    keys = dict.fromkeys((*_kind(one), line["act"], line["date"]) for line in lines)
    return set(list(keys)[:4])


def _of_person(me: PastLine, mine: list[PastLine]) -> dict[str, Any]:
    year, quarter = _within(mine, me, 365), _within(mine, me, 90)
    same = [one for one in year if _act(me) and _act(one) == _act(me)]
    known = _who(me, "provider")
    together = [one for one in year if known and _who(one, "provider") == known]
    leaves = [o for o in mine if o.message["flow"] == "sick_leave"]
    found: dict[str, Any] = {
        "beneficiary_files_30d": len(_within(mine, me, 30)),
        "beneficiary_files_90d": len(quarter),
        "beneficiary_files_365d": len(year),
        "beneficiary_amount_365d": sum(_amount(one) for one in year),
        "prescribers_90d": len({_who(one, "prescriber") for one in quarter} - {None}),
        "providers_90d": len({_who(one, "provider") for one in quarter} - {None}),
        "stoppages_365d": sum(1 for o in _within(leaves, me, 365) if _kind(o)[1] == "first"),
        "sick_leave_days_730d": sum(_days(one) for one in leaves),
        "dental_prosthesis_730d": sum(
            _cents(line["amount"])
            for one in mine
            for line in one.message.get("lines", [])
            if line["act"].startswith("DP")
        ),
        "duplicate_files_90d": sum(
            1 for one in _within(together, me, 90) if _prints(one) & _prints(me)
        ),
    }
    if year:
        found["days_since_last_file"] = min((me.day - one.day).days for one in year)
    if same:
        ages = [(me.day - one.day).days for one in same]
        found["days_since_same_act"] = min(ages)
        if len(same) > 1:
            found["same_act_interval_days"] = (max(ages) - min(ages)) // (len(same) - 1)
    if known:
        earlier = [one for one in together if one.day < me.day]
        found["provider_beneficiary_files_90d"] = len(_within(earlier, me, 90))
        found["is_first_with_provider"] = not earlier
    return found


def _days(one: PastLine) -> int:
    care = one.message["care"]
    return (date.fromisoformat(care["to"]) - date.fromisoformat(care["from"])).days + 1


def _of_provider(me: PastLine, before: list[PastLine], closed: list[PastLine]) -> dict[str, Any]:
    known = _who(me, "provider")
    if not known:
        return {}
    all_ = [one for one in before if _who(one, "provider") == known]
    here = [one for one in all_ if one.message["flow"] == me.message["flow"]]
    controls = [one for one in closed if _who(one, "provider") == known]
    flow = [one for one in controls if one.message["flow"] == me.message["flow"]]
    found: dict[str, Any] = {
        "provider_files_30d": len(_within(here, me, 30)),
        "provider_files_90d": len(_within(here, me, 90)),
        "provider_files_365d": len(here),
        "provider_amount_30d": sum(_amount(one) for one in _within(here, me, 30)),
        "provider_amount_365d": sum(_amount(one) for one in here),
        "provider_controls_365d": len(controls),
    }
    if len(all_) >= 10:
        weekends = [o for o in all_ if date.fromisoformat(o.message["care"]["from"]).weekday() > 4]
        found["provider_weekend_share"] = len(weekends) * 10_000 // len(all_)
    quarter = _within(all_, me, 90)
    if len(quarter) >= 10:
        new = [
            one
            for one in quarter
            if not any(o.day < one.day and _person(o) == _person(one) for o in all_)
        ]
        found["provider_newcomer_share"] = len(new) * 10_000 // len(quarter)
    found |= _rate("provider", controls, me, closed)
    return found | _rate("provider_flow", flow, me, closed)


def _of_prescriber(me: PastLine, before: list[PastLine], closed: list[PastLine]) -> dict[str, Any]:
    known = _who(me, "prescriber")
    if not known:
        return {}
    own = [one for one in before if _who(one, "prescriber") == known]
    found: dict[str, Any] = {
        "prescriber_files_30d": len(_within(own, me, 30)),
        "prescriber_files_365d": len(own),
    }
    provider = _who(me, "provider")
    if provider:
        quarter = _within(own, me, 90)
        pair = [one for one in quarter if _who(one, "provider") == provider]
        found["prescriber_provider_files_90d"] = len(pair)
        if len(quarter) >= 10:
            found["prescriber_provider_share"] = len(pair) * 10_000 // len(quarter)
    controls = [one for one in closed if _who(one, "prescriber") == known]
    return found | _rate("prescriber", controls, me, closed)


def _of_prices(me: PastLine, before: list[PastLine]) -> dict[str, Any]:
    provider = _who(me, "provider")
    found: dict[str, Any] = {}
    if provider:
        own = [
            _log(_amount(one))
            for one in before
            if _who(one, "provider") == provider
            and one.message["flow"] == me.message["flow"]
            and _amount(one)
        ]
        peers = [
            _log(_amount(one))
            for one in before
            if _who(one, "provider") and _kind(one) == _kind(me) and _amount(one)
        ]
        if _amount(me) and len(own) >= 10:
            found["amount_provider_zscore"] = _z(_log(_amount(me)), own)
        if _amount(me) and len(peers) >= 30:
            found["amount_peer_zscore"] = _z(_log(_amount(me)), peers)
        if len(own) >= 10 and len(peers) >= 30:
            found["provider_peer_zscore"] = _z(sum(own) / len(own), peers)
    prices = [_log(_price(one)) for one in before if _act(one) and _act(one) == _act(me)]
    if _act(me) and len(prices) >= 30:
        mean = sum(prices) / len(prices)
        found["price_ratio"] = round(math.exp((_log(_price(me)) - mean) / 1000) * 100)
    return found


def _price(one: PastLine) -> int:
    line = _dearest(one)
    return round(_cents(line["amount"]) / int(line["quantity"])) if line else 0


def _log(cents: int) -> int:
    return round(1000 * math.log(cents))


def _z(value: float, others: list[int]) -> int:
    mean = sum(others) / len(others)
    spread = math.sqrt(sum((one - mean) ** 2 for one in others) / (len(others) - 1))
    return round(max(-1000.0, min(1000.0, (value - mean) / max(spread, 50) * 100)))


def _rate(
    name: str, controls: list[PastLine], me: PastLine, everything: list[PastLine]
) -> dict[str, Any]:
    if not controls:
        return {}
    hits = sum(1 for one in controls if one.result in HITS)
    all_hits = sum(1 for one in everything if one.result in HITS)
    above = hits * len(everything) + 30 * all_hits
    return {f"{name}_hit_rate": above * 10_000 // (len(everything) * (len(controls) + 30))}
