# ruff: noqa: T201
"""Starts monitoring with the DSN in the environment and says what it found."""

import json
import os
import sys

from hellotutor.monitoring import MonitoringConfig, capture, catalogue, flush, start_monitoring

state = start_monitoring(MonitoringConfig(dsn=os.environ.get("DSN", ""), traces_sample_rate=0.1))
event_id = capture(catalogue.QUERY, ValueError("no"), session_id=3)
flush(1.0)
sdk_is_loaded = "sentry_sdk" in sys.modules
models_are_loaded = "hellotutor.monitoring.models" in sys.modules
is_patched = sdk_is_loaded and sys.modules["sentry_sdk"].get_client().is_active()
print(
    json.dumps(
        {
            "line": state.describe(),
            "repr": repr(state),
            "event_id": event_id,
            "sdk_is_loaded": sdk_is_loaded,
            "models_are_loaded": models_are_loaded,
            "is_active": is_patched,
        }
    )
)
