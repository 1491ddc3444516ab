"""axe finds nothing on any page in any state: light and dark, on a desk and in a hand."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.proofs.report import Step, write_report

ROOT = Path(__file__).parents[2]
MODES = ("desktop-light", "desktop-dark", "phone-light", "phone-dark")


def main() -> None:
    """Look at every page in each mode and write the table."""
    write_report("accessibility", __doc__, "script/prove accessibility", [_look(mode) for mode in MODES])


def _look(mode: str) -> Step:
    begun = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "tests/e2e/test_accessibility.py", "-k", mode]
    environment = {**os.environ, "HELLOTUTOR_EVERY_MODE": "1", "CI": "true"}  # without a browser it fails
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    said = "" if ran.returncode == 0 else ran.stdout[-3000:]
    return Step(f"every page, {mode}", ran.returncode == 0, time.monotonic() - begun, said)


if __name__ == "__main__":
    main()
