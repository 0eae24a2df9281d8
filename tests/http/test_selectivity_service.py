"""The engine alone over HTTP: the same answers as in process, and none that is a 500."""

import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import httpx
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from api.selectivity_service import BATCH_TYPES, NDJSON, PARQUET, Service, make_service
from medcontrol.ports import Contribution
from medcontrol.vocabulary import ControlLevel
from selectivity.capacity.valve import Valve, cell_name
from selectivity.engine import RuleEngine
from selectivity.packaged import load
from selectivity.reading import parse_rule_set
from selectivity.remote import EngineClient, EngineUnavailable, RemoteEngine
from selectivity.standalone import Engines
from selectivity.wire import outcome_as_json
from tests.unit.selectivity_rules import KEY, facts, message, row, rule_text

TOKEN = "a token of the tests"
BEARER = {"authorization": f"Bearer {TOKEN}"}


def key_of(month: str) -> bytes:
    return {"2026-10": KEY, "2026-11": KEY}[month]


@pytest.fixture(scope="module")
def caller() -> Iterator[TestClient]:
    app = make_service(Service(Engines(key_of), ("ma",), TOKEN, 1 << 20))
    with TestClient(app, raise_server_exceptions=False, headers=BEARER) as made:
        yield made


def finished(caller: TestClient, place: str) -> dict[str, Any]:
    for _ in range(3000):  # a minute: the work is done in moments, on a busy machine in more
        report: dict[str, Any] = caller.get(place).json()
        if report["state"] in ("done", "failed"):
            return report
        time.sleep(0.02)
    raise AssertionError("the batch does not end")


def decisions(caller: TestClient, place: str) -> list[dict[str, Any]]:
    answer = caller.get(place, headers={"accept": NDJSON})
    assert answer.headers["content-type"].startswith(NDJSON)
    return [json.loads(line) for line in answer.text.splitlines()]


def test_only_who_knows_the_token_is_answered(caller: TestClient) -> None:
    for place in ("/version", "/batches/0199b0a0-0000-7000-8000-000000000000"):
        assert caller.get(place, headers={"authorization": "Bearer wrong"}).status_code == 401
    wrong = caller.post("/decisions", json=[], headers={"authorization": ""})
    assert wrong.status_code == 401
    assert wrong.headers["content-type"] == "application/problem+json"
    assert caller.get("/health", headers={"authorization": ""}).json() == {"status": "up"}


def test_it_tells_by_which_rules_it_decides(caller: TestClient) -> None:
    found = caller.get("/version").json()

    assert found["rule_sets"][0] == {
        "name": "ma/1", "sha256": load("ma", 1).sha256, "valid_from": "2024-01-01",
    }  # fmt: skip
    assert found["model"] is None


def test_one_file_or_several_get_what_they_get_in_process(caller: TestClient) -> None:
    files = [facts(n, amount=f"{n * 111}.00", flow="dental") for n in range(30)]
    counters = {"duplicate_files_90d": [None, *range(29)]}
    engine = RuleEngine(load("ma", 1), key_of)
    expected = [
        {"source": "si-amo", "external_id": f"T-{n}", **outcome_as_json(each)}
        for n, each in enumerate(engine.decide(files, history=counters))
    ]
    asked = [
        {"message": file.message, "region": None, "history": {"duplicate_files_90d": count}}
        for file, count in zip(files, counters["duplicate_files_90d"], strict=True)
    ]

    assert caller.post("/decisions", json=asked).json() == expected
    assert caller.post("/decisions", json=asked[7]).json() == expected[7]
    assert caller.post("/decisions", json=[]).json() == []


def test_a_region_that_is_not_told_is_the_agencys(caller: TestClient) -> None:
    told = caller.post("/decisions", json={"message": message(1)}).json()

    assert told["features"]["region"] == "MA-06"


