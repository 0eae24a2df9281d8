"""What the kernel asks of the outside: small protocols, implemented by adapters and by fakes."""

from typing import Protocol
from uuid import UUID


class Post(Protocol):
    """Carries letters away (poste, portail, imprimerie)."""

    def send(self, letter_id: UUID, pdf: bytes, *, idempotency_key: str, recipient: str) -> str:
        """Hand over one letter and return the carrier's reference.

        Called again with the same key after a crash: the carrier must then answer with the
        same reference and not send twice.

        Raises:
            Unavailable: nothing was handed over; call again later.
        """
        ...
