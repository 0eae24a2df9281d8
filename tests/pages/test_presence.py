"""A file's page says who else has it open, to those who may see the file."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from medcontrol.presence import Presences, Reader
from tests.pages.desk import Fund, texts

SEEN = "//span[@class='presence']"


class InMemory(Presences):
    """Presences of one process."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[tuple[UUID, UUID], Reader] = {}

    def note(self, file_id: UUID, user_id: UUID, name: str, *, now: datetime) -> list[Reader]:
        self.known.setdefault((file_id, user_id), Reader(name, now))
        return [
            reader
            for (file, who), reader in self.known.items()
            if file == file_id != who != user_id
        ]


def test_a_colleague_who_has_the_file_open_is_named(fund: Fund) -> None:
    fund.app.state.site = replace(fund.app.state.site, presences=InMemory())
    reference = fund.take()
    doctor, regional = fund.doctor(), fund.regional()

    assert texts(doctor.page(f"/files/{reference}"), SEEN) == []
    (seen,) = texts(regional.page(f"/files/{reference}"), SEEN)
    part = doctor.get(f"/files/{reference}/presence")

    assert seen.startswith("Dr ")
    assert part.status_code == 200
    assert "<html" not in part.text
    assert part.text.count('class="presence"') == 1
    assert doctor.get("/files/MED-2026-0000000-0/presence").status_code == 404
