# ruff: noqa: T201
"""One failure seen by four layers: where it happened, a wrapper, a wrapper that hides it, and the SDK's own hooks."""

import json
import os

import sentry_sdk

from hellotutor.core.errors import Unavailable
from hellotutor.monitoring import MonitoringConfig, capture, catalogue, flush, start_monitoring

start_monitoring(MonitoringConfig(dsn=os.environ["DSN"]))
ids = []


def embed() -> None:
    try:
        raise OSError("weights")
    except OSError as error:
        ids.append(capture(catalogue.EMBEDDER_EMBED, error))
        raise Unavailable("embedder_down", "The embedder is down.") from error


def ingest() -> None:
    try:
        embed()
    except Unavailable as error:
        ids.append(capture(catalogue.INGEST_EMBEDDING, error, chunk_count=3))
        raise RuntimeError("ingest failed") from None


try:
    ingest()
except RuntimeError as error:
    ids.append(capture(catalogue.INGEST_UNEXPECTED, error))
    ids.append(sentry_sdk.capture_exception(error))

other = ValueError("another failure")
ids.append(capture(catalogue.QUERY, other))
flush(10.0)
print(json.dumps(ids))
