"""Every room's tests, on a real Postgres instead of SQLite."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.postgres_server import run_postgres

from benchmarks.proofs.report import Step, write_report

ROOT = Path(__file__).parents[2]
# The rooms whose tests use the database in their own process; those that run the program give it a database themselves.
ROOMS = (
    *("accounts", "api", "config", "contracts", "documents", "ingestion", "insights", "retrieval", "tutoring", "web"),
    "e2e/test_service_on_postgres.py",
)


def main() -> None:
    """Run the tests of each room and write the table; arguments name the rooms instead."""
    with run_postgres() as server:
        environment = {
            **os.environ,
            "HELLOTUTOR_TEST_DATABASE_URL": server.url("postgres"),
            "HELLOTUTOR_SLOW_TESTS": "1",
        }
        steps = [_run(room, environment) for room in sys.argv[1:] or ROOMS]
    write_report("postgres", __doc__, "script/prove postgres", steps)


def _run(room: str, environment: dict[str, str]) -> Step:
    begun = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", f"tests/{room}"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    said = ran.stdout.strip().splitlines()
    seconds = time.monotonic() - begun
    summary = said[-1].partition(" in ")[0] if said else "nothing was said"
    return Step(
        f"tests/{room}: {summary}", ran.returncode == 0, seconds, "\n".join(said[-40:]) if ran.returncode else ""
    )


if __name__ == "__main__":
    main()
