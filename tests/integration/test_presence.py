"""Who has a file open: seen by others for as long as the page says so, kept by nobody."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from redis import Redis

from medcontrol.embedded import Addresses
from medcontrol.presence import GONE_AFTER, Presences

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_others_see_who_has_the_file_open_since_when_until_the_page_is_silent(
    addresses: Addresses,
) -> None:
    client = Redis.from_url(addresses.redis_client_url)
    presences, file_id, naciri, alami = Presences(client), uuid4(), uuid4(), uuid4()

    assert presences.note(file_id, naciri, "Dr Naciri", now=NOW) == []
    later = NOW + timedelta(seconds=30)
    assert presences.note(file_id, naciri, "Dr Naciri", now=later) == []
    (seen,) = presences.note(file_id, alami, "Dr Alami", now=later)
    assert (seen.name, seen.since) == ("Dr Naciri", NOW)
    assert presences.note(uuid4(), alami, "Dr Alami", now=later) == []

    gone = later + GONE_AFTER + timedelta(seconds=1)
    assert presences.note(file_id, alami, "Dr Alami", now=gone) == []
    assert 0 < client.ttl(f"presence:{file_id}") <= 120
    client.close()


def test_a_store_that_does_not_answer_shows_nobody() -> None:
    client = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)

    assert Presences(client).note(uuid4(), uuid4(), "Dr Naciri", now=NOW) == []
    assert Presences().note(uuid4(), uuid4(), "Dr Naciri", now=NOW) == []
