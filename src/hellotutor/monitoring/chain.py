"""Walks from an exception to those it came from, so that one failure is known as one however often it is wrapped."""

from __future__ import annotations

from collections.abc import Iterator

_MARK = "_hellotutor_event_id"


def walk(error: BaseException) -> Iterator[BaseException]:
    """Yield `error`, then its causes, contexts and group members, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions


def mark_sent(error: BaseException, event_id: str) -> None:
    """Remember on the exception that it was sent."""
    vars(error)[_MARK] = event_id


def sent_id(error: BaseException) -> str | None:
    """Return the event that already told of this failure, if one did."""
    return next((vars(one)[_MARK] for one in walk(error) if _MARK in vars(one)), None)
