"""Ways to find the nearest of 10,000 and of 200,000 vectors by looking at all: milliseconds, recall and error.

    script/bench retrieval_kernels [--sizes 10000 200000]

usearch and numkong, which HelloTutor doesn't use, are measured where they can be imported. The ways take turns; the
milliseconds are the least and the median of the wall clock, and the median of the processor's time of all threads.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
import simsimd
from django.conf import settings

from benchmarks.retrieval_library import add_library, make_book, read_source
from benchmarks.retrieval_set import read_questions
from benchmarks.retrieval_timing import measure_recall
from hellotutor.embeddings.base import Vectors
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.retrieval.local.blocks import make_block, make_coarse
from hellotutor.retrieval.local.nearest import find_nearest

K, CANDIDATES, BLOCK = 10, 200, 4_096
Way = Callable[[Vectors], np.ndarray]  # a query → rows of the 200 nearest, best first


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_library(parser)
    parser.add_argument("--sizes", type=int, nargs="*", default=(10_000, 200_000))
    options = parser.parse_args()
    if not settings.configured:
        settings.configure()
    model = MiniLMEmbedder(MiniLMConfig(options.models))
    source = read_source(options.book, model, options.kept / f"{options.book.stem}.npy")
    queries = model.embed([question.text for question in read_questions(options.questions)][:40])
    print("| vectors | way | least / p50 ms | processor p50 ms | recall@10 | recall@200 | bytes a vector read |")
    print("|---|---|---|---|---|---|---|")
    for size in options.sizes:
        for line in measure(make_book(source, 0, size).vectors, queries):
            print(line)


def measure(vectors: Vectors, queries: Vectors) -> Iterator[str]:
    """Yield a row of the table for each way."""
    nearest = [np.argsort(-(vectors @ query))[:CANDIDATES].tolist() for query in queries]
    ways = dict(make_ways(vectors))
    found: dict[str, list[list[int]]] = {name: [] for name in ways}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for query in queries:
        for name, (way, _) in ways.items():
            begun, cpu = time.perf_counter(), time.process_time()
            rows = way(query)
            took[name].append((time.perf_counter() - begun, time.process_time() - cpu))
            found[name].append(rows.tolist())
    for name, (_, read_bytes) in ways.items():
        wall, cpu_s = (np.array(column) * 1000 for column in zip(*took[name], strict=True))
        first = measure_recall([rows[:K] for rows in found[name]], [set(rows[:K]) for rows in nearest])
        all_of_them = measure_recall(found[name], [set(rows) for rows in nearest])
        ms = f"{wall.min():.1f} / {np.median(wall):.1f} | {np.median(cpu_s):.1f}"
        yield f"| {len(vectors):,} | {name} | {ms} | {first} | {all_of_them} | {read_bytes} |"


def make_ways(vectors: Vectors) -> Iterator[tuple[str, tuple[Way, int]]]:
    """Yield name, way and the bytes that it reads of each vector."""
    size, width = vectors.shape
    half, (coarse, scales) = vectors.astype(np.float16), make_coarse(vectors)
    cuts = [slice(first, first + BLOCK) for first in range(0, size, BLOCK)]
    blocks = [make_block(half[cut]) for cut in cuts]
    codes = np.packbits(half.view(np.int16) < 0, axis=1).view(np.uint64)

    def by_signs(query: Vectors, candidates: int) -> np.ndarray:
        code = np.packbits(query < 0).view(np.uint64)
        far = np.concatenate([np.bitwise_count(codes[cut] ^ code).sum(axis=1, dtype=np.uint16) for cut in cuts])
        rows = np.flatnonzero(far <= np.sort(far)[min(candidates, size) - 1])
        return rows[_best(half[rows].astype(np.float32) @ query)]

    def by_simsimd(stored: np.ndarray, asked: np.ndarray) -> np.ndarray:
        return np.asarray(simsimd.cdist(asked, stored, "inner", out_dtype="float32"))[0]

    yield "numpy, float32", (lambda q: _best(vectors @ q), 4 * width)
    yield "numpy, float16 in blocks", (lambda q: _best(_in_blocks(half, cuts, q)), 2 * width)
    yield "numpy, int8 in blocks", (lambda q: _best(_in_blocks(coarse, cuts, q) * scales), width)
    yield "simsimd, float16", (lambda q: _best(by_simsimd(half, q[None].astype(np.float16))), 2 * width)
    yield "simsimd, int8", (lambda q: _best(by_simsimd(coarse, make_coarse(q[None])[0]) * scales), width)
    yield "HelloTutor: int8, then float16", (lambda q: find_nearest(blocks, q, CANDIDATES)[0], width + 4)
    yield "signs, then 2,000 as float16", (lambda q: by_signs(q, 2_000), width // 8)
    yield "signs, then 8,000 as float16", (lambda q: by_signs(q, 8_000), width // 8)
    with suppress(ImportError):
        from usearch.index import MetricKind, search

        def by_usearch(stored: np.ndarray, asked: np.ndarray) -> np.ndarray:
            return search(stored, asked, CANDIDATES, MetricKind.IP, exact=True, threads=2).keys.astype(np.int64)

        yield "usearch exact, float16, 2 threads", (lambda q: by_usearch(half, q[None].astype(np.float16)), 2 * width)
        yield "usearch exact, int8, 2 threads", (lambda q: by_usearch(coarse, make_coarse(q[None])[0][0]), width)
    with suppress(ImportError):
        import numkong

        def by_numkong(stored: np.ndarray, asked: np.ndarray) -> np.ndarray:
            return np.asarray(numkong.dots_packed(stored, numkong.dots_pack(asked)))[:, 0]

        yield "numkong, int8", (lambda q: _best(by_numkong(coarse, make_coarse(q[None])[0]) * scales), width)


def _in_blocks(stored: np.ndarray, cuts: list[slice], query: Vectors) -> np.ndarray:
    return np.concatenate([stored[cut].astype(np.float32) @ query for cut in cuts])


def _best(scores: np.ndarray) -> np.ndarray:
    rows = np.argpartition(-scores, CANDIDATES)[:CANDIDATES]
    return rows[np.argsort(-scores[rows])]


if __name__ == "__main__":
    main()
