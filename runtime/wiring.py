"""The parts of this process, each built once at first use and never before a fork."""

from functools import cache
from typing import TYPE_CHECKING

from medcontrol.crypto import KeyRing
from medcontrol.embedded import redis_client_url
from medcontrol.errors import Unavailable
from medcontrol.settings import settings

if TYPE_CHECKING:
    # They load the flow engine and the broker, which most commands do without.
    from redis import Redis

    from medcontrol.ports import Accounts, Post
    from workflows.tools import Tools


@cache
def keys() -> KeyRing:
    """Return the key ring; its file is made at the very first use.

    Raises:
        KeyFileUnusable: the file is no key ring, or others may read it.
    """
    configured = settings()
    return KeyRing.open(configured.key_file or configured.home_path / "keys.json")


@cache
def tools() -> "Tools":
    """Return what commands need beside the database."""
    from workflows.tools import make_tools

    return make_tools(settings(), keys())


@cache
def post() -> "Post":
    """Return who carries letters away."""
    from runtime.post import make_post

    return make_post(settings())


@cache
def accounts() -> "Accounts | None":
    """Return who delivers letters to people's accounts, if anybody does."""
    from runtime.accounts import make_accounts

    return make_accounts(settings())


@cache
def redis_client() -> "Redis":
    """Return a client of Redis or Valkey.

    Raises:
        Unavailable: no address is known; the edge starts the embedded server first.
    """
    from redis import Redis

    url = settings().redis_url
    if url is None:
        raise Unavailable("no Redis: MEDCONTROL_REDIS_URL is not set")
    return Redis.from_url(redis_client_url(url))


def forget() -> None:
    """Build everything anew at next use, after addresses or the home folder changed."""
    for part in (keys, tools, post, accounts, redis_client):
        part.cache_clear()
