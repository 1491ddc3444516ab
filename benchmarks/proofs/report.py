"""Writes the table of a proof into docs/proofs/, and fails where a step failed."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "proofs"


@dataclass(frozen=True)
class Step:
    """One step of a proof: whether it held, how long it took, and what was said when it didn't."""

    name: str
    works: bool
    seconds: float
    said: str = ""


def write_report(name: str, purpose: str | None, command: str, steps: Sequence[Step]) -> None:
    """Write docs/proofs/NAME.md and exit with 1 where a step failed."""
    lines = [
        f"# {(purpose or name).strip()}",
        "",
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}.",
        "",
        "| step | holds | seconds |",
        "|---|---|---|",
        *(f"| {step.name} | {'yes' if step.works else 'NO'} | {step.seconds:.1f} |" for step in steps),
    ]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for step in steps:
        print(f"{'✓' if step.works else '✗'} {step.name} ({step.seconds:.1f} s) {step.said}")
    sys.exit(not all(step.works for step in steps))
