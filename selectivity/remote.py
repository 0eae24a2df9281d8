"""The selectivity engine elsewhere (moteur distant), behind time-out and circuit breaker."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import httpx
import orjson

from medcontrol.errors import InvalidInput, Unavailable
from medcontrol.ports import FileFacts, SelectivityOutcome
from selectivity.capacity.valve import Valve
from selectivity.engine import RuleEngine
from selectivity.gate import Scorer
from selectivity.wire import file_as_json, outcome_from_json

_log = logging.getLogger("medcontrol.selectivity")

FAILURES, REST_SECONDS = 3, 30.0
_ASKED_WRONGLY = (400, 413, 415, 422)


class EngineUnavailable(Unavailable):
    """The selectivity engine does not answer, or decides by other rules; the files wait."""

    code = "selectivity.engine_unavailable"


class Breaker:
    """Stops asking a service that keeps failing (disjoncteur); tries again after a rest.

    Closed, every call goes through. After ``failures`` in a row it is open and none does. After
    ``rest`` seconds one call at a time may try; the first that succeeds closes it.
    """

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        rest: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._rest, self._clock = failures, rest, clock
        self._failed = 0
        self._opened: float | None = None
        self._is_trying = False
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Return whether calls are kept back."""
        return self._opened is not None

    def may_call(self) -> bool:
        """Return whether a call may go through; one that may must be told how it ended."""
        with self._lock:
            if self._opened is None:
                return True
            if self._is_trying or self._clock() - self._opened < self._rest:
                return False
            self._is_trying = True
            return True

    def succeeded(self) -> None:
        """Note that a call came back."""
        with self._lock:
            self._failed, self._opened, self._is_trying = 0, None, False

    def failed(self) -> None:
        """Note that a call did not come back."""
        with self._lock:
            self._failed += 1
            self._is_trying = False
            if self._failed >= self._most or self._opened is not None:
                self._opened = self._clock()


class EngineClient:
    """One connection pool and one breaker for the engine at an address; shared by its users.

    Args:
        url: of the service, "https://engine.example".
        token: that it asks for.
        timeout: seconds for one call, from connecting to the last byte.
        transport: how calls are made; for tests.
        breaker: of this address.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = 10.0,
        transport: httpx.BaseTransport | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        self.breaker = breaker or Breaker()
        self._client = httpx.Client(
            base_url=url, headers=headers, timeout=timeout, transport=transport
        )

    def ask(self, body: Mapping[str, Any]) -> list[SelectivityOutcome]:
        """Return the outcomes of ``POST /decisions``.

        Raises:
            EngineUnavailable: no answer in time, none that can be read, or the breaker is open.
            InvalidInput: the service refused what it was asked.
        """
        if not self.breaker.may_call():
            raise EngineUnavailable("the engine was not asked: it failed a moment ago")
        try:
            response = self._client.post("/decisions", content=orjson.dumps(body))
            found = self._outcomes(response, len(body["files"]))
        except InvalidInput:
            self.breaker.succeeded()
            raise
        except (httpx.HTTPError, ValueError, TypeError, KeyError, AttributeError) as error:
            self.breaker.failed()
            _log.warning("selectivity.engine_failed", extra={"error": type(error).__name__})
            raise EngineUnavailable(f"the engine failed ({type(error).__name__})") from None
        except EngineUnavailable:
            self.breaker.failed()
            raise
        except BaseException:
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        return found

    def _outcomes(self, response: httpx.Response, files: int) -> list[SelectivityOutcome]:
        if response.status_code != httpx.codes.OK:
            problem = _problem(response)
            if response.status_code in _ASKED_WRONGLY:
                raise InvalidInput(f"the engine refused: {problem}")
            raise EngineUnavailable(f"the engine answered {response.status_code}: {problem}")
        found = [outcome_from_json(_outcome(each)) for each in orjson.loads(response.content)]
        if len(found) != files:
            raise ValueError("another number of decisions than files")
        return found

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _outcome(each: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in each.items() if name not in ("source", "external_id")}


def _problem(response: httpx.Response) -> str:
    """Return the code and the places of a refusal, never what was sent."""
    try:
        body = response.json()
        places = [f"{each['path']} {each['code']}" for each in body.get("errors", ())[:3]]
        return ", ".join([str(body.get("code", "")), *places])
    except (ValueError, AttributeError, TypeError, KeyError):
        return response.reason_phrase


class RemoteEngine:
    """Implements ``medcontrol.ports.SelectivityEngine`` by asking another one.

    It says by which rules and model it expects to be decided, so that an engine that was not
    brought up to date is as good as one that does not answer.

    Args:
        client: of the service.
        local: the same rules in this process; used for nothing but the fall-back.
        fallback: "hold" lets the files wait; "mandatory" lets mandatory rows and requests from
            outside decide here, alone, and says so in the features of every file.
    """

    def __init__(self, client: EngineClient, local: RuleEngine, *, fallback: str = "hold") -> None:
        self._client, self._local, self._fallback = client, local, fallback

    @property
    def score(self) -> Scorer | None:
        """Return the model that is expected to score."""
        return self._local.score

    def decide(
        self,
        files: Sequence[FileFacts],
        *,
        history: Mapping[str, Sequence[Any]] | None = None,
        quota_used: Mapping[tuple[str, date], int] | None = None,
        valve: Valve | None = None,
    ) -> list[SelectivityOutcome]:
        """Return one outcome per file; see the port.

        Raises:
            EngineUnavailable: nobody answers and the fall-back is to wait.
        """
        if not files:
            return []
        try:
            return self._client.ask(self._question(files, history or {}, quota_used or {}, valve))
        except EngineUnavailable as refusal:
            if self._fallback != "mandatory":
                raise
            _log.warning("selectivity.fallback", extra={"files": len(files), "why": str(refusal)})
            return self._local.decide_mandatory(files, history=history)

    def _question(
        self,
        files: Sequence[FileFacts],
        history: Mapping[str, Sequence[Any]],
        quota_used: Mapping[tuple[str, date], int],
        valve: Valve | None,
    ) -> dict[str, Any]:
        score = self._local.score
        return {
            "files": [
                file_as_json(file, {name: values[place] for name, values in history.items()})
                for place, file in enumerate(files)
            ],
            "quota_used": [
                {"row": row, "day": day.isoformat(), "used": used}
                for (row, day), used in quota_used.items()
            ],
            "valve": valve.as_json() if valve is not None else None,
            "rule_set_sha256": self._local.rules.sha256,
            "model_sha256": score.sha256 if score is not None else "",
        }
