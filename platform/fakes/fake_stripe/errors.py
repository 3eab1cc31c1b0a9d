"""API errors in Stripe's format, which the `stripe` package turns into exceptions.

Source: https://docs.stripe.com/api/errors.
"""

from __future__ import annotations

from typing import Any


class StripeApiError(Exception):
    """An error response of the API.

    ``status`` is the HTTP status; ``is_replayable``: an idempotency key stores this response (work had
    begun).
    """

    def __init__(
        self, status: int, kind: str, message: str, *, is_replayable: bool = False, **more: Any
    ) -> None:
        super().__init__(message)
        self.status, self.is_replayable = status, is_replayable
        self.error = {
            "type": kind,
            "message": message,
            **{key: value for key, value in more.items() if value is not None},
        }

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.error}


def invalid(
    message: str, *, param: str | None = None, code: str | None = None, status: int = 400
) -> StripeApiError:
    return StripeApiError(status, "invalid_request_error", message, param=param, code=code)


def missing(param: str) -> StripeApiError:
    return invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")


def only_one_of(*params: str) -> StripeApiError:
    return invalid(f"You may only specify one of these parameters: {', '.join(params)}.", param=params[0])


def no_such(kind: str, name: str, param: str = "id", *, status: int = 404) -> StripeApiError:
    """Return the error of a missing object: 404 for one in the URL, 400 for one in a parameter."""
    return invalid(f"No such {kind}: '{name}'", param=param, code="resource_missing", status=status)


def declined(code: str, decline_code: str | None, message: str, **more: Any) -> StripeApiError:
    return StripeApiError(
        402, "card_error", message, is_replayable=True, code=code, decline_code=decline_code, **more
    )
