"""The one place where an error becomes an HTTP status, for the pages and the API alike."""

from __future__ import annotations

from hellotutor.core.errors import Conflict, Forbidden, HelloTutorError, Invalid, NotFound, QuotaExceeded, Unavailable

_STATUS_OF_KIND: dict[type[HelloTutorError], int] = {
    Invalid: 422,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    QuotaExceeded: 429,
    Unavailable: 503,
}
_STATUS_OF_CODE = {"file_too_large": 413, "body_too_large": 413}


def status_of(error: HelloTutorError) -> int:
    """Return the HTTP status of an error: that of its kind, but for a few codes that HTTP has a name for."""
    kind = next(kind for kind in type(error).__mro__ if kind in _STATUS_OF_KIND)
    return _STATUS_OF_CODE.get(error.code, _STATUS_OF_KIND[kind])
