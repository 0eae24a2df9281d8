"""Who has a file open at this moment (présence): kept in Valkey for a minute, and nowhere else.

No medical content and nothing of the file goes there but its id. Losing it loses nothing.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from medcontrol.embedded import redis_client_url
from medcontrol.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

_LOG = logging.getLogger(__name__)
#: Pages say every few seconds that they are open; who is silent for longer has left.
GONE_AFTER = timedelta(seconds=40)
_KEPT_SECONDS = 120
_ANSWERS_WITHIN = 0.5


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody else who has the file open, and since when."""

    name: str
    since: datetime


class Presences:
    """Who has which file open; without Valkey, or while it does not answer, nobody is seen."""

    def __init__(self, client: "Redis | None" = None) -> None:
        """Keep the client."""
        self._client: Any = client

    def note(self, file_id: UUID, user_id: UUID, name: str, *, now: datetime) -> list[Reader]:
        """Note that somebody has a file open; return who else has, the first to come first."""
        if self._client is None:
            return []
        from redis import RedisError

        try:
            return self._note(f"presence:{file_id}", str(user_id), name, now)
        except RedisError:
            _LOG.warning("presence is not known: Valkey does not answer")
            return []

    def _note(self, key: str, who: str, name: str, now: datetime) -> list[Reader]:
        known = {
            field.decode(): orjson.loads(value)
            for field, value in self._client.hgetall(key).items()
        }
        open_now = {
            each: entry
            for each, entry in known.items()
            if now - datetime.fromisoformat(entry["seen"]) <= GONE_AFTER
        }
        since = open_now.get(who, {}).get("since", now.isoformat())
        entry = orjson.dumps({"name": name, "since": since, "seen": now.isoformat()})
        with self._client.pipeline() as pipe:
            if gone := known.keys() - open_now.keys() - {who}:
                pipe.hdel(key, *gone)
            pipe.hset(key, who, entry)
            pipe.expire(key, _KEPT_SECONDS)
            pipe.execute()
        others = (
            Reader(entry["name"], datetime.fromisoformat(entry["since"]))
            for each, entry in open_now.items()
            if each != who
        )
        return sorted(others, key=lambda each: (each.since, each.name))


def make_presences(settings: Settings) -> Presences:
    """Return who keeps presences in this process."""
    if settings.redis_url is None:
        return Presences()
    from redis import Redis

    return Presences(
        Redis.from_url(
            redis_client_url(settings.redis_url), socket_timeout=_ANSWERS_WITHIN,
            socket_connect_timeout=_ANSWERS_WITHIN,
        )
    )  # fmt: skip
