"""How a gateway with a plain JSON API is asked: over our one HTTP client, with every failure said as a fault
that tells if asking again helps.

What is sent and answered holds names and keys: nothing is logged here, and no fault repeats a secret, even
where the gateway does.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import httpx
import msgspec

from payments.provider import ProviderFault

T = TypeVar("T")

_LONGEST_SENTENCE: Final = 300


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: never a 5xx, a 429 or a redirect."""

    status: int
    body: bytes

    @property
    def refused(self) -> bool:
        return self.status >= 400


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway spoken to with one key: its name for our sentences, and how it words a refusal in a body.

    ``worded`` gets the body and returns the gateway's own sentence, or nothing when it finds none.
    """

    name: str
    client: Any
    key: str
    worded: Callable[[bytes], str]

    def __repr__(self) -> str:
        return f"Gateway(name={self.name!r}, key=…)"

    async def ask(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and return what was said, refusals included (``accepted`` turns those into
        faults).

        Raises ProviderFault: passing when nobody answered, was busy or broke; not passing without a key that
        can be sent.
        """
        if not self.key or not self.key.isascii() or not self.key.isprintable():
            raise ProviderFault(f"the key of {self.name} is missing or is not a key", passing=False)
        try:
            said = await self.client.request(
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
            status = said.status_code
            if status < 300 or (400 <= status < 500 and status != 429):
                return Answer(status=status, body=said.content)
            if status < 400:
                raise ProviderFault(f"{self.name} sends us elsewhere (HTTP {status})", passing=False)
            fault = (
                f"{self.name} is busy (HTTP 429)"
                if status == 429
                else (f"{self.name} is broken (HTTP {status})")
            )
        # outside of the except block: the client's error holds the request, and would hang on as the context
        # of ours
        raise ProviderFault(fault, passing=True)

    def accepted(self, answer: Answer) -> Answer:
        """Return the answer unless it is a refusal; raise that as a ProviderFault with the gateway's
        sentence.
        """
        if answer.refused:
            raise self.fault(answer)
        return answer

    def fault(self, answer: Answer, said: str | None = None) -> ProviderFault:
        """A refusal in the gateway's words, as a fault that does not pass by itself."""
        sentence = " ".join((said or self.worded(answer.body)).split()).replace(self.key, "…")[
            :_LONGEST_SENTENCE
        ]
        return ProviderFault(f"{self.name}: {sentence or f'HTTP {answer.status}'}", passing=False)

    def read(self, answer: Answer, decode: Callable[[bytes], T]) -> T:
        """The fields that we use, by ``decode``.

        Raises ProviderFault where they are not there: then something between us answered.
        """
        try:
            return decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            fault = f"{self.name} answered what we cannot read (HTTP {answer.status})"
        raise ProviderFault(fault, passing=True)
