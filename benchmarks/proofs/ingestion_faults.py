"""What goes wrong around the workers of the proof of ingestion, for a while: storage, disk, database."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.s3_server import S3Server

from benchmarks.proofs.ingestion_site import POLL_S, Site

OUTAGE_S, LOCKED_S = 20.0, 30.0
_FILLING_BYTES = 1 << 16
_TAKE_OVER_S = 20.0


@contextmanager
def killed_s3(server: S3Server, folder: Path) -> Iterator[None]:
    """Kill the server, and start it again over the same data at the end."""
    server.process.kill()
    server.process.wait()
    try:
        yield
    finally:
        with (folder / "log").open("ab") as log:
            server.process = subprocess.Popen(
                server.process.args, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
            )


@contextmanager
def small_disk(folder: Path, *, size_mb: int) -> Iterator[None]:
    """Put a small disk in memory in the place of an empty folder; needs the rights of root.

    Raises:
        CalledProcessError: it isn't permitted.
    """
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0700", "none", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Fill the disk that holds a folder to the last byte for a while."""
    path = folder / "filling"
    with path.open("wb", buffering=0) as filling, contextlib.suppress(OSError):
        while True:
            filling.write(b"\0" * _FILLING_BYTES)
    try:
        yield
    finally:
        path.unlink()


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Lock the database against every other writer for a while."""
    url = site.settings.get("DATABASE_URL", "")
    if not url:
        path = site.data_dir / "hellotutor.sqlite3"
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as database:
            database.execute("begin exclusive")
            yield
            database.execute("rollback")
        return
    import psycopg  # an extra

    with psycopg.connect(url) as connection:
        connection.execute("lock table documents_documentversion in exclusive mode")
        yield
        connection.rollback()


def stop_past_the_lease(site: Site, moments: random.Random, *, total: int, times: int) -> list[str]:
    """Freeze one of two workers in the middle of its work until the other has taken that over, and let it go on.

    Returns:
        `reading` or `embedding` for each time that something was taken over.
    """
    taken: list[str] = []
    for left in range(times, 0, -1):
        goal = site.progress() + moments.uniform(0, 1.5) * (total - site.progress()) / (left + 1)
        site.wait_until(lambda: site.progress() >= goal or site.is_finished())  # noqa: B023
        time.sleep(moments.uniform(0, 0.5))
        frozen = moments.choice(site.workers)
        frozen.send_signal(signal.SIGSTOP)
        try:
            taken += _wait_for_take_over(site)
        finally:
            frozen.send_signal(signal.SIGCONT)
    return ["embedding" if status == "embedding" else "reading" for status in taken]


def _wait_for_take_over(site: Site) -> list[str]:
    """Wait until somebody has claimed what the frozen worker holds; return its state, or nothing.

    What it holds is known by its lease, which isn't renewed any more.
    """
    asked = "select id, claim_token, lease_until, status from documents_documentversion where lease_until is not null"
    before = site.rows(asked)
    time.sleep(0.8 * float(site.settings["INGEST_LEASE_S"]))
    held = [row for row in site.rows(asked) if row in before]
    end = time.monotonic() + _TAKE_OVER_S
    while held and time.monotonic() < end:
        tokens = dict(site.rows("select id, claim_token from documents_documentversion"))
        if taken := [status for pk, token, _, status in held if tokens[pk] > token]:
            return taken
        time.sleep(POLL_S)
    return []


def fail_for(
    site: Site, moments: random.Random, total: int, failing: contextlib.AbstractContextManager[None], seconds: float
) -> int:
    """Let something fail for a while, from a random instant of the work on; return how many workers ended of it."""
    goal = moments.uniform(0.1, 0.5) * total
    site.wait_until(lambda: site.progress() >= goal)
    ended = 0
    with failing:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ended += site.keep_working()
            time.sleep(POLL_S)
    return ended


def may_mount() -> bool:
    """Say whether a small disk can be put in the place of a folder here."""
    return sys.platform == "linux" and os.geteuid() == 0
