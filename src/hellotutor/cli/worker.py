"""`hellotutor worker`: reads and embeds in the background what was uploaded."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType
from typing import Annotated

import typer
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django_tasks_db.management.commands.db_worker import Worker as QueueWorker

from hellotutor.config.startup import migrate
from hellotutor.config.vectors import find_serving
from hellotutor.ingestion.claim import hand_back
from hellotutor.ingestion.tasks import stop_ingesting
from hellotutor.ingestion.workers import register_worker
from hellotutor.monitoring import capture, catalogue, flush

from .children import SUPERVISED, watch_parent
from .console import complain, note
from .sweeping import sweep

_INTERVAL_S = 0.2
_LONGEST_SWEEP_S = 30.0
_POLL_S = 0.1
_LONG_RUN_S, _MOST_FAILURES = 60.0, 5  # in a row, with pauses of 2, 4, 8 and 16 s
_GRACE_S = 3.0
_FLUSH_TIMEOUT_S = 2.0


def worker(is_supervised: Annotated[bool, typer.Option(SUPERVISED, hidden=True)] = False) -> None:
    """Work off what was uploaded, until told to stop."""
    running = _Running()
    signal.signal(signal.SIGINT, running.stop_on)
    signal.signal(signal.SIGTERM, running.stop_on)
    if is_supervised:
        watch_parent(running.stop)
    migrate()
    with register_worker() as (worker_id, _):
        sweep()
        if not is_supervised:
            note("▸ Working off what was uploaded. Ctrl-C stops.")
            if advice := find_serving().advice:
                note(f"▸ {advice}")
        running.run(worker_id)


class _Running:
    """The queue's worker in a thread, so that a signal is heard while it is deep in a model."""

    def __init__(self) -> None:
        self._is_stopping = False
        self._error: Exception | None = None

    def stop(self) -> None:
        """Ask for the end."""
        self._is_stopping = True

    def stop_on(self, number: int, frame: FrameType | None) -> None:
        """Ask for the end, as a signal does; asked again, end now."""
        if self._is_stopping:
            os._exit(1)
        self.stop()

    def run(self, worker_id: str) -> None:
        """Work until asked to stop.

        Raises:
            typer.Exit: the work ended by itself, of an error that has been captured and told.
        """
        queue = _queue_worker(worker_id)
        working = threading.Thread(target=self._work, args=(queue,), name="queue", daemon=True)
        working.start()
        swept_at, sweep_s = time.monotonic(), min(_LONGEST_SWEEP_S, settings.INGEST_LEASE_S / 2)
        while working.is_alive() and not self._is_stopping:
            time.sleep(_POLL_S)
            if time.monotonic() - swept_at > sweep_s:
                _sweep_again()
                swept_at = time.monotonic()
        queue.running = False
        stop_ingesting()
        working.join(_GRACE_S)
        if self._error:
            raise typer.Exit(1)
        if working.is_alive():
            _leave()

    def _work(self, queue: QueueWorker) -> None:
        try:
            self._outlast(queue)
        except Exception as error:  # noqa: BLE001 - the thread's outermost shell: captured and told
            self._error = error
            capture(catalogue.WORKER_CRASH, error, error_type=type(error).__name__)
            complain(f"The worker failed ({type(error).__name__}): what was uploaded waits until it runs again.")
        finally:
            connection.close()

    def _outlast(self, queue: QueueWorker) -> None:
        """Work off the queue, also over a database that is gone for a while.

        Raises:
            OperationalError, InterfaceError: it didn't come back.
        """
        failures = 0
        while not self._is_stopping:
            started = time.monotonic()
            try:
                queue.run()
                return
            except (OperationalError, InterfaceError):
                connection.close()
                failures = 1 if time.monotonic() - started > _LONG_RUN_S else failures + 1
                if failures >= _MOST_FAILURES:
                    raise
                time.sleep(2.0**failures)


def _sweep_again() -> None:
    try:
        sweep()
    except (OperationalError, InterfaceError):
        connection.close()  # locked for long: there is a next time; unusable: the queue's thread tells of it


def _queue_worker(worker_id: str) -> QueueWorker:
    return QueueWorker(
        queue_names=["default"],
        interval=_INTERVAL_S,
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=worker_id,
        excluded_queue_names=[],
    )


def _leave() -> None:
    """End in the middle of a batch: what is kept is written whole or not at all, and the next start goes on from it."""
    hand_back()
    flush(_FLUSH_TIMEOUT_S)
    os._exit(0)