@pytest.mark.parametrize(
    ("asked", "status", "place"),
    [
        ({"message": message(flow="appeal", nature="first")}, 422, "message/flow"),
        ({"message": {**message(), "amount": "1"}}, 422, "/0/message/amount"),
        ({"message": message(), "history": {"amount": 1}}, 422, "amount"),
        ({"message": message(), "history": {"provider_files_30d": "x"}}, 422, "/history/provider"),
        ({"message": message(), "received_on": "2023-01-01"}, 404, ""),
        ({"message": message(care={"from": "2020-01-01"})}, 422, "period"),
        ({"files": [], "rule_set_sha256": "0" * 64}, 200, ""),
        ({"files": [{"message": message()}], "rule_set_sha256": "0" * 64}, 409, "rule_set_sha256"),
        ({"files": [{"message": message()}], "model_sha256": "0" * 64}, 409, "model_sha256"),
        ({"files": [{"message": message()}] * 10_001}, 422, "/files"),
        (17, 422, ""),
        ([{"message": {"a": "\ud800"}}], 422, "/0/message"),
        ({"message": {"a": 10**30}}, 422, "/0/message"),
    ],
)
def test_what_can_not_be_decided_on_is_refused_with_its_place(
    caller: TestClient, asked: object, status: int, place: str
) -> None:
    answer = caller.post("/decisions", content=json.dumps(asked),
                         headers={"content-type": "application/json"})  # fmt: skip

    assert answer.status_code == status, answer.text
    assert place in answer.text


def test_a_batch_of_lines_is_decided_with_its_faulty_lines_in_place(caller: TestClient) -> None:
    lines = [
        orjson.dumps(message(1)), b"{no json", orjson.dumps({"message": message(2)}),
        b"[]", orjson.dumps(message(3, care={"from": "2019-01-01"})), orjson.dumps(message(4)),
    ]  # fmt: skip
    taken = caller.post("/batches", content=b"\n".join(lines), headers={"content-type": NDJSON})
    assert taken.status_code == 202
    report = finished(caller, taken.headers["location"])

    assert (report["state"], report["files_done"], report["undecidable"]) == ("done", 6, 3)
    found = decisions(caller, taken.headers["location"])
    assert [line["line"] for line in found] == [1, 2, 3, 4, 5, 6]
    assert ["errors" in line for line in found] == [False, True, False, True, True, False]
    assert found[4]["errors"][0]["path"] == "/period"
    assert found[0]["decision"]["external_id"] == "T-1"
    assert sum(report["by_lane"].values()) == 3


def test_parquet_comes_in_and_goes_out(caller: TestClient) -> None:
    files = [message(n, amount="9000.00", flow="dental") for n in range(4)]
    table = pa.table({
        "message": [json.dumps(each) for each in files],
        "received_on": [date(2026, 11, 20)] * 3 + [None],
        "region": ["MA-06", None, "MA-01", None],
        "duplicate_files_90d": pa.array([None, 1, 2, 3], pa.int64()),
    })  # fmt: skip
    out = io.BytesIO()
    pq.write_table(table, out)
    taken = caller.post("/batches", content=out.getvalue(), headers={"content-type": PARQUET})
    assert taken.status_code == 202, taken.text
    place = taken.headers["location"]
    assert finished(caller, place)["undecidable"] == 0

    answer = caller.get(place, headers={"accept": PARQUET})
    rows = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    lines = decisions(caller, place)
    assert [row["draw"] for row in rows] == [line["decision"]["draw"] for line in lines]
    counted = [json.loads(row["features"]).get("duplicate_files_90d") for row in rows]
    assert counted == [None, 1, 2, 3]
    assert rows[2]["rule_set_hash"] == load("ma", 1).sha256


def test_a_daily_quota_holds_over_a_whole_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.selectivity_jobs.TOGETHER", 10)
    rules = parse_rule_set(
        rule_text(row("few", {"flow": {"in": ["ambulatory"]}}, daily_quota=7)), source="test"
    )
    app = make_service(Service(Engines(lambda _: KEY, [rules]), ("ma",)))
    with TestClient(app) as caller:
        lines = b"\n".join(orjson.dumps(message(n)) for n in range(45))
        taken = caller.post("/batches", content=lines, headers={"content-type": NDJSON})
        report = finished(caller, taken.headers["location"])

    assert report["by_lane"] == {"orange": 7, "green": 38}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", NDJSON, 400),
        (b"x", "text/plain", 415),
        (b"PAR1 garbage", PARQUET, 422),
        (b"x" * (2 << 20), NDJSON, 413),
    ],
)
def test_a_batch_that_can_not_be_is_refused_at_once(
    caller: TestClient, body: bytes, kind: str, status: int
) -> None:
    answer = caller.post("/batches", content=body, headers={"content-type": kind})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_damaged_stream_ends_the_batch_with_its_code(caller: TestClient) -> None:
    taken = caller.post("/batches", content=b"\x1f\x8bgarbage",
                        headers={"content-type": "application/gzip"})  # fmt: skip
    report = finished(caller, taken.headers["location"])

    assert (report["state"], report["error"]) == ("failed", "intake.unreadable_delivery")
    refused = caller.get(taken.headers["location"], headers={"accept": NDJSON})
    assert refused.status_code == 409


