"""The only room that speaks to Sentry: what is captured, what is counted, and what never leaves.

Importing it loads neither the Sentry SDK (`start_monitoring` does, where a DSN is set) nor a Django model.
"""

from . import catalogue
from .capture import capture
from .catalogue import CATALOGUE, Failure
from .counting import count, counts
from .hooks import dropped_items
from .repeats import Repeats
from .setup import MonitoringConfig, MonitoringState, flush, start_monitoring

__all__ = [
    "CATALOGUE",
    "Failure",
    "MonitoringConfig",
    "MonitoringState",
    "Repeats",
    "capture",
    "catalogue",
    "count",
    "counts",
    "dropped_items",
    "flush",
    "start_monitoring",
]
