"""``medcontrol selectivity serve``: the engine alone over HTTP, on a machine without database."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medcontrol.errors import InvalidInput
from medcontrol.settings import settings
from runtime.commands.output import read_day, say
from runtime.commands.selectivity.group import selectivity
from runtime.commands.serving import Host, Port, Uds, where_to_listen

if TYPE_CHECKING:
    from selectivity.draws import Keys
    from selectivity.gate import Scorer

_MOST_YEARS = 30
_HERE = ("127.0.0.1", "::1", "localhost")


@selectivity.command("serve")
def serve(
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", help="A version of the rules; may be given again."),
    ] = None,
    draw_keys: Annotated[
        Path | None,
        typer.Option("--draw-keys", help="Draw keys by month; else those of the key ring."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="Text of a trained score; else rules only.")
    ] = None,
    model_name: Annotated[
        str, typer.Option("--model-name", help="As the main system calls it, ma/3.")
    ] = "",
    host: Host = None,
    port: Port = None,
    uds: Uds = None,
) -> None:
    """Serve the selectivity engine without a database, in the foreground; Ctrl-C ends it."""
    import uvicorn

    from api.selectivity_service import Service, make_service
    from runtime.logs import set_up_logs
    from selectivity.standalone import Engines, load_rules

    configured = settings()
    token = configured.selectivity_token
    where = where_to_listen(configured, host, port, uds)
    if token is None and uds is None and where.host not in _HERE:
        raise InvalidInput(
            f"set MEDCONTROL_SELECTIVITY_TOKEN before others reach it on {where.host}",
            field="token",
        )
    loaded = [load_rules(path) for path in rules or ()]
    engines = Engines(_keys(draw_keys), loaded, score=_model(model, model_name))
    codes = tuple(dict.fromkeys(each.code for each in loaded)) or (configured.jurisdiction,)
    service = Service(
        engines,
        codes,
        token=token.get_secret_value() if token else None,
        batch_bytes=configured.batch_max_bytes,
    )
    names = ", ".join(each.name for code in codes for each in engines.rule_sets(code))
    set_up_logs()
    where.check_free()
    say(f"{names} on {where.address}")
    uvicorn.run(make_service(service), host=where.host, port=where.port, access_log=False,
                uds=str(where.uds) if where.uds else None, timeout_graceful_shutdown=8)  # fmt: skip


@selectivity.command("draw-keys")
def draw_keys_of(
    first: Annotated[str, typer.Argument(help="First month in which care began, 2026-01.")],
    last: Annotated[str, typer.Argument(help="Last month.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; must be new.")],
) -> None:
    """Write the draw keys of some months for an engine elsewhere; they decrypt nothing.

    Whoever holds them can work out which files chance will choose: keep them as secret as rules.
    """
    from runtime import wiring

    ring = wiring.keys()
    keys = {month: ring.derive(f"draw:{month}").hex() for month in _months(first, last)}
    try:
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(keys, file, indent=1)
    except OSError as error:
        raise InvalidInput(f"{output} can't be written: {error.strerror}") from None
    say(f"{len(keys)} months in {output}")


def _months(first: str, last: str) -> list[str]:
    day, end = (read_day(f"{month}-01", "month") for month in (first, last))
    if not day <= end or (end.year - day.year) > _MOST_YEARS:
        raise InvalidInput(f"write two months in order, at most {_MOST_YEARS} years apart")
    count = (end.year - day.year) * 12 + end.month - day.month + 1
    places = (day.year * 12 + day.month - 1 + n for n in range(count))
    return [f"{place // 12:04}-{place % 12 + 1:02}" for place in places]


def _keys(path: Path | None) -> "Keys":
    """Return the draw keys of a file, else those that the key ring gives."""
    from runtime import wiring
    from selectivity.standalone import load_draw_keys

    if path is not None:
        return load_draw_keys(path)
    ring = wiring.keys()
    return lambda period: ring.derive(f"draw:{period}")


def _model(path: Path | None, name: str) -> "Scorer | None":
    if path is None:
        return None
    from selectivity.score.model import read

    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} can't be read ({type(error).__name__})") from None
    return read(text, name or path.stem)
