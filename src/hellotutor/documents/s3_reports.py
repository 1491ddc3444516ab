"""Tells of what S3 fails at, but once a minute of what goes on: an outage is one thing, however often it is met."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

from hellotutor.core import clock
from hellotutor.monitoring import capture, count
from hellotutor.monitoring.catalogue import Failure
from hellotutor.monitoring.chain import mark_sent

_EVERY = timedelta(minutes=1)
_OF_ONE_OBJECT = frozenset({"object_altered", "object_vanished"})  # the next is another one's


class S3Reports:
    """Lets one event of each failure, error and code through in a minute, and counts the others."""

    def __init__(self) -> None:
        """Know of no failure yet."""
        self._sent: dict[tuple[str, type[Exception], str], tuple[datetime, str]] = {}
        self._guard = threading.Lock()

    def tell(self, failure: Failure, error: Exception, code: str, fields: Mapping[str, str | None]) -> None:
        """Capture an error, or count it (`s3.event_withheld`) where the same was captured within the last minute.

        Args:
            failure: its row of the catalogue.
            error: what the SDK raised; known as captured from now on, so that nobody above tells of it, either.
            code: ours for it.
            fields: what is known, out of the row's fields.
        """
        kind = failure.name, type(error), code
        with self._guard:
            sent_at, event_id = self._sent.get(kind, (None, ""))
            is_due = sent_at is None or clock.now() - sent_at >= _EVERY
            if is_due:
                sent = capture(failure, error, error_type=type(error).__name__, **fields)
                if sent and code not in _OF_ONE_OBJECT:
                    self._sent[kind] = clock.now(), sent
        if not is_due:
            mark_sent(error, event_id)
            count("s3.event_withheld")
