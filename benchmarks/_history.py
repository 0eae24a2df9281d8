"""A year of an invented fund in the format of history import, with schemes to be found.

``python -m benchmarks._history --files 400000 --out year.ndjson.gz [--seed 1] [--until DAY]``

The files are those of the demonstration's generator: people with episodes, professionals of very
different size, planted schemes. On top of them here: some providers who bill too much for some
months and then no longer, honest errors, controls with the probability that they had, and doctors
of different severity who decided. Same arguments, same bytes.
"""

import argparse
import gzip
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson

from medcontrol.reference.places import agencies
from runtime.demo.generator import Fund, draws
from runtime.demo.generator.arrivals import volume_of
from runtime.demo.generator.day import make_days

UNTIL = date(2026, 11, 19)
DAYS = 365
_DAYS_AT_ONCE = 31
_RANDOM = 0.02
_TARGETED = 0.25
_HIGH = 300_000  # centimes from which a rule looks at a file
_CROOKED = 0.06  # of providers, at some time of the year
_FALSE_SHARE = 0.5  # of a crooked provider's files while it lasts
_ERRORS = 0.03  # honest ones
_PLANTED = 0.9  # of the generator's own schemes, are worth a correction
_MANDATORY = {("care_abroad", "authorisation"), ("invalidity", "first"), ("ald", "first"),
              ("disability", "first")}  # fmt: skip
_DOCTORS = 60

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Year:
    """What to make; ``until`` is the last day of reception."""

    files: int
    seed: int = 1
    until: date = UNTIL
    insured: int = 200_000


def lines(year: Year) -> Iterator[bytes]:
    """Yield the lines of a year, oldest day first."""
    places = sorted((one.code, one.region) for one in agencies("ma").values())
    as_of = year.until + timedelta(days=1)
    fund = Fund.make(year.seed, as_of=as_of, agencies=places, insured=year.insured)
    days = [as_of - timedelta(days=DAYS - n) for n in range(DAYS)]
    counts = draws.shares(year.files, [volume_of(day) for day in days])
    busy = [(day, count) for day, count in zip(days, counts, strict=True) if count]
    for at in range(0, len(busy), _DAYS_AT_ONCE):
        some = busy[at : at + _DAYS_AT_ONCE]
        made = make_days(fund.world, [day for day, _ in some], [n for _, n in some], tag="year")
        for one in made:
            planted = one.is_planted.tolist()
            for place, message in enumerate(one.messages()):
                yield orjson.dumps(_line(message, one.day, planted[place], year)) + b"\n"


class Dice:
    """Numbers in [0, 1) that depend on what is asked and nothing else."""

    def __init__(self, *path: int | str) -> None:
        self._key = draws.key(*path)

    def __call__(self, name: str) -> float:
        return draws.key(self._key & 0x7FFFFFFFFFFFFFFF, name) / 2.0**64


def _line(message: Message, day: date, is_planted: bool, year: Year) -> Message:
    dice = Dice(year.seed, "past", message["external_id"])
    is_false = dice("planted") < _PLANTED if is_planted else dice("error") < _ERRORS
    if not is_planted and _is_crooked(message, day, year) and dice("false") < _FALSE_SHARE:
        message, is_false = _inflated(message, 1.4 + dice("factor")), True
    control = _control(message, dice)
    if control is None:
        return {"message": message}
    decided = day + timedelta(days=2 + int(dice("delay") ** 2 * 45))
    if decided > year.until:
        return {"message": message, "control": control}
    return {
        "message": message,
        "control": control,
        "outcome": _outcome(message, decided, dice, is_false=is_false, seed=year.seed),
    }


def _is_crooked(message: Message, day: date, year: Year) -> bool:
    """Return whether the provider bills too much on that day: some do, for 60 to 240 days."""
    provider = message.get("provider", {}).get("id")
    if provider is None:
        return False
    dice = Dice(year.seed, "provider", provider)
    if dice("crooked") >= _CROOKED:
        return False
    begun = year.until - timedelta(days=int(dice("begun") * DAYS))
    return begun <= day < begun + timedelta(days=60 + int(dice("length") * 180))


def _inflated(message: Message, factor: float) -> Message:
    """Return the file with every line dearer; the sum stays the sum."""
    if "lines" not in message or "amount" not in message:
        return message
    dearer = []
    for line in message["lines"]:
        amount = round(_cents(line["amount"]) * factor)
        dearer.append(
            {k: v for k, v in line.items() if k != "unit_price"} | {"amount": _money(amount)}
        )
    total = sum(_cents(line["amount"]) for line in dearer)
    return message | {"lines": dearer, "amount": _money(total)}


def _control(message: Message, dice: Dice) -> Message | None:
    """Return why the file was controlled and how likely that was; None when it was not."""
    if (message["flow"], message["nature"]) in _MANDATORY:
        return {"origin": "mandatory", "inclusion_probability": 1}
    targeted = _TARGETED if _cents(message.get("amount", "0.00")) >= _HIGH else 0.0
    chance = round(1 - (1 - targeted) * (1 - _RANDOM), 6)
    if dice("targeted") < targeted:
        return {"origin": "rule", "inclusion_probability": chance}
    if dice("random") < _RANDOM:
        return {"origin": "random", "inclusion_probability": chance}
    return None


def _outcome(message: Message, decided: date, dice: Dice, *, is_false: bool, seed: int) -> Message:
    severity = Dice(seed, "doctor", int(dice("doctor") * _DOCTORS))("severity")
    found = dice("found") < (0.65 + 0.3 * severity if is_false else 0.005 + 0.04 * severity)
    if not found:
        code = "withdrawn" if dice("withdrawn") < 0.01 else "conform"
        return {"code": code, "amount_avoided": "0.00", "decided_on": decided.isoformat()}
    amount = _cents(message.get("amount", "0.00"))
    kind = dice("kind")
    code = "refused" if kind < 0.3 else "confirmed_anomaly" if kind < 0.4 else "reduced"
    share = 1.0 if code == "refused" else 0.15 + 0.5 * dice("share")
    avoided = _money(round(amount * share))
    return {"code": code, "amount_avoided": avoided, "decided_on": decided.isoformat()}


def _cents(money: str) -> int:
    return int(money.replace(".", ""))


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def write(year: Year, out: Path) -> None:
    """Write the year; compressed when the name ends in ``.gz``."""
    if out.suffix == ".gz":
        with gzip.GzipFile(out, "wb", compresslevel=1, mtime=0) as packed:
            packed.writelines(lines(year))
    else:
        with out.open("wb") as plain:
            plain.writelines(lines(year))


def main() -> None:
    """Write a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=400_000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--insured", type=int, default=200_000)
    parser.add_argument("--until", type=date.fromisoformat, default=UNTIL)
    given = parser.parse_args()
    write(Year(given.files, given.seed, given.until, given.insured), given.out)
    sys.stderr.write(f"{given.files} files in {given.out}\n")


if __name__ == "__main__":
    main()
