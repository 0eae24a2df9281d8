"""How often somebody may ask within a while (limite de fréquence), counted in this process."""

import threading
from datetime import datetime, timedelta


class Window:
    """Counts by key within windows of fixed length; what is full forgets everybody, not one.

    Each web process counts for itself: the limit of an installation is that of a process times
    their number.
    """

    def __init__(self, *, seconds: int, most_keys: int) -> None:
        """Keep at most ``most_keys`` counters of ``seconds`` seconds."""
        self._length, self._most = timedelta(seconds=seconds), most_keys
        self._counts: dict[str, int] = {}
        self._since: datetime | None = None
        self._lock = threading.Lock()

    def allows(self, key: str, limit: int, now: datetime) -> bool:
        """Count one more of a key; return whether it is within the limit."""
        with self._lock:
            is_over = self._since is None or not self._since <= now < self._since + self._length
            if is_over or len(self._counts) >= self._most:
                self._counts.clear()
                self._since = now
            self._counts[key] = self._counts.get(key, 0) + 1
            return self._counts[key] <= limit
