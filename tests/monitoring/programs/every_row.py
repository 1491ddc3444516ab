# ruff: noqa: T201
"""Captures each row of the catalogue once, with every field it has, and prints the ids."""

import json
import os

from tests.monitoring.samples import FIELDS

from hellotutor.core.errors import Unavailable
from hellotutor.monitoring import CATALOGUE, MonitoringConfig, capture, flush, start_monitoring

start_monitoring(
    MonitoringConfig(
        dsn=os.environ["DSN"],
        environment="testing",
        hash_key="a key",
        include_text=os.environ.get("INCLUDE_TEXT") == "yes",
    )
)
ids = {}
for name, row in CATALOGUE.items():
    try:
        raise Unavailable("peer_down", "The file 'Diary of Anna.pdf' can't be read now.")
    except Unavailable as error:
        ids[name] = capture(row, error, **{field: FIELDS[field] for field in row.fields})
flush(10.0)
print(json.dumps(ids))
