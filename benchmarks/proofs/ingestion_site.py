"""A data folder, a database and a storage, and the real workers over them that a proof starts and ends."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.running import service_environment

from hellotutor.core.locks import try_hold

ROOT = Path(__file__).parents[2]
REAL_WORKER = ("hellotutor", "worker")
HASHING_WORKER = ("tests.ingestion.programs.odd_worker", "tests.ingestion.hashing_parts.hashing_parts")
POISONED_WORKER = ("tests.ingestion.programs.odd_worker", "tests.ingestion.programs.poison.poisoned_parts")
POLL_S = 0.02
_LONGEST_S = 900.0
_STOP_S = 60.0
_UNFINISHED = (
    "documents_documentversion where lease_until is not null "
    "or (status in ('queued', 'reading', 'embedding') and error_code = '')"
)
_TASKS = "django_tasks_database_dbtaskresult where status in ('READY', 'RUNNING')"


@dataclass
class Site:
    """What is served together.

    Attributes:
        data_dir: its data folder.
        settings: beside the usual ones.
        program: the module of the worker and its arguments.
        workers: those that run, or are stopped for a while.
    """

    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = REAL_WORKER
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def fill(self, documents: Path) -> None:
        """Add the files of each learner's folder in `documents`."""
        self.run("tests.ingestion.programs.fill_library", str(documents))

    def run(self, module: str, *arguments: str) -> str:
        """Run a program over this place, and return what it printed."""
        ran = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(f"{module} ended with {ran.returncode}: {ran.stderr[-2000:]}")
        return ran.stdout

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start one more worker."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *self.program],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.workers.append(process)
        return process

    def end_worker(self, worker: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> int:
        """End a worker with a signal; return its exit code."""
        self.workers.remove(worker)
        worker.send_signal(number)
        return worker.wait(_STOP_S)

    @property
    def log(self) -> Path:
        """What the workers said."""
        return self.data_dir.parent / f"{self.data_dir.name}.log"

    @contextmanager
    def working(self, count: int = 1) -> Iterator[None]:
        """Run workers as long as the block lasts, which then have to end cleanly when they are told to."""
        try:
            for _ in range(count):
                self.start_worker()
            yield
            codes = [self.end_worker(worker, signal.SIGTERM) for worker in list(self.workers)]
        finally:
            for worker in list(self.workers):
                self.end_worker(worker)
        if any(codes):
            raise RuntimeError(f"workers ended with {codes}: {self.log.read_text(encoding='utf-8')[-2000:]}")

    def keep_working(self) -> int:
        """Start a worker for each that ended by itself, as whatever runs a service does; return how many those were."""
        ended = [worker for worker in self.workers if worker.poll() is not None]
        for worker in ended:
            self.workers.remove(worker)
            self.start_worker()
        return len(ended)

    def wait_until(self, is_so: Callable[[], bool], *, seconds: float = _LONGEST_S) -> int:
        """Wait for a condition; return how many workers had to be started anew meanwhile.

        Raises:
            RuntimeError: it didn't come in time.
        """
        end, ended = time.monotonic() + seconds, 0
        while not is_so():
            if time.monotonic() > end:
                raise RuntimeError(f"waited in vain: {self.log.read_text(encoding='utf-8')[-2000:]}")
            ended += self.keep_working()
            time.sleep(POLL_S)
        return ended

    def is_finished(self) -> bool:
        """Say whether nothing is left to be done, nobody holds a claim, and no task waits or seems to run."""
        return not any(self.rows(f"select count(*) from {where}")[0][0] for where in (_UNFINISHED, _TASKS))  # noqa: S608 - ours

    def progress(self) -> int:
        """Return how many passages have been read, and how many embedded, together."""
        rows = self.rows("select coalesce(sum(passages_read + passages_embedded), 0) from documents_documentversion")
        return int(rows[0][0])

    def claims(self) -> list[tuple[str, str]]:
        """Return state and holder of what is being worked on, or was when its worker died."""
        return self.rows("select status, claimed_by from documents_documentversion where lease_until is not null")

    def is_holder_gone(self, holder: str) -> bool:
        """Say whether the process that claims under a name has ended, by its file; False where there is none."""
        path = self.data_dir / "locks" / f"holder-{holder}.lock"
        lock = try_hold(path) if path.exists() else None
        if lock:
            lock.release()
        return lock is not None

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        url = self.settings.get("DATABASE_URL", "")
        if not url:
            with closing(sqlite3.connect(self.data_dir / "hellotutor.sqlite3", timeout=60)) as database:
                return database.execute(statement).fetchall()
        import psycopg  # an extra

        with psycopg.connect(url, autocommit=True) as connection:
            return connection.execute(statement).fetchall()

    def _environment(self) -> dict[str, str]:
        (self.data_dir.parent / "no.env").touch()
        usual = {"ENV_FILE": str(self.data_dir.parent / "no.env"), "PYTHONPATH": str(ROOT)}
        return service_environment(self.data_dir, **usual, **self.settings)
