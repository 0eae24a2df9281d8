"""One small invented fund, made once for all tests that look at it."""

import csv
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import orjson

from runtime.demo.generator import Fund

ROOT = Path(__file__).parents[1]
AS_OF = date(2026, 11, 20)
TOTAL = 4_000
YEAR_LENGTH = timedelta(days=365.25)
AGENCIES = [
    (row["code"], row["region"])
    for row in csv.DictReader(
        (ROOT / "medcontrol/reference/ma/agencies.csv").read_text("utf-8").splitlines()
    )
]


@cache
def small_fund():
    return Fund.make(11, as_of=AS_OF, agencies=AGENCIES, insured=30_000)


@cache
def a_day():
    return small_fund().make_day(AS_OF, TOTAL)


@cache
def messages_of_the_day():
    return tuple(orjson.loads(line) for line in a_day().lines())


@cache
def some_past():
    return tuple(small_fund().history(months=15, received=9_000, controlled=900))
