# ruff: noqa: T201
"""Captures through hooks that raise, and counts what was dropped."""

import json
import os

import sentry_sdk

from hellotutor.monitoring import MonitoringConfig, capture, catalogue, dropped_items, flush, start_monitoring
from hellotutor.monitoring.hooks import Hooks
from hellotutor.monitoring.scrubbing import scrub_event
from hellotutor.monitoring.trails import scrub_breadcrumb


def broken(item: object, hint: object) -> dict[str, object]:
    raise KeyError("the scrubber is broken")


which = os.environ["BROKEN"]
hooks = Hooks(broken if which == "events" else scrub_event, broken if which == "breadcrumbs" else scrub_breadcrumb)
start_monitoring(MonitoringConfig(dsn=os.environ["DSN"], traces_sample_rate=1.0), hooks=hooks)
sentry_sdk.add_breadcrumb(message="private", category="test")
with sentry_sdk.start_transaction(name="a", op="hellotutor.test"):
    pass
event_id = capture(catalogue.QUERY, ValueError("no"))
flush(10.0)
print(json.dumps({"event_id": event_id, "dropped": dropped_items()}))
