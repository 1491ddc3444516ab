"""What the benchmarks of searching share: clocks, percentiles, memory, and an embedder that costs no time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hellotutor.embeddings.base import Embedder, Vectors

Report = dict[str, Any]


class Remembering(Embedder):
    """Gives the queries the vectors that another embedder made of them, in no time."""

    def __init__(self, embedder: Embedder, texts: Sequence[str]) -> None:
        self.name, self.version, self.dimensions = embedder.name, embedder.version, embedder.dimensions
        self.known = dict(zip(texts, embedder.embed(texts), strict=True))

    def _embed_batch(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.known[text] for text in texts])


def measure_recall(found: Sequence[Sequence[int]], nearest: Sequence[set[int]]) -> float:
    """Return the mean share of the nearest that were found, over as many queries as were asked."""
    shares = [len(wanted & set(rows)) / len(wanted) for rows, wanted in zip(found, nearest, strict=False)]
    return round(float(np.mean(shares)), 4)


def islice_round(texts: Sequence[str], count: int) -> Iterator[str]:
    """Yield so many texts, round and round."""
    return (texts[number % len(texts)] for number in range(count))


def time_ms(call: Callable[[], object]) -> float:
    """Return the milliseconds of a call."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def time_both_ms(call: Callable[[], object]) -> tuple[float, float]:
    """Return the milliseconds of a call, and those of the processor in all threads."""
    begun = time.process_time()
    took = time_ms(call)
    return took, (time.process_time() - begun) * 1000


def summarise(took: Sequence[float]) -> Report:
    """Return percentiles of milliseconds."""
    p50, p95, p99 = np.percentile(took, [50, 95, 99]).tolist()
    return {"n": len(took), "p50": round(p50, 2), "p95": round(p95, 2), "p99": round(p99, 2)}


def read_memory_mb() -> dict[str, float]:
    """Return the resident memory of this process, of its own and of mapped files; Linux alone tells."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    found = (line.split() for line in lines if line.startswith(("RssAnon", "RssFile")))
    return {words[0].rstrip(":"): int(words[1]) / 1024 for words in found}
