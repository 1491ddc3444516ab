# ruff: noqa: T201
"""Captures more into a sink that does not answer than could time out within a test, and ends."""

import os

from hellotutor.monitoring import MonitoringConfig, capture, catalogue, flush, start_monitoring

start_monitoring(MonitoringConfig(dsn=os.environ["DSN"]))
for number in range(20):
    event_id = capture(catalogue.QUERY, ValueError(str(number)), session_id=number)
    print("captured" if event_id else "lost")
flush(0.5)
print("went on")
