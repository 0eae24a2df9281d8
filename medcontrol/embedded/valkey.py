"""The embedded Valkey: broker, presence, limits. It keeps nothing on disk and may lose all."""

import socket
from pathlib import Path

SOCKET = "valkey.sock"


def url(sockets: Path, password: str) -> str:
    """Return the address in the form Celery and kombu read."""
    return f"redis+socket://:{password}@{sockets / SOCKET}?virtual_host=0"


def configuration(sockets: Path, password: str) -> str:
    """Return its configuration, to be read from standard input: no password on a command line."""
    return "\n".join(
        [
            "port 0",
            f"unixsocket {sockets / SOCKET}",
            "unixsocketperm 700",
            f"requirepass {password}",
            "databases 64",
            'save ""',
            "appendonly no",
            # A broker that forgets tasks to make room would be worse than one that says no.
            "maxmemory 512mb",
            "maxmemory-policy noeviction",
            "daemonize no",
            "",
        ]
    )


def is_ready(sockets: Path) -> bool:
    """Tell whether it takes connections."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(str(sockets / SOCKET)) == 0
