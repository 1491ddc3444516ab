"""Whether the service is alive, and whether it can work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.core.files.storage import storages
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django_tasks_db.models import DBTaskResult

from hellotutor.core.errors import HelloTutorError, Unavailable
from hellotutor.core.locks import try_hold
from hellotutor.retrieval.base import VectorIndex

from . import composition
from .storage import check_storage, storage_kind

#: Seconds for which it stands whether the vectors' index answers.
STALE_S = 5.0


class _Recent:
    """What an index last answered to a look at it; another's service isn't asked at every look at this one."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._index: VectorIndex | None = None
        self._works, self._asked_at = False, 0.0

    def answer(self, index: VectorIndex) -> bool:
        """Say whether an index works, as of some seconds ago."""
        with self._one_at_a_time:
            if index is not self._index or time.monotonic() - self._asked_at > STALE_S:
                self._index, self._works, self._asked_at = index, _works(index.probe), time.monotonic()
            return self._works


_vectors = _Recent()


def healthz(request: HttpRequest) -> JsonResponse:
    """Say that the process answers."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Say of each part whether it works; 503 when one doesn't. What is wrong stands in the log, not here.

    `storage` is where files lie: `local` or `s3`. `worker` is whether a worker lives on this machine, `vectors` whether
    their index answers, as of some seconds ago. These are no parts: pages are served without a worker too, and search
    is by words without vectors.
    """
    parts = {name: _works(probe) for name, probe in _PROBES.items()}
    is_ready = all(parts.values())
    body = {
        "status": "ready" if is_ready else "not ready",
        "parts": parts,
        "storage": storage_kind(),
        "worker": _works(_find_worker),
        "vectors": parts["index"] and _vectors.answer(composition.vector_index()),
    }
    return JsonResponse(body, status=200 if is_ready else 503)


def _works(probe: Callable[[], object]) -> bool:
    try:
        probe()
    except (DatabaseError, OSError, HelloTutorError):
        return False
    return True


def _probe_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from accounts_user limit 1")


def _probe_index() -> None:
    composition.search()
    storages["default"].listdir("probes")  # words, and local vectors


def _find_worker() -> None:
    """Find a registration that a worker holds (`ingestion.workers`); one that is free was left by a dead worker."""
    for path in (settings.DATA_DIR / "locks").glob("worker-*.lock"):
        lock = try_hold(path)
        if lock is None:
            return
        lock.release()
    raise Unavailable("no_worker", "No worker runs on this machine.")


def _probe_queue() -> None:
    DBTaskResult.objects.exists()


_PROBES: dict[str, Callable[[], object]] = {
    "database": _probe_database,
    "storage": check_storage,
    "index": _probe_index,
    "queue": _probe_queue,
}
