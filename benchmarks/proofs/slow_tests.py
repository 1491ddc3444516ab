"""The tests that `script/test` leaves out because each run of it would wait for them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.proofs.report import Step, write_report

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Run every file that has such tests, and write the table."""
    named = sorted(path for path in (ROOT / "tests").rglob("test_*.py") if "mark.slow" in path.read_text("utf-8"))
    write_report("slow_tests", __doc__, "script/prove slow_tests", [_run(path.relative_to(ROOT)) for path in named])


def _run(path: Path) -> Step:
    begun = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-m", "slow", str(path)]
    environment = {**os.environ, "HELLOTUTOR_SLOW_TESTS": "1", "CI": "true"}  # without a browser it fails
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    said = ran.stdout.strip().splitlines()
    summary = said[-1].partition(" in ")[0] if said else "nothing was said"
    told = "" if ran.returncode == 0 else "\n".join(said[-40:])
    return Step(f"{path.as_posix()}: {summary}", ran.returncode == 0, time.monotonic() - begun, told)


if __name__ == "__main__":
    main()
