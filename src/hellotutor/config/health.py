"""Whether the service is alive, and whether it can work."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.files.storage import storages
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django_tasks_db.models import DBTaskResult

from hellotutor.core.errors import HelloTutorError, Unavailable
from hellotutor.core.locks import try_hold

from . import composition
from .storage import check_storage, storage_kind


def healthz(request: HttpRequest) -> JsonResponse:
    """Say that the process answers."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Say of each part whether it works; 503 when one doesn't. What is wrong stands in the log, not here.

    `storage` is where files lie: `local` or `s3`. `worker` is whether a worker lives on this machine. It is no part:
    pages are served without one, too.
    """
    parts = {name: _works(probe) for name, probe in _PROBES.items()}
    is_ready = all(parts.values())
    body = {
        "status": "ready" if is_ready else "not ready",
        "parts": parts,
        "storage": storage_kind(),
        "worker": _works(_find_worker),
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
    composition.vector_index().probe()


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