# --- no request, however malformed, gives a 500 --------------------------------------------------


@schemathesis.serializer(*BATCH_TYPES)
def as_bytes(_: object, value: Any) -> bytes:
    """Send what was generated for a batch as it is."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return bytes(value.data) if hasattr(value, "data") else json.dumps(value).encode()


OPERATIONS = [
    found.ok()  # type: ignore[union-attr]
    for found in schemathesis.openapi.from_dict(
        make_service(Service(Engines(key_of), ("ma",))).openapi()
    ).get_all_operations()
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_whatever_is_sent_is_answered_as_described(
    operation: Any, caller: TestClient, data: st.DataObject
) -> None:
    is_meant_well = data.draw(st.booleans())
    mode = GenerationMode.POSITIVE if is_meant_well else GenerationMode.NEGATIVE
    case = data.draw(operation.as_strategy(generation_mode=mode))
    sent = case.as_transport_kwargs(base_url="http://testserver")
    headers = {k: v for k, v in sent["headers"].items() if k.lower() not in ("authorization",)}
    body = {"json": sent["json"]} if sent.get("json") is not None else {}
    if sent.get("data") is not None:
        body = {"content": sent["data"]}
    response = caller.request(
        sent["method"], sent["url"], params=sent.get("params"), headers=headers | BEARER, **body
    )
    case.validate_response(
        response, checks=[not_a_server_error, status_code_conformance, content_type_conformance]
    )


# --- as the main system asks it -------------------------------------------------------------------


class Score:
    """A score that anybody can work out again: the amount decides."""

    name, sha256 = "ma/7", "7" * 64

    def score(self, snapshots: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        return np.array([each.get("amount", 0) % 997 / 1000 for each in snapshots])

    def worth(
        self, scores: NDArray[np.float64], _: Sequence[Mapping[str, Any]]
    ) -> NDArray[np.float64]:
        return scores / 3

    def contributions(
        self, snapshots: Sequence[Mapping[str, Any]]
    ) -> list[tuple[Contribution, ...]]:
        return [(Contribution("amount", "Le montant", 1 / 3),) for _ in snapshots]


def test_score_and_capacity_go_over_the_wire_unchanged() -> None:
    local = RuleEngine(load("ma", 1), key_of, score=Score())
    app = make_service(Service(Engines(key_of, score=Score()), ("ma",)))
    files = [facts(n, amount=f"{n * 37 + 900}.00", flow="dental") for n in range(60)]
    cell = cell_name("dental", ControlLevel.LOCAL, None)
    valve = Valve(date(2026, 11, 20), {cell: 200}, {"dental": 15}, frozenset({"hospital"}),
                  {cell: 1 / 7})  # fmt: skip
    with TestClient(app) as caller:

        def answer(request: httpx.Request) -> httpx.Response:
            kind = {"content-type": "application/json"}
            found = caller.post("/decisions", content=request.content, headers=kind)
            return httpx.Response(found.status_code, content=found.content)

        client = EngineClient("http://engine", transport=httpx.MockTransport(answer))
        there = RemoteEngine(client, local).decide(files, valve=valve)
        other = RuleEngine(load("ma", 1), key_of)
        with pytest.raises(EngineUnavailable, match="409"):
            RemoteEngine(client, other).decide(files)
        client.close()

    here = local.decide(files, valve=valve)
    assert there == here
    assert any(each.contributions for each in here)
    assert any(each.cutoff is not None for each in here)
