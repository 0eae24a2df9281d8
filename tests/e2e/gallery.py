"""Pictures of every flow's form and letters, to be looked at: ``python -m tests.e2e.gallery OUT``.

Forms are those of a real file's page, in French and Arabic; letters are set with invented context.
Flows may be named after the folder: ``python -m tests.e2e.gallery OUT dental hospital``.
"""

import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize
from sqlalchemy.engine import make_url
from sqlmodel import Session

from medcontrol import db as database
from medcontrol.crypto import KeyRing
from medcontrol.embedded import servers as embedded_servers
from medcontrol.migrations.migrate import migrate
from medcontrol.model import Doctor, UserAccount
from medcontrol.policy import Principal
from medcontrol.reference.flows import flows
from medcontrol.services import sessions
from medcontrol.services.reference import load_reference_data
from medcontrol.settings import Settings
from medcontrol.vocabulary import ControlLevel, Profession, Role
from tests.browser import open_browser
from tests.e2e.screens import LANGUAGES, LOCALES
from tests.e2e.server import serve
from tests.factories import NOW, make_doctor, make_principal
from tests.flow_world import World
from ui.app import create_app
from ui.visitors import SESSION_COOKIE
from workflows.definition.catalog import Pack, catalog
from workflows.definition.samples import sample_of
from workflows.letters.rendering import preview_png
from workflows.tools import Tools, make_tools

FONTS = (Path(__file__).parents[2] / "ui/static/vendor/fonts",)
SIZE: ViewportSize = {"width": 1440, "height": 2600}


@dataclass(frozen=True)
class Sample:
    """A file to look at: its message, and the steps that lead to the form."""

    flow: str
    nature: str
    lines: tuple[tuple[str, str, str], ...] = ()  # act, quantity, amount
    form: dict[str, Any] = field(default_factory=dict)
    teeth: tuple[str, ...] = ()
    walk: tuple[str, ...] = ()

    @property
    def care(self) -> str:
        """First day of care: to come where it is asked for, past where it is claimed."""
        return "2026-11-09" if self.nature in ("reimbursement", "invoice") else "2026-12-07"

    @property
    def name(self) -> str:
        """Name of its pictures."""
        return f"{self.flow}-{self.nature}" + ("-examination" if self.walk else "")


_SESSIONS = (("AMI4", "20", "1200.00"), ("C2", "1", "250.00"))
_STAY = (("HOSP-CHIR", "6", "48200.00"), ("CHIMIO", "2", "9300.00"))
_TEETH = (("DP60", "1", "2100.00"), ("D20", "1", "350.00"))
_PILLS = (("MED-2201", "3", "15900.00"), ("MED-1005", "1", "1180.00"))
SAMPLES = (
    Sample("ald", "first"),
    Sample("ambulatory", "reimbursement", _SESSIONS),
    Sample("ambulatory", "authorisation", _SESSIONS),
    Sample("hospital", "authorisation", _STAY),
    Sample("hospital", "invoice", _STAY),
    Sample("dental", "authorisation", _TEETH, {}, ("26", "15")),
    Sample("dental", "orthodontics", (("D20", "1", "3200.00"),), {}, ("13",)),
    Sample("dental", "reimbursement", _TEETH, {}, ("26", "15"), ("summon", "booked")),
    Sample("medicines", "authorisation", _PILLS),
    Sample("medicines", "renewal", _PILLS),
    Sample("care_abroad", "authorisation", (("ABROAD-1", "1", "180000.00"),)),
    Sample("conventional", "opening"),
    Sample("sick_leave", "first", (), {"contribution_days": 96}),
    Sample("sick_leave", "prolongation", (), {"contribution_days": 96}),
    Sample(
        "invalidity",
        "first",
        (),
        {
            "incapacity_since": "2026-03-02",
            "insured_days": 3900,
            "insured_days_last_year": 190,
        },
        (),
        ("booked",),
    ),
    Sample("disability", "first", (), {"card_issued_on": "2021-04-12"}, (), ("complete", "booked")),
)


def message(sample: Sample) -> dict[str, Any]:
    """Return the intake message of a sample; nobody in it exists."""
    lines = [
        {"no": no, "act": act, "quantity": quantity, "amount": amount, "date": sample.care}
        | ({"tooth": sample.teeth[no - 1]} if sample.teeth else {})
        for no, (act, quantity, amount) in enumerate(sample.lines, start=1)
    ]
    paid = {"lines": lines, "currency": "MAD", "amount": _total(sample)} if lines else {}
    return {
        "external_id": f"G-{sample.name}", "flow": sample.flow, "nature": sample.nature,
        "scheme": flows()[sample.flow].scheme.value,
        "care": {"from": sample.care, "to": _week_later(sample.care)},
        "authorisation": "PEC-77202",
        "provider": {"id": "999200141", "kind": "clinic", "name": "Clinique des Orangers"},
        "form": sample.form or {"declared_by": "treating_doctor"},
        "control": {"required": True, "mode": "on_file"},
    } | paid  # fmt: skip


def _week_later(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=6)).isoformat()


def _total(sample: Sample) -> str:
    return f"{sum(float(amount) for _, _, amount in sample.lines):.2f}"


