"""Counts what is expected to go wrong (a file that can't be read), so that only surprises reach Sentry."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import DatabaseError

from hellotutor.core import clock

if TYPE_CHECKING:
    from .models import CounterManager


def count(name: str, n: int = 1) -> None:
    """Add `n` to today's count of `name`, safe beside other processes.

    Args:
        name: what happened: a stable code of at most 100 characters, never text of a user.
        n: how often; at least 1.
    """
    # A number that can't be kept is no reason to fail, nor to hide the failure that it counts.
    with contextlib.suppress(DatabaseError):
        _counters().add(name, clock.now().date(), n)


def counts(days: int) -> dict[str, int]:
    """Return how often each thing happened in the last `days` days (UTC, today among them), most frequent first."""
    return _counters().totals(clock.now().date(), days)


def _counters() -> CounterManager:
    """Return the counters, asked for late: this package is imported before Django's models may be."""
    manager: CounterManager = apps.get_model("monitoring", "Counter").objects
    return manager
