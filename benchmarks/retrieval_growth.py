"""How the indexes grow at 10,000, 100,000 and 1,000,000 passages of a tenant: query, first query, disk, memory.

    script/bench retrieval_growth [--parts words vectors] [--json FILE]

Vectors and words; writes the tables into docs/scaling.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from django.conf import settings

from benchmarks.retrieval_library import (
    SHIPPED_CACHE_MB,
    Library,
    Source,
    add_library,
    make_book,
    make_book_vectors,
    read_source,
)
from benchmarks.retrieval_peers import PASSAGES_A_BOOK, K
from benchmarks.retrieval_set import read_questions
from benchmarks.retrieval_timing import Remembering, Report, measure_recall, read_memory_mb, summarise, time_ms
from benchmarks.tables import write_table
from hellotutor.embeddings.base import Vectors
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.retrieval.local.index import LocalVectorIndex

SIZES = (10_000, 100_000, 1_000_000)
CANDIDATES = 200  # that a hybrid search asks for
CACHE_MB, DEFAULT_CACHE_MB = 1_024, SHIPPED_CACHE_MB // 2
BOOKS_OF_WORDS = 10  # further ones have the words of these again: to index a million passages takes minutes
PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"


def main() -> None:
    """Measure each size and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_library(parser)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--parts", nargs="*", choices=tuple(PARTS), default=tuple(PARTS), help="what is measured")
    parser.add_argument("--json", type=Path, help="where the report is written")
    options = parser.parse_args()
    if not settings.configured:
        settings.configure()
    model = MiniLMEmbedder(MiniLMConfig(options.models))
    source = read_source(options.book, model, options.kept / f"{options.book.stem}.npy")
    queries = Remembering(model, [question.text for question in read_questions(options.questions)][:100])
    with tempfile.TemporaryDirectory() as folder:
        report = {
            part: [measured(Path(folder) / f"{part}-{size}", size, source, queries) for size in options.sizes]
            for part, measured in PARTS.items()
            if part in options.parts
        }
    if options.json:
        options.json.write_text(json.dumps(report, indent=2), encoding="utf-8")
    if "vectors" in report:
        write_table("local growth", _table(report["vectors"]), PAGE)
    if "words" in report:
        write_table("growth of words", _table_of_words(report["words"]), PAGE)


