"""Who works off the queue on this machine, and what becomes of the tasks of a worker that is gone.

A worker holds the lock of a file of its own while it lives. What it was working on is decided elsewhere, by the leases
of the versions: its tasks are only bells that rang.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from hellotutor.core import clock
from hellotutor.core.locks import try_hold


@contextlib.contextmanager
def register_worker() -> Iterator[tuple[str, Path]]:
    """Give this process an identity among the workers, for as long as the context lasts.

    The file of one that fails or leaves in the middle of a task stays until `end_abandoned` has ended the task.

    Yields:
        The worker's id and its file.
    """
    worker_id = uuid.uuid4().hex
    path = _path_of(worker_id)
    lock = try_hold(path)
    try:
        yield worker_id, path
        path.unlink(missing_ok=True)
    finally:
        if lock:
            lock.release()


def end_abandoned() -> None:
    """Mark the tasks as failed whose workers are gone from this machine, so that they are pruned."""
    running = {result.worker_ids[-1]: result.pk for result in DBTaskResult.objects.running()}
    for path in _folder().glob("worker-*.lock"):
        if lock := try_hold(path):
            if task := running.get(path.stem.removeprefix("worker-")):
                DBTaskResult.objects.filter(pk=task, status=TaskResultStatus.RUNNING).update(
                    status=TaskResultStatus.FAILED, finished_at=clock.now()
                )
            with contextlib.suppress(PermissionError):  # Windows removes no open file
                path.unlink(missing_ok=True)
            lock.release()


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "locks"


def _path_of(worker_id: str) -> Path:
    return _folder() / f"worker-{worker_id}.lock"
