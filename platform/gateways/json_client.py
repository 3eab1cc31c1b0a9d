"""HTTP client for gateways with a plain JSON API; every failure is a ProviderError.

The error's ``transient`` says whether a retry may help. Requests and answers contain names and keys: nothing
is logged here, and no error message repeats a secret, even if the gateway's answer does.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import httpx
import msgspec

from gateways.protocol import ProviderError

T = TypeVar("T")

_MAX_MESSAGE_LENGTH: Final = 300


class GatewayResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP answer that is never a 5xx, a 429 or a redirect."""

    status: int
    body: bytes

    @property
    def is_error(self) -> bool:
        return self.status >= 400


class JsonClient(msgspec.Struct, frozen=True, kw_only=True):
    """A client of one gateway with one key.

    ``name`` appears in our error messages; ``parse_error`` extracts the gateway's own error message from an
    answer's body, or returns an empty string.
    """

    name: str
    client: Any
    key: str
    parse_error: Callable[[bytes], str]

    def __repr__(self) -> str:
        return f"JsonClient(name={self.name!r}, key=…)"

    async def request(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> GatewayResponse:
        """Send one request and return the answer, also a 4xx (see ``require_success``).

        Raises ProviderError: transient for no answer, 429 and 5xx; permanent for a redirect or an unusable
        key.
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
        # raised outside of the except block: as context, the client's error would keep the request
        raise ProviderError(fault, transient=True)

    def require_success(self, answer: GatewayResponse) -> GatewayResponse:
        """Return the answer if it is no error. Raises ProviderError with the gateway's message otherwise."""
        if answer.is_error:
            raise self.build_error(answer)
        return answer

    def build_error(self, answer: GatewayResponse, message: str | None = None) -> ProviderError:
        """Return a permanent ProviderError with the gateway's message, without the key."""
        sentence = " ".join((message or self.parse_error(answer.body)).split()).replace(self.key, "…")[
            :_MAX_MESSAGE_LENGTH
        ]
        return ProviderError(f"{self.name}: {sentence or f'HTTP {answer.status}'}", transient=False)

    def parse(self, answer: GatewayResponse, decode: Callable[[bytes], T]) -> T:
        """Return the answer's body, decoded by ``decode``.

        Raises a transient ProviderError if that fails, because then a proxy in between has probably answered.
        """
        try:
            return decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            fault = f"{self.name} answered what we cannot read (HTTP {answer.status})"
        raise ProviderError(fault, transient=True)
