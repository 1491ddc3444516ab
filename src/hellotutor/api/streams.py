"""Server-sent events: how one is written, and how a stream of them is answered.

Streams are async generators: under ASGI a sync one is buffered whole. Nothing in them holds a transaction.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from rest_framework.utils.encoders import JSONEncoder

from hellotutor.accounts.models import User
from hellotutor.config.stopping import stopping
from hellotutor.core.errors import QuotaExceeded

from .codes import CODES
from .errors import describe
from .parsing import EVENT_STREAM

KEEP_ALIVE = b": still here\n\n"
OPEN_AGAIN = b": open again to see more\n\n"
MOST_STREAMS = 20  # of one user in this process: each takes a thread and a socket
_open: Counter[int] = Counter()  # by user; changed in the event loop only


def write_event(name: str, data: Mapping[str, Any]) -> bytes:
    """Return one event; its data is one line of JSON."""
    return f"event: {name}\ndata: {json.dumps(data, cls=JSONEncoder, ensure_ascii=False)}\n\n".encode()


class EventStream(StreamingHttpResponse):
    """Events that no proxy keeps back and no cache keeps; they end at once when the server is told to stop.

    Django (5.2) iterates a stream through generators of its own, and whoever closes those leaves ours to the garbage
    collector, which ends it in another thread, some time. Here the server closes ours.

    A client that leaves early enough is never answered: then no event is asked for and nothing is closed either.
    `events` must do nothing before its first event is asked for.

    Raises:
        QuotaExceeded: the user has too many streams open (`too_many_streams`).
    """

    def __init__(self, events: AsyncGenerator[bytes, None], *, user: User) -> None:
        _check_room(user)
        self._events = _bound(events, user)
        super().__init__(self._events, content_type=EVENT_STREAM)
        self.headers["Cache-Control"] = "no-store"
        self.headers["X-Accel-Buffering"] = "no"

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """Return the events themselves."""
        return self._events


def _check_room(user: User) -> None:
    if _open[user.pk] >= MOST_STREAMS:
        raise QuotaExceeded("too_many_streams", CODES["too_many_streams"])


async def _bound(events: AsyncGenerator[bytes, None], user: User) -> AsyncGenerator[bytes, None]:
    """Yield the events until the server stops, counted among the user's streams for as long."""
    try:
        _check_room(user)
    except QuotaExceeded as error:  # others began between this one's headers and now
        yield write_event("error", await sync_to_async(describe)(error) or {})
        return
    _open[user.pk] += 1
    try:
        async with aclosing(events):
            async for block in events:
                yield block
                if stopping.is_set():
                    return
    finally:
        _open[user.pk] -= 1
        if not _open[user.pk]:
            del _open[user.pk]
