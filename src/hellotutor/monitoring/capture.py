"""The one way in which a failure is told to Sentry: a row of the catalogue, the exception and the row's fields."""

from __future__ import annotations

from typing import Any

from hellotutor.core.errors import HelloTutorError

from .catalogue import Failure
from .chain import mark_sent, sent_id
from .fields import protect
from .setup import MonitoringState, current


def capture(failure: Failure, error: BaseException, **fields: object) -> str | None:
    """Send one failure, once, however many layers report it.

    Args:
        failure: the row of the catalogue.
        error: what was raised. If it, or an exception it came from, was sent before, nothing is sent.
        fields: what is known, out of `failure.fields`; None means not known.

    Returns:
        The id of the event that tells of this failure; None when nothing was sent (monitoring is off, or the event
        could not be made clean).

    Raises:
        TypeError: a field that the row doesn't name, monitored or not: the caller is wrong.
    """
    unknown = fields.keys() - failure.fields
    if unknown:
        raise TypeError(f"{failure.name} has no field {', '.join(sorted(unknown))}")
    state = current()
    if state.sdk is None:
        return None
    return sent_id(error) or _send(state, failure, error, fields)


def _send(state: MonitoringState, failure: Failure, error: BaseException, fields: dict[str, object]) -> str | None:
    told = {
        name: protect(name, value, hash_key=state.hash_key, include_text=state.include_text)
        for name, value in fields.items()
        if value is not None
    }
    sdk: Any = state.sdk
    with sdk.new_scope() as scope:
        scope.set_level(failure.level)
        scope.set_tags(failure.tags() | _error_tags(error))
        scope.set_context("failure", failure.tags() | told)
        scope.fingerprint = failure.fingerprint(error)
        if "user_id" in told:
            scope.set_user({"id": told["user_id"]})
        event_id: str | None = sdk.capture_exception(error)
    if event_id:
        mark_sent(error, event_id)
    return event_id


def _error_tags(error: BaseException) -> dict[str, str]:
    tags = {"error_type": type(error).__name__}
    return tags | {"code": error.code} if isinstance(error, HelloTutorError) else tags
