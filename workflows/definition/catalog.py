"""The flow packs on disk: found, read, hashed (catalogue des circuits)."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml
from pydantic import ValidationError

from medcontrol.errors import InvalidInput, NotFound
from medcontrol.reference.flows import A_POSTERIORI, Flow, learn
from medcontrol.reference.tables import ReferenceFault, Text
from medcontrol.vocabulary import Jurisdiction, Scheme
from workflows.definition import plain_yaml
from workflows.definition.bpmn import read
from workflows.definition.schema import PackFile, Served
from workflows.definition.shared_parts import completed

PACKS = Path(__file__).parents[1] / "packs"
LOCK = "packs.lock"
_VERSION = re.compile(r"^[1-9][0-9]*$")


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """One version of a pack, as it serves one flow.

    Attributes:
        key: ``<jurisdiction>/<code>/<version>``, stored with the file.
        flow: the flow served, one of ``meta.flows``.
        digest: sha-256 (hex) of everything that decides what the pack does: all its files but
            the scenarios, and the shared letters and forms that it uses.
    """

    key: str
    root: Path
    folder: Path
    common: Path
    digest: str
    flow: str
    meta: PackFile = field(repr=False)

    @property
    def served(self) -> Served:
        """The flow's own titles, prefix, natures and professions."""
        return self.meta.flows[self.flow]

    def bpmn(self) -> str:
        """Return the diagram, layout included."""
        return (self.folder / "flow.bpmn").read_text("utf-8")

    def letter_path(self, code: str, language: str) -> Path:
        """Return where a letter's template lies: the pack's own, else the shared one.

        Raises:
            NotFound: the pack declares no such letter, or has it not in this language.
        """
        if code in self.meta.letters:
            for folder in (self.folder, self.common):
                path = folder / "letters" / f"{code}.{language}.typ"
                if path.is_file():
                    return path
        raise NotFound(f"{self.key} has no letter {code!r} in {language!r}")

    def form(self, step: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a step's form: its JSON Schema and its display (order, labels fr/ar/en).

        Raises:
            NotFound: no such step, or its form is not there.
        """
        if step not in self.meta.steps:
            raise NotFound(f"{self.key} has no step {step!r}")
        return _form(self.folder, self.common, self.meta.steps[step].form)

    def check_words(self) -> dict[str, Any]:
        """Return the words of computed checks, by check: titles, sentences, figures, source."""
        return _data(self.common / "checks.yaml")

    def shared_levels(self) -> list[str]:
        """Return the levels to which every flow of the jurisdiction lets a file go up."""
        return list(_data(self.common / "shared.yaml").get("levels", ()))

    def scenarios(self) -> list[Path]:
        """Return the files of the pack's scenarios, in order."""
        return sorted((self.folder / "scenarios").glob("*.yaml"))


@cache
def _form(folder: Path, common: Path, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    for place in (folder, common):
        schema, display = (
            place / "forms" / f"{name}.schema.json",
            place / "forms" / f"{name}.ui.yaml",
        )
        if schema.is_file() and display.is_file():
            return orjson.loads(schema.read_bytes()), _words(display)
    raise NotFound(f"no form {name!r} in {folder} or {common}")


def _words(path: Path) -> dict[str, Any]:
    """Return a form's display: everything in it is text, an answer ``no`` too."""
    found: dict[str, Any] = plain_yaml.read_words(path.read_text("utf-8"))
    return found


@cache
def _data(path: Path) -> dict[str, Any]:
    return plain_yaml.read(path.read_text("utf-8")) if path.is_file() else {}


class Catalog:
    """All packs under one folder."""

    def __init__(self, root: Path = PACKS) -> None:
        """Read and validate every pack under ``root``.

        Raises:
            InvalidInput: a ``pack.yaml`` is wrong; the message names the file and the member.
        """
        self.root = root
        self._packs: dict[str, Pack] = {}
        for path in sorted(root.glob("*/*/*/pack.yaml")):
            if _VERSION.match(path.parent.name):
                pack = _read(root, path)
                self._packs[pack.key] = pack

    def __iter__(self) -> Iterator[Pack]:
        """Yield every version of every pack, each for the first flow that it serves."""
        return iter(self._packs.values())

    def pack(self, jurisdiction: str, flow: str, on_day: date) -> Pack:
        """Return the pack of a flow in force on a day (the civil day of receipt).

        A flow's own pack comes before one that serves several flows; then the latest version.

        Raises:
            NotFound: no pack serves this flow on that day, so the flow is not open.
        """
        found = [
            pack
            for pack in self._packs.values()
            if pack.meta.jurisdiction == jurisdiction
            and flow in pack.meta.flows
            and pack.meta.valid_from <= on_day
        ]
        if not found:
            raise NotFound(f"no pack of {jurisdiction} serves {flow!r} on {on_day}", field="flow")
        best = max(found, key=lambda p: (p.meta.code == flow, p.meta.valid_from, p.meta.version))
        return replace(best, flow=flow)

    def get(self, key: str, flow: str, digest: str | None = None) -> Pack:
        """Return the version that a file was opened under, as it serves the file's flow.

        Raises:
            NotFound: no such version, or it does not serve this flow.
            InvalidInput: the pack on disk is not the one the file was opened under.
        """
        pack = self._packs.get(key)
        if pack is None or flow not in pack.meta.flows:
            raise NotFound(f"no pack {key!r} serves {flow!r}", field="pack")
        if digest is not None and digest != pack.digest:
            raise InvalidInput(f"pack {key} changed since the file was opened", field="pack_hash")
        return pack if pack.flow == flow else replace(pack, flow=flow)

    def version(self, key: str) -> Pack:
        """Return a version by its key, for its first flow. Raises NotFound."""
        found = self._packs.get(key)
        if found is None:
            raise NotFound(f"no pack {key!r}; there are {', '.join(self._packs)}", field="pack")
        return found

    def open_flows(self, jurisdiction: str, on_day: date) -> list[str]:
        """Return the flows that some pack serves on a day, sorted."""
        return sorted(
            {
                flow
                for pack in self._packs.values()
                if pack.meta.jurisdiction == jurisdiction and pack.meta.valid_from <= on_day
                for flow in pack.meta.flows
            }
        )


@cache
def catalog() -> Catalog:
    """Return the packs that ship with the product, read once per process."""
    found = Catalog()
    make_flows_known(found)
    return found


def make_flows_known(packs: Iterable[Pack]) -> None:
    """Tell the kernel of flows that packs alone know: prefix, natures, professions, scheme.

    So a pack folder is all that a new flow needs: intake, competences and lists know it then.

    Raises:
        InvalidInput: a flow has the prefix of another one.
    """
    try:
        learn(_flow(pack, code) for pack in packs for code in pack.meta.flows)
    except ReferenceFault as fault:
        raise InvalidInput(str(fault), field="reference_prefix") from None


def _flow(pack: Pack, code: str) -> Flow:
    served, place = pack.meta.flows[code], pack.meta.jurisdiction
    usual = Scheme.GENERAL if place is Jurisdiction.LU else Scheme.AMO
    return Flow(
        code=code,
        title=Text(**served.titles.model_dump()),
        jurisdictions=(place,),
        natures=served.natures,
        scheme=served.scheme or usual,
        prefix=served.reference_prefix,
        professions=served.professions,
        is_instant=False,
        reimburses=A_POSTERIORI in served.natures,
        is_open=True,
        is_internal=served.linked,
    )


def read_lock(root: Path = PACKS) -> dict[str, str]:
    """Return the digest of each released version, by key. A pack that is not in it is a draft."""
    path = root / LOCK
    if not path.is_file():
        return {}
    lines = (line.split() for line in path.read_text("utf-8").splitlines())
    return {parts[0]: parts[1] for parts in lines if len(parts) == 2 and parts[0] != "#"}


def write_lock(packs: Iterable[Pack], root: Path = PACKS) -> None:
    """Release: add the packs to the lock. A version that was released stays as it was.

    Raises:
        InvalidInput: a released version was changed; give it a new version instead.
    """
    locked = read_lock(root)
    for pack in packs:
        if locked.setdefault(pack.key, pack.digest) != pack.digest:
            raise InvalidInput(f"{pack.key} is released and was changed", field=pack.key)
    lines = ["# sha-256 of each released pack; a change needs a new version", *_lines(locked)]
    (root / LOCK).write_text("\n".join(lines) + "\n", "utf-8")


def _lines(locked: dict[str, str]) -> list[str]:
    return [f"{key} {digest}" for key, digest in sorted(locked.items())]


def _read(root: Path, path: Path) -> Pack:
    folder = path.parent
    try:
        meta = PackFile.model_validate(_whole(path))
    except (yaml.YAMLError, OSError) as problem:
        raise InvalidInput(f"{path}: {problem}", field=str(path)) from None
    except ValidationError as refusal:
        first = refusal.errors()[0]
        member = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{path}: {member}: {first['msg']}", field=member) from None
    key = "/".join(folder.relative_to(root).parts)
    if key != f"{meta.jurisdiction}/{meta.code}/{meta.version}":
        raise InvalidInput(f"{path}: code: the folder says {key}", field="code")
    common = root / meta.jurisdiction / "_common" / str(meta.common)
    return Pack(key, root, folder, common, _digest(folder, common), next(iter(meta.flows)), meta)


def _whole(path: Path) -> Any:
    """Return a pack's file with what it takes from the parts that its jurisdiction shares."""
    own = plain_yaml.read(path.read_text("utf-8"))
    if not isinstance(own, dict):
        return own
    common = path.parents[2] / "_common" / str(own.get("common"))
    if not common.is_dir():
        raise InvalidInput(f"{path}: common: there is no {common}", field="common")
    shared = common / "shared.yaml"
    if not shared.is_file():
        return own
    graph = read((path.parent / "flow.bpmn").read_text("utf-8"))
    return completed(own, plain_yaml.read(shared.read_text("utf-8")), graph)


def _digest(*folders: Path) -> str:
    """Hash what the folders hold, names included; scenarios prove a pack, they don't change it."""
    total = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "scenarios" not in path.relative_to(folder).parts:
                total.update(path.relative_to(folder).as_posix().encode() + b"\0")
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
