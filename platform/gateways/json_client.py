"""How a gateway with a plain JSON API is asked: over our one HTTP client, with every failure said as a fault
that tells if asking again helps.

What is sent and answered holds names and keys: nothing is logged here, and no fault repeats a secret, even
where the gateway does.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import httpx
import msgspec

from gateways.protocol import ProviderError

T = TypeVar("T")

_MAX_MESSAGE_LENGTH: Final = 300


class GatewayResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: never a 5xx, a 429 or a redirect."""

    status: int
    body: bytes

    @property
    def is_error(self) -> bool:
        return self.status >= 400


class JsonClient(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway spoken to with one key: its name for our sentences, and how it words a refusal in a body.

    ``worded`` gets the body and returns the gateway's own sentence, or nothing when it finds none.
    """

    name: str
    client: Any
    key: str
    parse_error: Callable[[bytes], str]

    def __repr__(self) -> str:
        return f"Gateway(name={self.name!r}, key=…)"

    async def request(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> GatewayResponse:
        """Send one request and return what was said, refusals included (``accepted`` turns those into
        faults).

        Raises ProviderError: passing when nobody answered, was busy or broke; not passing without a key that
        can be sent.
        """
        if not self.key or not self.key.isascii() or not self.key.isprintable():
            raise ProviderError(f"the key of {self.name} is missing or is not a key", transient=False)
        try:
            response = await self.client.request(
                method,
                url,
                json=body,
                params=query,
                headers={"accept": "application/json", **(headers or {})},
                auth=httpx.BasicAuth(self.key, ""),
                follow_redirects=False,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            fault = f"{self.name} did not answer ({type(error).__name__})"
        else:
            status = response.status_code
            if status < 300 or (400 <= status < 500 and status != 429):
                return GatewayResponse(status=status, body=response.content)
            if status < 400:
                raise ProviderError(f"{self.name} sends us elsewhere (HTTP {status})", transient=False)
            fault = (
                f"{self.name} is busy (HTTP 429)"
                if status == 429
                else (f"{self.name} is broken (HTTP {status})")
            )
        # outside of the except block: the client's error holds the request, and would hang on as the context
        # of ours
        raise ProviderError(fault, transient=True)

    def require_success(self, answer: GatewayResponse) -> GatewayResponse:
        """Return the answer unless it is a refusal; raise that as a ProviderError with the gateway's
        sentence.
        """
        if answer.is_error:
            raise self.build_error(answer)
        return answer

    def build_error(self, answer: GatewayResponse, message: str | None = None) -> ProviderError:
        """A refusal in the gateway's words, as a fault that does not pass by itself."""
        sentence = " ".join((message or self.parse_error(answer.body)).split()).replace(self.key, "…")[
            :_MAX_MESSAGE_LENGTH
        ]
        return ProviderError(f"{self.name}: {sentence or f'HTTP {answer.status}'}", transient=False)

    def parse(self, answer: GatewayResponse, decode: Callable[[bytes], T]) -> T:
        """The fields that we use, by ``decode``.

        Raises ProviderError where they are not there: then something between us answered.
        """
        try:
            return decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            fault = f"{self.name} answered what we cannot read (HTTP {answer.status})"
        raise ProviderError(fault, transient=True)
