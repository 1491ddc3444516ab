"""Ctrl-C at sixty random moments of reading, asking and embedding: one sentence each time, and nothing lost."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

from benchmarks.proofs.report import Step, write_report

TIMES = 60
LONGEST_S = 6.0


def main() -> None:
    """Interrupt, look at what is left, and write the table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        document = folder / "tides.md"
        sample = files("hellotutor.documents").joinpath("samples/how-memory-works.md").read_text(encoding="utf-8")
        filler = "\n\n".join(f"# Bay {n}\n\nThe tide of bay {n} rises when moon {n} is near." for n in range(12_000))
        document.write_text(f"{sample}\n\n{filler}\n", encoding="utf-8")
        begun = time.monotonic()
        moments = random.Random(11)
        wrong = [said for _ in range(TIMES) if (said := _interrupt(folder, document, moments))]
        steps = [Step(f"{TIMES} interrupted runs end with 130 and one sentence", not wrong, time.monotonic() - begun)]
        steps += _look_at_what_is_left(folder, document)
        write_report("interrupts", __doc__, "script/prove interrupts", steps)


def _interrupt(folder: Path, document: Path, moments: random.Random) -> str:
    """Interrupt one run; return what was wrong with its end, or nothing."""
    command = moments.choice(
        [["study", str(document), "--json"], ["ask", "What is the spacing effect?", str(document)]]
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "hellotutor", *command],
        env=_environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    time.sleep(moments.uniform(0.15, LONGEST_S))
    if process.poll() is not None:  # it had finished by then
        process.communicate()
        return "" if process.returncode == 0 else f"ended with {process.returncode}"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    is_right = process.returncode == 130 and "Interrupted" in said and "Traceback" not in said
    return "" if is_right else f"{process.returncode}: {said[-300:]}"


def _look_at_what_is_left(folder: Path, document: Path) -> list[Step]:
    begun = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "hellotutor", "ask", "What is the spacing effect?", str(document), "--json"],
        env=_environment(folder),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    steps = [Step("afterwards the document is read, embedded and asked", ran.returncode == 0, time.monotonic() - begun)]
    with sqlite3.connect(folder / "data" / "hellotutor.sqlite3") as database:
        ordinals = [row[0] for row in database.execute("select ordinal from documents_passage order by ordinal")]
        (state,) = database.execute("select status, passages_read, passages_embedded from documents_documentversion")
        (documents,) = database.execute("select count(*) from documents_document").fetchone()
    is_whole = ordinals == list(range(len(ordinals))) and state == ("indexed", len(ordinals), len(ordinals))
    steps.append(Step("one document, no passage doubled or lost, every one embedded", is_whole and documents == 1, 0.0))
    return steps


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "DATA_DIR": str(folder / "data"), "ENV": "test"}


if __name__ == "__main__":
    main()
