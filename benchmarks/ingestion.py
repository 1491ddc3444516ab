"""How soon a document can be asked about, when it is indexed, and in how much memory, beside LlamaIndex."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hellotutor.embeddings.weights import find_packaged_weights

from .process_tree import TreeWatch
from .shared import shared_file
from .tables import write_table

PEER_PYTHON = Path(__file__).parents[1] / ".tools" / "bench" / "bin" / "python"
# LlamaIndex' own default, of which the model reads the first 256 tokens, and one of which it reads everything.
PEER, PEER_WHOLE = ("LlamaIndex", 1024), ("LlamaIndex, 256 tokens", 256)
_STOP_S = 30

Run = dict[str, Any]


def main() -> None:
    """Print a Markdown table and write it into docs/performance.md, or print every run as JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=3, help="of each way, interleaved")
    parser.add_argument("--peer", type=Path, default=PEER_PYTHON, help="the Python that has LlamaIndex")
    parser.add_argument("--whole", action="store_true", help="also LlamaIndex with chunks that are embedded whole")
    parser.add_argument("--ours-only", action="store_true", help="leave LlamaIndex out; nothing is written")
    parser.add_argument("--json", action="store_true", help="print the runs; nothing is written")
    options = parser.parse_args()
    files = options.files or [_shared("books", "freeculture.pdf"), _shared("textbook", "biology.md")]
    peers = {} if options.ours_only else dict([PEER, PEER_WHOLE] if options.whole else [PEER])
    runs = {file.name: _measure_all(file.resolve(), options.peer, peers, options.repeats) for file in files}
    if options.json or not peers:
        print(json.dumps(runs, indent=2))
        return
    write_table("ingestion", _table(runs))


def _shared(*parts: str) -> Path:
    path = shared_file(*parts)
    if path is None:
        raise SystemExit("Name files, or set HELLOTUTOR_SHARED_DATA.")
    return path


def _measure_all(file: Path, python: Path, peers: dict[str, int], repeats: int) -> dict[str, list[Run]]:
    """Return the runs of each way by its name; the ways take turns, so that a slow minute meets all of them."""
    ways: dict[str, Callable[[], Run]] = {
        "HelloTutor": lambda: run_service(file, "--warm"),
        "HelloTutor, cold": lambda: run_service(file, "--until", "question"),
    }
    ways |= {name: _peer_way(python, file, tokens) for name, tokens in peers.items()}
    runs: dict[str, list[Run]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, run in ways.items():
            runs[name].append(run())
            print(f"{file.name} {name}: {json.dumps(runs[name][-1])}", file=sys.stderr)
    return runs


def run_service(file: Path, *arguments: str, worker: Sequence[str] = ("hellotutor", "worker")) -> Run:
    """Have a fresh worker read a document that a learner in another process uploads and asks about.

    Args:
        file: the document.
        arguments: of `benchmarks.ingestion_learner`.
        worker: the module that is run as the worker, and its arguments.

    Returns:
        What the learner saw, `start_s` from the processes' start to the upload, `cpu_s` of the worker's tree, and peaks
        in MB: of that tree, of the worker, of the largest process below it, and of all with the learner's process.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATA_DIR": str(Path(folder) / "data"), "ENV": "test", "SENTRY_DSN": ""}
        begun = time.monotonic()
        working = subprocess.Popen(
            [sys.executable, "-m", *worker], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        command = [sys.executable, "-m", "benchmarks.ingestion_learner", str(file), *arguments]
        learning = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, encoding="utf-8")
        with TreeWatch([working.pid]) as worker_watch, TreeWatch([working.pid, learning.pid]) as watch:
            answer = _read_answer(learning)
        working.terminate()
        working.wait(_STOP_S)
    return {
        **answer,
        "start_s": answer["ready_at"] - begun,
        **worker_watch.peaks_mb(),
        "cpu_s": worker_watch.cpu_s,
        "with_learner_mb": watch.peaks_mb()["tree_mb"],
    }


def _peer_way(python: Path, file: Path, chunk_tokens: int) -> Callable[[], Run]:
    return lambda: _run_peer(python, file, chunk_tokens)


def _run_peer(python: Path, file: Path, chunk_tokens: int) -> Run:
    script = Path(__file__).with_name("ingestion_peer.py")
    arguments = ["--model", str(find_packaged_weights()), "--chunk-tokens", str(chunk_tokens)]
    begun = time.monotonic()
    process = subprocess.Popen(
        [python, script, file, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    with TreeWatch([process.pid]) as watch:
        answer = _read_answer(process)
    return {**answer, "start_s": answer["ready_at"] - begun, **watch.peaks_mb(), "cpu_s": watch.cpu_s}


def _read_answer(process: subprocess.Popen[str]) -> Run:
    printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{process.args!r} ended with {process.returncode}")
    answer: Run = json.loads(printed.splitlines()[-1])
    return answer


def _table(runs: dict[str, dict[str, list[Run]]]) -> str:
    lines = [
        "| document | way | passages | upload to first question s (≤ 2) | upload to indexed s | × LlamaIndex (≤ 0.33) "
        "| start and indexed s | × LlamaIndex | core-seconds | × LlamaIndex | peak MB | × LlamaIndex (≤ 0.50) |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for document, ways in runs.items():
        lines += [_row(document, name, ways) for name in ways if name != "HelloTutor, cold"]
    return "\n".join(lines)


def _row(document: str, name: str, ways: dict[str, list[Run]]) -> str:
    runs = ways[name]
    peers = ways[PEER[0]]
    passages = runs[0].get("passages", runs[0].get("passages_read"))
    cells = [
        f"{passages:,}",
        _question_cell(runs, ways["HelloTutor, cold"]) if name == "HelloTutor" else "–",
        *_compare(runs, peers, lambda run: run["indexed_s"], "{:.1f}"),
        *_compare(runs, peers, lambda run: run["start_s"] + run["indexed_s"], "{:.1f}"),
        *_compare(runs, peers, lambda run: run["cpu_s"], "{:.1f}"),
        *_compare(runs, peers, lambda run: run["tree_mb"], "{:.0f}"),
    ]
    return f"| {document} | {name} | {' | '.join(cells)} |"


def _question_cell(warm: Sequence[Run], cold: Sequence[Run]) -> str:
    from_start = statistics.median(run["start_s"] + run["question_s"] for run in cold)
    return f"{statistics.median(run['question_s'] for run in warm):.1f}; {from_start:.1f} with the start"


def _compare(runs: Sequence[Run], peers: Sequence[Run], figure: Callable[[Run], float], form: str) -> tuple[str, str]:
    """Return the median of a figure, and the median of its ratios to the peer's run of the same turn."""
    median = statistics.median(map(figure, runs))
    ratio = statistics.median(figure(run) / figure(peer) for run, peer in zip(runs, peers, strict=True))
    return form.format(median), f"{ratio:.2f}"


if __name__ == "__main__":
    main()
