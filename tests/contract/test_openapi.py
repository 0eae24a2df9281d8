"""The description of the API changes only on purpose.

After a wanted change: ``python -m tests.contract.test_openapi`` writes the new one.
"""

import json
from pathlib import Path
from typing import Any

from api.app import make_app
from api.deps import Context
from medcontrol.settings import Settings

SNAPSHOT = Path(__file__).parent / "openapi.json"


def described() -> dict[str, Any]:
    settings = Settings(database_url=None, redis_url=None)
    # No tool is used to describe the API.
    found: dict[str, Any] = make_app(Context(settings, None)).openapi()  # type: ignore[arg-type]
    return found


def test_the_description_is_the_one_that_was_agreed() -> None:
    assert described() == json.loads(SNAPSHOT.read_text("utf-8")), __doc__


def test_every_operation_describes_its_refusals_as_problems() -> None:
    for path, operations in described()["paths"].items():
        for method, operation in operations.items():
            assert operation["security"], (method, path)
            assert operation["summary"], (method, path)
            refused = {s: r for s, r in operation["responses"].items() if s >= "400"}
            assert {"401", "403", "422", "500"} <= set(refused), (method, path)
            for response in refused.values():
                assert list(response["content"]) == ["application/problem+json"], (method, path)


def test_every_code_of_the_api_is_documented() -> None:
    from api.errors import _HTTP_CODES

    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")

    for code in _HTTP_CODES.values():
        assert f"`{code}`" in text


if __name__ == "__main__":
    SNAPSHOT.write_text(
        json.dumps(described(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    )
