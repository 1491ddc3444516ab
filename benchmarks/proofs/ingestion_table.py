"""Keeps the rows of the proof of ingestion in docs/proofs/ingestion.md; one measured again replaces itself."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.proofs.report import FOLDER

COLUMNS = (
    *("what happened", "database, files", "times", "while reading", "while embedding", "set aside, tried again"),
    *("documents", "passages", "differences", "seconds", "measured"),
)


@dataclass(frozen=True)
class Row:
    """One row, by the names of its columns; the last one, when it was measured, is added."""

    what: str
    where: str
    times: int
    reading: int
    embedding: int
    set_aside: int
    documents: int
    passages: int
    differences: int
    seconds: float
    said: str = ""

    @property
    def cells(self) -> list[str]:
        """The cells as they are written."""
        numbers = (self.times, self.reading, self.embedding, self.set_aside, self.documents, self.passages)
        return [self.what + self.said, self.where, *map(str, numbers), str(self.differences), f"{self.seconds:.0f}"]


def keep_row(row: Row, head: str) -> None:
    """Write the row into the table, under a head that says what the table shows."""
    path = FOLDER / "ingestion.md"
    kept = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [line for line in kept if line.startswith("| ") and not line.startswith(f"| {COLUMNS[0]} |")]
    line = _line([*row.cells, f"{datetime.now(UTC):%Y-%m-%d}"])
    at = next((at for at, old in enumerate(rows) if _key(old) == _key(line)), len(rows))
    rows[at : at + 1] = [line]
    table = [_line(COLUMNS), "|" + "---|" * len(COLUMNS), *rows]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}."
    FOLDER.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([head, "", machine, "", *table]) + "\n", encoding="utf-8")
    print(line, flush=True)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _key(line: str) -> tuple[str, str]:
    cells = line.split(" | ")
    return cells[0].partition(":")[0], cells[1]
