"""From a cold start to five graded questions about a book, against what waiting for its embeddings would take."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

COUNT = 5


def main() -> None:
    """Print one JSON object a document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    files = parser.parse_args().files or _shared()
    for file in files:
        print(json.dumps(_measure(file.resolve()), ensure_ascii=False))


def _shared() -> list[Path]:
    folder = Path(os.environ["HELLOTUTOR_SHARED_DATA"])
    return [folder / "books" / "freeculture.pdf", folder / "textbook" / "biology.md"]


def _measure(file: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as data_dir:
        study = ["study", str(file), "--count", str(COUNT), "--json"]
        first = _run(study, data_dir)
        again = _run(study, data_dir)
        ask = _run(["ask", "What is it about?", str(file), "--json"], data_dir)
    whole = ask["seconds"]
    return {
        "document": file.name,
        "first_question_s": first["first_line_s"],
        "five_graded_s": first["seconds"],
        "peak_mb": first["peak_mb"],
        "second_session_first_question_s": again["first_line_s"],
        "embedding_all_and_reply_s": whole,
        "first_question_to_embedding_ratio": round(first["first_line_s"] / whole, 3),
    }


def _run(arguments: list[str], data_dir: str) -> dict[str, float]:
    before = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "hellotutor", *arguments],
        env={**os.environ, "DATA_DIR": data_dir},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdin and process.stdout
    process.stdin.write("I don't know\n" * COUNT)
    process.stdin.close()
    process.stdout.readline()
    first_line_s = time.monotonic() - before
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments} failed with {process.returncode}")
    return {
        "first_line_s": round(first_line_s, 2),
        "seconds": round(time.monotonic() - before, 2),
        "peak_mb": round(_peak_mb(usage)),
    }


def _peak_mb(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1 << 20) if sys.platform == "darwin" else usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
