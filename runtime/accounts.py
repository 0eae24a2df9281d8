"""Letters delivered to people's accounts over HTTP, signed as Standard Webhooks has it."""

import base64

import httpx
import orjson

from medcontrol.clock import Clock, utc_now
from medcontrol.errors import InvalidInput, Unavailable
from medcontrol.ports import AccountLetter, Accounts
from medcontrol.settings import Settings
from runtime.post import TIMEOUT, reference_of
from runtime.webhooks import read_secret, signed


class HttpAccounts:
    """The portal's one address. Who the letter is for stands in the signed body only."""

    def __init__(
        self, url: str, secret: bytes, client: httpx.Client | None = None, now: Clock = utc_now
    ) -> None:
        self._url, self._secret, self._now = url, secret, now
        self._client = client or httpx.Client(timeout=TIMEOUT, follow_redirects=False)

    def deliver(self, letter: AccountLetter, pdf: bytes, *, idempotency_key: str) -> str:
        """See ``ports.Accounts.deliver``."""
        body = orjson.dumps(
            {
                "type": "letter",
                "letter_id": str(letter.id),
                "registration_number": letter.registration_number,
                "language": letter.language,
                "written_on": letter.written_on.isoformat(),
                "pdf": base64.b64encode(pdf).decode(),
            }
        )
        headers = {"content-type": "application/json", "idempotency-key": idempotency_key}
        headers |= signed(self._secret, idempotency_key, self._now(), body)
        try:
            answer = self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(f"the portal does not answer: {type(error).__name__}") from None
        if not answer.is_success:
            raise Unavailable(f"the portal answered {answer.status_code}")
        return reference_of(answer)


def make_accounts(settings: Settings) -> Accounts | None:
    """Return who delivers letters to accounts, if anybody does.

    Raises:
        InvalidInput: the address or the secret can't be used; letters never leave unsigned.
    """
    if settings.accounts_url is None:
        return None
    if not settings.accounts_url.startswith(("http://", "https://")):
        raise InvalidInput(
            "MEDCONTROL_ACCOUNTS_URL must be an http(s) address", field="accounts_url"
        )
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    return HttpAccounts(settings.accounts_url, read_secret(secret))
