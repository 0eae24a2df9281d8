"""What the engine's own service is asked and answers (moteur seul): models and conversion."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from medcontrol.clock import civil_date
from medcontrol.intake import Faulty, FieldError, Registers, check, known_flows
from medcontrol.intake.registers import NATURES
from medcontrol.ports import FileFacts, SelectivityOutcome
from medcontrol.reference.places import agencies
from selectivity.capacity.valve import Valve
from selectivity.standalone import Engines
from selectivity.wire import outcome_as_json

MOST_FILES = 10_000
_JURISDICTIONS = ("ma", "lu")
_NUMBER = Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
_MINUTES = Annotated[int, Field(strict=True, ge=0, le=2**53)]


class FileIn(BaseModel):
    """A file to decide on."""

    model_config = ConfigDict(extra="forbid")

    message: dict[str, Any] = Field(description="As docs/intake.md has it")
    received_on: date | None = Field(default=None, description="Default: the day of received_at")
    region: str | None = Field(default=None, max_length=64, description="Default: the agency's")
    first_received_on: date | None = Field(
        default=None, description="Of the first file of the same case; read without care dates"
    )
    history: dict[str, _NUMBER | None] = Field(
        default_factory=dict, max_length=200, description="History features that are known"
    )


class UsedIn(BaseModel):
    """Files that a row with a daily quota took before."""

    model_config = ConfigDict(extra="forbid")

    row: str = Field(max_length=200)
    day: date
    used: _MINUTES


class ValveIn(BaseModel):
    """The capacity of the moment."""

    model_config = ConfigDict(extra="forbid")

    day: date
    pools: dict[str, _MINUTES] = Field(max_length=10_000, description="Free minutes by cell")
    minutes: dict[str, _MINUTES] = Field(default_factory=dict, max_length=1000)
    nightly: list[str] = Field(default_factory=list, max_length=1000)
    cutoffs: dict[str, float] = Field(default_factory=dict, max_length=10_000)

    def valve(self) -> Valve:
        """Return it as the engine takes it."""
        return Valve(self.day, self.pools, self.minutes, frozenset(self.nightly), self.cutoffs)


class DecideIn(BaseModel):
    """Files that are decided together: a daily quota takes the smallest draws among them."""

    model_config = ConfigDict(extra="forbid")

    files: list[FileIn] = Field(max_length=MOST_FILES)
    quota_used: list[UsedIn] = Field(default_factory=list, max_length=10_000)
    valve: ValveIn | None = None
    rule_set_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    model_sha256: str | None = Field(
        default=None, pattern="^([0-9a-f]{64})?$", description="Empty: no model may score"
    )


class ContributionOut(BaseModel):
    """What a family of features adds to the score."""

    family: str
    text_fr: str
    value: float


class DecisionOut(BaseModel):
    """Where a file goes and why."""

    source: str
    external_id: str
    lane: Literal["green", "blue", "orange", "red"]
    level: Literal["local", "regional", "central"]
    mode: Literal["on_file", "in_person"] | None
    reasons: list[dict[str, str | None]]
    origins: list[str]
    matched_rows: list[str]
    quota_rows: list[str]
    u: float
    draw: str = Field(description="All 64 bits of the draw, hexadecimal")
    period: str
    inclusion_probability: float
    rule_set: str
    rule_set_hash: str
    engine_version: str
    features: dict[str, Any]
    medical_features: dict[str, Any]
    score: float | None
    priority: float | None
    model: str | None
    model_hash: str | None
    cutoff: float | None
    capacity_cell: str | None
    capacity_hash: str | None
    contributions: list[ContributionOut]
    overflow: bool


class Undecided(Exception):
    """A file can't be decided on; ``errors`` says why, with paths below the file."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors[0].code)
        self.errors = tuple(errors)


class _AnyAgency(dict[str, str]):
    """Every agency is known: which ones a fund has is the main system's business."""

    def __contains__(self, code: object) -> bool:
        return True


