"""``medcontrol journal``: does what happened stand as it was written, and as it was signed?"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from medcontrol import journal as file_journal
from medcontrol.db import read_only
from medcontrol.errors import InvalidInput
from medcontrol.services import digests, evidence
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import AsJson, fail, name_some, read_file, say, say_json, show_table
from runtime.environment import environment

journal = typer.Typer(help="The journal of files, and its signed days.", no_args_is_help=True)
_KEY_LENGTH = 32


@journal.command("verify")
def verify_journal(
    kept: Annotated[
        str | None, typer.Option("--kept", help="Signed days that were kept elsewhere.")
    ] = None,
    public_key: Annotated[
        str | None, typer.Option("--public-key", help="Trust this key instead of the key ring's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the hash chain of every file and every signed day; end with 1 if one is wrong."""
    copies = digests.read_kept(read_file(kept)) if kept else {}
    with environment(), read_only() as session:
        trusted = _trusted(public_key)
        count, broken = file_journal.verify(session)
        days = digests.verify_days(session, trusted, kept=copies)
    if as_json:
        rows = [{"file": b.reference, "entry": b.number, "fault": b.fault} for b in broken]
        say_json({"entries": count, "broken": rows, "signed": asdict(days)})
    else:
        _tell(count, broken, days)
    if broken:
        fail(f"{len(broken)} files whose journal does not hold")
    if days.faults:
        fail(f"{len({each.number for each in days.faults})} signed days do not hold")


def _tell(count: int, broken: list[file_journal.Broken], days: digests.DaysChecked) -> None:
    if not broken:
        say(f"{count} journal entries, every chain holds")
    if not days.faults:
        until = f", until {days.signed_until:%Y-%m-%d %H:%M} UTC" if days.signed_until else ""
        say(f"{days.days} signed days hold{until}")
    name_some([f"{b.reference}, entry {b.number}: {b.fault}" for b in broken])
    name_some([f"signed day {f.number} ({f.day or '–'}): {f.fault}" for f in days.faults])


def _trusted(text: str | None) -> bytes:
    """Return the public key that was given in hexadecimal; without one the key ring's."""
    if not text:
        return digests.public_key(wiring.keys())
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_LENGTH:
        raise InvalidInput("a public key is 64 hexadecimal digits", field="public_key")
    return key


@journal.command("check")
def check_evidence(
    file: Annotated[str, typer.Argument(help="Evidence of a file, as JSON.")],
    public_key: Annotated[
        str | None, typer.Option("--public-key", help="Trust this key instead of the key ring's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check evidence that was taken out: signature, hash, chain; end with 1 if one is wrong."""
    content = read_file(file)
    found, faults = evidence.check(content, _trusted(public_key))
    number, entries = found["file"]["reference"], len(found["journal"])
    if as_json:
        say_json({"file": number, "entries": entries, "faults": faults})
    elif not faults:
        say(f"evidence of {number}: {entries} journal entries, chain and signature hold")
    if faults:
        fail(f"evidence of {number}: {', '.join(faults)}")


@journal.command("sign")
def sign_journal(as_json: AsJson = False) -> None:
    """Sign the days that are over and are not signed yet; the scheduler does it every night."""
    from runtime.tasks.periodic import alone
    from runtime.tasks.signing import sign_now

    with environment():
        done = alone(digests.JOB, lambda: sign_now(settings().jurisdiction))
    if done is None:
        fail("another process is signing")
    if as_json:
        say_json(done)
    else:
        say(f"{done['signed']} days signed, {done['last'] or 0} in all")


@journal.command("digests")
def show_digests(
    out: Annotated[
        Path | None, typer.Option("--out", help="Write them here, to be kept elsewhere.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the signed days, or write them to a file with key and signature, one a line."""
    with environment(), read_only() as session:
        days = digests.all_days(session)
        key = digests.public_key(wiring.keys()).hex()
    if out is not None:
        lines = b"".join(orjson.dumps(digests.as_line(each)) + b"\n" for each in days)
        try:
            out.write_bytes(lines)
        except OSError as error:
            raise InvalidInput(f"{out} can't be written: {error.strerror}", field="out") from None
        say(f"{len(days)} signed days in {out}; check with: journal verify --kept {out}")
    elif as_json:
        rows: list[dict[str, Any]] = [digests.as_line(each) for each in days]
        say_json({"public_key": key, "days": rows})
    else:
        say(f"public key {key}")
        columns = ("number", "day", "entries", "readings", "hash")
        show_table(columns, [
            (each.number, each.day, each.entries, each.readings, digests.hash_of(each).hex())
            for each in days
        ])  # fmt: skip
