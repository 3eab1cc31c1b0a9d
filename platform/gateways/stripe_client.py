"""The Stripe client: the official package over our shared HTTP client, with errors as ProviderError.

It has no access to payments: billing uses it as well. Our jobs retry, so the package does not. Request and
answer bodies contain names and addresses of buyers: they are not logged, and no error contains them.
"""

import logging
import re
from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar, Final, TypeVar

import httpx
import msgspec
import stripe
from stripe import _util as stripe_util

from gateways.protocol import LIVE_BASE_URLS, ProviderError

T = TypeVar("T")
ResponseT = TypeVar("ResponseT", bound=msgspec.Struct)

# The package stores a machine id in the home folder and sends it along, and prints bodies at debug level.
stripe.enable_telemetry = False
stripe.log = None
stripe_util.STRIPE_LOG = None
logging.getLogger("stripe").setLevel(logging.WARNING)

_KEY: Final = re.compile(r"[A-Za-z0-9_]{8,255}")
_SECRET: Final = re.compile(r"\b(?:sk|rk|pk|whsec)_[\w*]+")
_SAFE_TOKEN: Final = re.compile(r"[\w.\[\]-]{1,80}")
_MAX_MESSAGE_LENGTH: Final = 200


class StripeProviderError(ProviderError):
    """A ProviderError with the details of Stripe's error.

    ``status`` is the HTTP status (None: no answer). ``replayed``: Stripe did nothing and repeated its stored
    answer to this idempotency key. ``conflict``: the idempotency key was used before with other parameters.
    """

    def __init__(
        self,
        message: str,
        *,
        transient: bool,
        cause: str | None = None,
        status: int | None = None,
        code: str = "",
        param: str = "",
        replayed: bool = False,
        conflict: bool = False,
    ) -> None:
        super().__init__(message, transient=transient, cause=cause)
        self.status: Final = status
        self.code: Final = code
        self.param: Final = param
        self.replayed: Final = replayed
        self.conflict: Final = conflict

    @property
    def is_rejection(self) -> bool:
        """Return whether Stripe understood the request and declined it."""
        return self.status in {400, 402, 404} and not self.conflict and not self.transient


class SharedHttpxClient(stripe.HTTPClient):
    """The package's HTTP client, on top of the shared ``httpx.AsyncClient`` with its time-outs and pool."""

    name: ClassVar[str] = "httpx"

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__()
        self._shared = client

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send one request. Raises APIConnectionError when no answer came, for any reason."""
        try:
            answer = await self._shared.request(method, url, headers=dict(headers), content=post_data)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise stripe.APIConnectionError(type(error).__name__) from None  # type: ignore[no-untyped-call]
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        """Do nothing: the client is shared, and its owner closes it."""


def build_client(
    *, key: str, base_url: str, http: httpx.AsyncClient, account: str | None = None
) -> stripe.StripeClient:
    """Return a client of the official package for one key, for the real API or a fake gateway.

    ``account`` (acct_…) sends every request on behalf of a connected account. Raises ProviderError for an
    invalid key.
    """
    if not _KEY.fullmatch(key):
        raise ProviderError("the Stripe key is missing or is not a key", transient=False)
    base_url = base_url.rstrip("/")
    is_real = base_url == LIVE_BASE_URLS["stripe"]
    # A fake gateway serves every address of Stripe: no test may reach the real one.
    elsewhere = (
        None
        if is_real
        else {"api": base_url, "connect": base_url, "files": base_url, "meter_events": base_url}
    )
    return stripe.StripeClient(
        key,
        stripe_account=account,
        base_addresses=elsewhere,  # type: ignore[arg-type]  # the package's TypedDict is total=False over the same names
        max_network_retries=0,
        http_client=SharedHttpxClient(http),
    )


async def call_stripe(call: Awaitable[T]) -> T:
    """Await a call of the package.

    Raises StripeProviderError, without bodies and keys, for every error.
    """
    try:
        return await call
    except stripe.StripeError as error:
        fault = to_provider_error(error)
    # raised outside of the except block: as context, the package's error would keep the body
    raise fault


def to_provider_error(error: stripe.StripeError) -> StripeProviderError:
    """Convert an error of the package: no answer, 429, 409 and 5xx are transient; a rejection is not."""
    status = error.http_status
    code = _safe_token(error.code or (error.error.code if error.error is not None else None))
    return StripeProviderError(
        _error_message(error, status, code, request=_safe_token(_header(error, "request-id"))),
        cause=_error_message(error, status, code),
        transient=_is_transient(error, status),
        status=status,
        code=code,
        param=_safe_token(getattr(error, "param", None)),
        replayed=str(_header(error, "idempotent-replayed")).lower() == "true",
        conflict=isinstance(error, stripe.IdempotencyError) and status != 409,
    )


def parse_object(answer: stripe.StripeObject | Mapping[str, Any], object_type: type[ResponseT]) -> ResponseT:
    """Return the fields that we use, checked.

    Raises a permanent ProviderError if Stripe's answer has another form.
    """
    plain = answer.to_dict() if isinstance(answer, stripe.StripeObject) else dict(answer)
    try:
        return msgspec.convert(plain, object_type)
    except msgspec.ValidationError as error:
        message = f"Stripe answered a {object_type.__name__} that we cannot read: {error}"
    raise ProviderError(message, transient=False)


def _is_transient(error: stripe.StripeError, status: int | None) -> bool:
    if isinstance(error, stripe.APIConnectionError | stripe.RateLimitError):
        return True
    if status is None or status in {409, 429} or status >= 500:
        return True
    # an answer that is not JSON comes from a proxy in between
    return status < 400


def _error_message(error: stripe.StripeError, status: int | None, code: str, *, request: str = "") -> str:
    if isinstance(error, stripe.APIConnectionError):
        return f"Stripe could not be reached ({_safe_token(error.user_message)})"
    if isinstance(error, stripe.AuthenticationError):
        message = "Stripe does not know the key"
    elif isinstance(error, stripe.PermissionError):
        message = "Stripe does not let this key do that, or the connected account is not ours"
    elif isinstance(error, stripe.RateLimitError):
        message = "Stripe asks for fewer requests"
    elif isinstance(error, stripe.IdempotencyError):
        message = "Stripe has seen this key of ours with another request"
    elif isinstance(error, stripe.InvalidRequestError | stripe.CardError):
        message = (
            "Stripe refuses: "
            + _SECRET.sub("…", error.user_message or "no reason told")[:_MAX_MESSAGE_LENGTH]
        )
    else:
        message = "Stripe answered with an error"
    facts = [f"status {status}", code, request]
    return f"{message} ({', '.join(fact for fact in facts if fact)})"


def _header(error: stripe.StripeError, name: str) -> object:
    return next((value for key, value in (error.headers or {}).items() if key.lower() == name), None)


def _safe_token(value: object) -> str:
    """Return a short token in Stripe's format (a code, a parameter, a request id), or nothing."""
    return (
        value if isinstance(value, str) and _SAFE_TOKEN.fullmatch(value) and not _SECRET.search(value) else ""
    )