def measure_words(folder: Path, size: int, source: Source, embedder: Remembering) -> Report:
    """Store the words of so many passages and look for questions, in the default cache."""
    library = Library(folder, embedder, cache_bytes=DEFAULT_CACHE_MB << 20)
    versions = [f"book-{at:04}" for at in range(size // PASSAGES_A_BOOK)]
    for number, version in enumerate(versions[:BOOKS_OF_WORDS]):
        book = make_book(source, number, PASSAGES_A_BOOK)
        library.lexical.build(tenant="reader", version_id=version, texts=book.texts)
    for number, version in enumerate(versions[BOOKS_OF_WORDS:]):
        shutil.copytree(folder / "reader" / versions[number % BOOKS_OF_WORDS], folder / "reader" / version)
    stored = sum(path.stat().st_size for path in folder.rglob("*.npy"))
    forget_pages(folder)
    took = [
        time_ms(lambda text=text: library.lexical.score(text, tenants=["reader"], versions=versions))
        for text in embedder.known
    ]
    return {
        "passages": size,
        "first_from_disk_ms": round(took[0], 1),
        "query_ms": summarise(took[1:]),
        "stored_bytes_a_passage": round(stored / size),
        "mapped_mb": round(read_memory_mb()["RssFile"]),
    }


def measure(folder: Path, size: int, source: Source, embedder: Remembering) -> Report:
    """Store so many vectors and ask for the nearest, with all in the cache and with the default one."""
    library = Library(folder, embedder, cache_bytes=CACHE_MB << 20)
    queries = np.stack(list(embedder.known.values()))
    versions = [f"book-{at:04}" for at in range(size // PASSAGES_A_BOOK)]
    best = np.empty((len(queries), 0), dtype=np.float32)
    rows = np.empty((len(queries), 0), dtype=np.int64)
    for number, version in enumerate(versions):
        vectors = make_book_vectors(source, number, PASSAGES_A_BOOK)
        library.add_vectors("reader", version, vectors)
        best, rows = _keep_best(best, rows, queries @ vectors.T, number * PASSAGES_A_BOOK)
    stored = sum(path.stat().st_size for path in folder.rglob("*.npy"))
    where = {"tenants": ["reader"], "version_ids": versions, "stamp": library.stamp}
    forget_pages(folder)
    first_from_disk = time_ms(lambda: library.vectors.query(queries[0], k=CANDIDATES, **where))
    again = LocalVectorIndex(library.storage, cache_bytes=CACHE_MB << 20)
    first_from_memory = time_ms(lambda: again.query(queries[0], k=CANDIDATES, **where))
    took, cpu = _ask(library.vectors, queries, where)
    small = LocalVectorIndex(library.storage, cache_bytes=DEFAULT_CACHE_MB << 20)
    small_took, _ = _ask(small, queries[:30], where)
    hits = [library.vectors.query(query, k=K, **where) for query in queries]
    found = [[versions.index(hit.version_id) * PASSAGES_A_BOOK + hit.ordinal for hit in of] for of in hits]
    return {
        "vectors": size,
        "query_ms": summarise(took),
        "cpu_ms": summarise(cpu),
        "query_default_cache_ms": summarise(small_took),
        "first_from_disk_ms": round(first_from_disk, 1),
        "first_from_memory_ms": round(first_from_memory, 1),
        "stored_bytes_a_vector": round(stored / size),
        "cached_bytes_a_vector": round(library.vectors.cached_bytes / size),
        "cached_with_default_mb": round(small.cached_bytes / 2**20),
        "mapped_mb": round(read_memory_mb()["RssFile"]),
        "recall": measure_recall(found, [set(row.tolist()) for row in rows]),
    }


def forget_pages(folder: Path) -> None:
    """Have the system drop what it keeps of the files in its memory, so that they come from the disk."""
    for path in folder.rglob("*.npy"):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def _ask(index: LocalVectorIndex, queries: Vectors, where: Report) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each query, and those of the processor."""
    took, cpu = [], []
    for query in queries:
        begun = time.thread_time()
        took.append(time_ms(lambda query=query: index.query(query, k=CANDIDATES, **where)))
        cpu.append((time.thread_time() - begun) * 1000)
    return took, cpu


def _keep_best(best: Vectors, rows: np.ndarray, scores: Vectors, first: int) -> tuple[Vectors, np.ndarray]:
    """Return the K best scores so far and their rows, by float32."""
    scores = np.concatenate([best, scores], axis=1)
    further = np.tile(np.arange(first, first + PASSAGES_A_BOOK), (len(rows), 1))
    rows = np.concatenate([rows, further], axis=1)
    kept = np.argpartition(-scores, K, axis=1)[:, :K]
    return np.take_along_axis(scores, kept, axis=1), np.take_along_axis(rows, kept, axis=1)


PARTS = {"words": measure_words, "vectors": measure}


def _table(report: Sequence[Report]) -> str:
    lines = [
        "| vectors | query p50 / p95 ms | of the processor p50 ms | p50 ms in the default cache | first ms, from disk "
        "| first ms, files in memory | bytes a vector on disk | in the cache | recall@10 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in report:
        query = f"{row['query_ms']['p50']} / {row['query_ms']['p95']} | {row['cpu_ms']['p50']}"
        first = f"{row['first_from_disk_ms']} | {row['first_from_memory_ms']}"
        size = f"{row['stored_bytes_a_vector']} | {row['cached_bytes_a_vector']} | {row['recall']}"
        lines.append(f"| {row['vectors']:,} | {query} | {row['query_default_cache_ms']['p50']} | {first} | {size} |")
    return "\n".join(lines)


def _table_of_words(report: Sequence[Report]) -> str:
    lines = ["| passages | query p50 / p95 ms | first ms, from disk | bytes a passage on disk |", "|---|---|---|---|"]
    for row in report:
        query = f"{row['query_ms']['p50']} / {row['query_ms']['p95']}"
        lines.append(
            f"| {row['passages']:,} | {query} | {row['first_from_disk_ms']} | {row['stored_bytes_a_passage']} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
