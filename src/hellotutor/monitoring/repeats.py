"""Tells of what goes on failing, but once a minute: an outage is one thing, however often it is met."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from hellotutor.core import clock

from .capture import capture
from .catalogue import Failure
from .chain import mark_sent
from .counting import count

_EVERY = timedelta(minutes=1)


class Repeats:
    """Lets one event of each failure, error and code through in a minute, and counts the others."""

    def __init__(self, withheld: str) -> None:
        """Know of no failure yet; `withheld` is the name under which events are counted that aren't sent."""
        self._withheld = withheld
        self._sent: dict[tuple[str, type[Exception], str], tuple[datetime, str]] = {}
        self._guard = threading.Lock()

    def tell(self, failure: Failure, error: Exception, code: str, **fields: object) -> None:
        """Capture an error, or count it where the same was captured within the last minute.

        Args:
            failure: its row of the catalogue.
            error: what was raised; known as captured from now on, so that nobody above tells of it, either.
            code: tells it from others of its type.
            fields: as for `capture`.
        """
        kind = failure.name, type(error), code
        with self._guard:
            sent_at, event_id = self._sent.get(kind, (None, ""))
            is_due = sent_at is None or clock.now() - sent_at >= _EVERY
            if is_due and (sent := capture(failure, error, **fields)):
                self._sent[kind] = clock.now(), sent
        if not is_due:
            mark_sent(error, event_id)
            count(self._withheld)
