"""What Pinecone and its SDK say went wrong, as errors that tell what to do; no sentence holds a key or a name."""

from __future__ import annotations

import math

import httpx
from pinecone import errors as sdk

from hellotutor.core.errors import Unavailable

SDK_ERRORS = (sdk.PineconeError, httpx.HTTPError, httpx.InvalidURL)  # what the SDK lets through of httpx, too

_SENTENCES = {
    "pinecone_key_refused": "Pinecone refuses the API key: set PINECONE_API_KEY to a key of the project that has the "
    "index.",
    "pinecone_forbidden": "Pinecone doesn't let this API key do that: give the key the right to read and write the "
    "index, and to make one.",
    "pinecone_quota": "A quota of the Pinecone project is reached: delete something there, or choose a larger plan.",
    "pinecone_payment_due": "Pinecone wants to be paid first: settle the bill there.",
    "pinecone_index_missing": "Pinecone has no such index: the next document makes it, and hellotutor reindex fills "
    "it.",
    "pinecone_region_unknown": "Pinecone can't make the index there: correct PINECONE_CLOUD and PINECONE_REGION.",
    "pinecone_wrong_dimension": "The Pinecone index holds vectors of another length than the model makes: set "
    "PINECONE_INDEX to another name and run hellotutor reindex.",
    "pinecone_wrong_kind": "The Pinecone index isn't a serverless one of dense vectors compared by cosine: set "
    "PINECONE_INDEX to another name, under which a fitting one is made, and run hellotutor reindex.",
    "pinecone_not_ready": "The Pinecone index isn't ready yet: try again in a minute.",
    "pinecone_index_failed": "Pinecone could not make the index, or has switched it off: look at it in Pinecone's "
    "console, and delete it there so that it is made again.",
    "pinecone_throttled": "Pinecone has too many requests just now: try again in a minute.",
    "pinecone_timeout": "Pinecone didn't answer in time: try again.",
    "pinecone_unreachable": "Pinecone can't be reached: check the network and PINECONE_HOST, and try again.",
    "pinecone_failed": "Pinecone failed inside: try again.",
    "pinecone_malformed": "Pinecone's answer can't be read: try again, and if it stays, update the package pinecone.",
    "pinecone_sdk_unknown": "The package pinecone is of a release that HelloTutor doesn't know: install 10.2 of it.",
    "pinecone_refused": "Pinecone refuses the request as wrong: check PINECONE_HOST, and that the index was made by "
    "HelloTutor.",
}
_PASSING = frozenset(
    {
        *("pinecone_not_ready", "pinecone_throttled", "pinecone_timeout", "pinecone_unreachable"),
        *("pinecone_failed", "pinecone_malformed"),
    }
)
_MENDED_BY_PREPARING = frozenset({"pinecone_index_missing"})
# The most particular first: each is an ApiError, and a status without a class of its own is one and no more.
_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (sdk.UnauthorizedError, "pinecone_key_refused"),
    (sdk.PaymentRequiredError, "pinecone_payment_due"),
    (sdk.NotFoundError, "pinecone_index_missing"),
    (sdk.ServiceError, "pinecone_failed"),
    ((sdk.PineconeTimeoutError, httpx.TimeoutException), "pinecone_timeout"),
    ((sdk.PineconeConnectionError, httpx.TransportError), "pinecone_unreachable"),
    ((sdk.ResponseParsingError, httpx.HTTPError), "pinecone_malformed"),
)
_REQUEST_TIMEOUT = 408
# Words of the limits as they are published: a month's quota, and what has a number, are no matter of waiting a minute.
_OF_A_QUOTA = ("quota", "upgrade to create", "max storage", "max namespaces", "max serverless", "current month")


def make_error(code: str) -> Unavailable:
    """Return the error of a code of this module."""
    return Unavailable(code, _SENTENCES[code], retryable=code in _PASSING | _MENDED_BY_PREPARING)


def translate(error: Exception) -> Unavailable:
    """Return the error that tells of what the SDK raised, one of SDK_ERRORS."""
    return make_error(_name(error))


def is_passing(error: Unavailable) -> bool:
    """Say whether the same request may well succeed in a moment."""
    return error.code in _PASSING


def asked_pause_s(error: Exception) -> float | None:
    """Return how long Pinecone wants to be left alone, where it says so in seconds."""
    headers = error.headers if isinstance(error, sdk.ApiError) else None
    try:
        asked_s = float((headers or {}).get("retry-after", ""))
    except ValueError:
        return None
    return asked_s if math.isfinite(asked_s) and asked_s >= 0 else None


def _name(error: Exception) -> str:
    if isinstance(error, sdk.RateLimitError):
        return "pinecone_quota" if _is_of_a_quota(error) else "pinecone_throttled"
    if isinstance(error, sdk.ForbiddenError):
        return "pinecone_quota" if _is_of_a_quota(error) else "pinecone_forbidden"
    if isinstance(error, sdk.ApiError) and error.status_code == _REQUEST_TIMEOUT:
        return "pinecone_timeout"
    return next((code for kind, code in _KINDS if isinstance(error, kind)), "pinecone_refused")


def _is_of_a_quota(error: sdk.ApiError) -> bool:
    told = f"{error.error_code} {error.message}".lower()
    return any(words in told for words in _OF_A_QUOTA)
