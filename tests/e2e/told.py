"""What arrived at the sink, held to the catalogue."""

from __future__ import annotations

import time
from typing import Any

from tests.e2e.running import wait_until
from tests.monitoring.kent_sink import Kent

from hellotutor.monitoring import CATALOGUE

LATE_S = 0.5  # a second event would follow at once


def the_event_of(name: str, kent: Kent) -> dict[str, Any]:
    """Return the one event that arrived, which has to be that of a row, with the row's tags, level and fields alone."""
    wait_until(kent.events)
    time.sleep(LATE_S)
    events = kent.events()
    assert [event["tags"]["failure"] for event in events] == [name]
    row, event = CATALOGUE[name], events[0]
    tags = event["tags"]
    assert (tags["component"], tags[row.operation_kind], tags.get("stage")) == (row.component, row.operation, row.stage)
    assert event["level"] == row.level
    assert event["contexts"]["failure"].keys() <= row.fields | row.tags().keys()
    return event


def words_sent(kent: Kent, words: tuple[bytes, ...]) -> list[bytes]:
    """Return those of the words that stand in anything that arrived."""
    sent = b"\n".join(kent.raw_envelopes())
    return [word for word in words if word in sent]