@cache
def _registers() -> Registers:
    flows = known_flows({})
    is_open = {code: flows[code].jurisdictions for code in NATURES}
    return Registers({each: _AnyAgency() for each in _JURISDICTIONS}, known_flows(is_open))


def facts_of(file: FileIn) -> FileFacts:
    """Return what the engine is told of a file.

    Raises:
        Undecided: the message does not follow the intake format.
    """
    try:
        raw = orjson.dumps(file.message)
    except (TypeError, ValueError, RecursionError):  # half a character, or a number past 64 bits
        raise Undecided([FieldError("", "json.unreadable", "Message illisible", False)]) from None
    checked = check(raw, _registers())
    if isinstance(checked, Faulty):
        raise Undecided(checked.errors)
    message = checked.message
    try:
        day = file.received_on or civil_date(checked.received_at, message["jurisdiction"])
    except OverflowError:
        raise Undecided(
            [FieldError("/received_at", "instant.not_real", "Date impossible", False)]
        ) from None
    is_told = "region" in file.model_fields_set  # also that there is none
    region = file.region if is_told else _region(message["jurisdiction"], message["agency"])
    return FileFacts(message, day, region, file.first_received_on)


def _region(jurisdiction: str, agency: str) -> str | None:
    try:
        found = agencies(jurisdiction).get(agency)
    except OSError:  # no list of agencies comes along for this jurisdiction
        return None
    return found.region if found else None


def decide(
    engines: Engines, asked: DecideIn, facts: Sequence[FileFacts]
) -> list[SelectivityOutcome]:
    """Return an outcome per file, those under the same rules decided together.

    Raises:
        DomainError: appeals, unknown counters, no rules or no draw key for a day.
    """
    used = {(each.row, each.day): each.used for each in asked.quota_used}
    valve = asked.valve.valve() if asked.valve else None
    groups: dict[int, tuple[Any, list[int]]] = {}
    for place, file in enumerate(facts):
        jurisdiction = file.message["jurisdiction"]
        engine = engines.engine(jurisdiction, file.received_on, asked.rule_set_sha256)
        groups.setdefault(id(engine), (engine, []))[1].append(place)
    outcomes: dict[int, SelectivityOutcome] = {}
    for engine, places in groups.values():
        made = engine.decide(
            [facts[place] for place in places],
            history=_columns([asked.files[place] for place in places]),
            quota_used=used,
            valve=valve,
        )
        outcomes.update(zip(places, made, strict=True))
    return [outcomes[place] for place in range(len(facts))]


def _columns(files: Sequence[FileIn]) -> dict[str, list[int | None]]:
    names = dict.fromkeys(name for file in files for name in file.history)
    return {name: [file.history.get(name) for file in files] for name in names}


def decision(file: FileFacts, outcome: SelectivityOutcome) -> dict[str, Any]:
    """Return what is answered about one file."""
    message = file.message
    named = {"source": message["source"], "external_id": message["external_id"]}
    return named | outcome_as_json(outcome)


_ADAPTER: TypeAdapter[FileIn] = TypeAdapter(FileIn)


def read_line(raw: bytes) -> FileIn:
    """Return the file of one line: ``{"message": …}``, or the message itself.

    Raises:
        Undecided: it is neither.
    """
    try:
        data = orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError):
        raise Undecided([FieldError("", "json.unreadable", "Ligne illisible", False)]) from None
    if isinstance(data, dict) and "message" not in data and "schema" in data:
        data = {"message": data}
    try:
        return _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise Undecided(
            [
                FieldError("/" + "/".join(map(str, each["loc"])), each["type"], each["msg"], False)
                for each in error.errors(include_url=False, include_input=False)[:20]
            ]
        ) from None


def undecidable(error: FieldError) -> dict[str, str]:
    """Return a fault as it is answered; never the value."""
    return {"path": error.path, "code": error.code, "message": error.message_fr,
            "expected": error.expected}  # fmt: skip
