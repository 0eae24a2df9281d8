"""``medcontrol selectivity serve``: the engine alone over HTTP, on a machine without database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medcontrol.errors import InvalidInput
from medcontrol.settings import settings
from runtime.commands.output import say
from runtime.commands.selectivity.group import selectivity
from runtime.commands.serving import Host, Port, Uds, where_to_listen

if TYPE_CHECKING:
    from selectivity.draws import Keys
    from selectivity.gate import Scorer

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