@contextmanager
def empty_fund() -> Iterator[Tools]:
    """An empty database of its own on the embedded servers, with reference data."""
    with tempfile.TemporaryDirectory(prefix="medcontrol-gallery-") as folder:
        settings = Settings(home=Path(folder), database_url=None, redis_url=None, demo=True)
        with embedded_servers(settings) as addresses:
            url = make_url(addresses.database_url).render_as_string(hide_password=False)
            migrate(url)
            engine = database.make_engine(url, pool_size=20)
            # Requests run in threads of their own, which no override of this thread reaches.
            replaced, database.engine = database.engine, lambda: engine  # type: ignore[assignment]
            try:
                with database.transaction() as session:
                    load_reference_data(session, "ma")
                yield make_tools(settings, KeyRing.in_memory())
            finally:
                database.engine = replaced
                engine.dispose()


def people(session: Session, tools: Tools) -> World:
    """Return a world with a doctor of each profession and level who controls every flow."""
    every = tuple(flows())
    places = {
        ControlLevel.LOCAL: ("CASA-1", Role.DOCTOR),
        ControlLevel.REGIONAL: ("MA-06", Role.COORDINATOR),
        ControlLevel.CENTRAL: ("MA-CENTRAL", Role.CENTRAL_DOCTOR),
    }
    by_doctor: dict[Any, Principal] = {}
    first: dict[ControlLevel, Doctor] = {}
    for level, (unit, role) in places.items():
        for profession in Profession:
            doctor = make_doctor(
                session, flows=every, minutes=480, profession=profession, level=level,
                unit_code=unit,
            )  # fmt: skip
            by_doctor[doctor.id] = make_principal(session, role, unit, doctor)
            first.setdefault(level, doctor)
    agent = make_principal(session, Role.AGENT, "CASA-1")
    local, regional, central = (first[level] for level in places)
    return World(session, tools, local, regional, central, by_doctor, agent)


def reach(tools: Tools, world: World, sample: Sample) -> tuple[str, Principal]:
    """Take a sample in and walk to its form; return the address of its page, and whose it is."""
    taken = world.take(**message(sample))
    with database.transaction() as session:
        here = World(
            session, tools, world.doctor, world.regional, world.central, world.by_doctor,
            world.agent,
        )  # fmt: skip
        file = here.file(taken)
        for outcome in sample.walk:
            # All samples are about one person, who is seen once a week.
            weeks = timedelta(weeks=3 + SAMPLES.index(sample))
            booking = {"appointment_at": NOW + weeks, "place": "Cabinet"}
            here.end(file, outcome, **(booking if outcome == "booked" else {}))
        task = here.task(file)
        if task.is_medical and task.assigned_doctor_id is None:
            raise RuntimeError(
                f"{sample.name}: {task.step} is given to nobody: {task.unassigned_reason}"
            )
        return f"/files/{file.reference}", here.who(task)


def shoot_forms(out: Path, tools: Tools, browser: Browser, wanted: Collection[str]) -> None:
    """Take the pictures of forms; the panel alone, as high as it is."""
    with database.transaction() as session:
        world = people(session, tools)
    app = create_app(tools, Settings(database_url=None, redis_url=None, demo=True), clock=_now)
    with serve(app) as base:
        for sample in SAMPLES:
            if not wanted or sample.flow in wanted:
                address, principal = reach(tools, world, sample)
                for language in LANGUAGES:
                    page = _open(browser, base, principal, language)
                    page.goto(f"{base}{address}")
                    _shoot(page, out / f"form-{sample.name}.{language}.png")
                    page.context.close()


def _now() -> datetime:
    return NOW


def _open(browser: Browser, base: str, principal: Principal, language: str) -> Page:
    context = browser.new_context(
        viewport=SIZE, color_scheme="light", reduced_motion="reduce", locale=LOCALES[language]
    )
    with database.transaction() as session:
        user = session.get_one(UserAccount, principal.id)
        user.language = language
        token, _ = sessions.open(session, user, now=NOW)
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": base}])
    return context.new_page()


def _shoot(page: Page, path: Path) -> None:
    page.evaluate("document.fonts.ready")
    page.locator("#step-form > summary").click()
    panel = page.locator("#decide").bounding_box()
    assert panel is not None
    clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": panel["y"] + panel["height"] + 40}
    page.screenshot(path=path, clip=clip, full_page=True)  # type: ignore[arg-type]
    sys.stdout.write(f"{path.name}\n")


def print_letters(out: Path, wanted: Collection[str]) -> None:
    """Write the first page of each letter of each flow, in both languages."""
    for pack in catalog():
        if pack.meta.jurisdiction == "ma" and (not wanted or pack.flow in wanted):
            for code in pack.meta.letters:
                for language in LANGUAGES:
                    _print(out, pack, code, language)


def _print(out: Path, pack: Pack, code: str, language: str) -> None:
    context = sample_of(pack, code, language)
    path = out / f"letter-{pack.flow}-{code}.{language}.png"
    path.write_bytes(preview_png(pack, code, language, context, fonts=FONTS))
    sys.stdout.write(f"{path.name}\n")


def main() -> None:
    """Write the pictures of the flows that are named, of all of them when none is."""
    out, wanted = Path(sys.argv[1]), set(sys.argv[2:])
    out.mkdir(parents=True, exist_ok=True)
    print_letters(out, wanted)
    with empty_fund() as tools, open_browser() as browser:
        shoot_forms(out, tools, browser, wanted)


if __name__ == "__main__":
    main()
