"""Searches vectors with FAISS, LanceDB or LlamaIndex, in a process of its own, whenever a line on its input says so.

The first line out tells how long it took to load and to fill; then each line in is a number of queries, and each line
out their milliseconds and what they found.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
Find = Callable[[Any], Sequence[int]]


def main() -> None:
    """Answer until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=PEERS)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--k", type=int, default=10)
    options = parser.parse_args()
    vectors, queries = np.load(options.vectors), np.load(options.queries)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        find, version = PEERS[options.way](vectors, options.k, folder)
        find(queries[-1])
        made_s = time.perf_counter() - begun
        _say({"made_s": made_s, "version": version})
        at = 0
        for line in sys.stdin:
            took, cpu, found = [], [], []
            for _ in range(int(line)):
                begun, begun_cpu = time.perf_counter(), time.process_time()
                rows = find(queries[at % len(queries)])
                took.append((time.perf_counter() - begun) * 1000)
                cpu.append((time.process_time() - begun_cpu) * 1000)
                found.append([int(row) for row in rows])
                at += 1
            _say({"ms": took, "cpu_ms": cpu, "found": found, "peak_mb": _peak_mb()})


def _peak_mb() -> float:
    # Not getrusage, which counts what the process that started this one took.
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def _faiss(vectors: Any, k: int, _folder: str) -> tuple[Find, str]:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return lambda query: index.search(query[None], k)[1][0], faiss.__version__


def _lancedb(vectors: Any, k: int, folder: str) -> tuple[Find, str]:
    import lancedb
    import pyarrow

    flat = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.reshape(-1)), vectors.shape[1])
    rows = pyarrow.table({"id": pyarrow.array(range(len(vectors))), "vector": flat})
    table = lancedb.connect(folder).create_table("passages", rows)

    def find(query: Any) -> Sequence[int]:
        found: list[int] = (
            table.search(query).distance_type("dot").limit(k).select(["id", "_distance"]).to_arrow()["id"].to_pylist()
        )
        return found

    return find, lancedb.__version__


def _llama_index(vectors: Any, k: int, _folder: str) -> tuple[Find, str]:
    from llama_index.core import __version__
    from llama_index.core.schema import TextNode
    from llama_index.core.vector_stores import SimpleVectorStore, VectorStoreQuery

    store = SimpleVectorStore()
    nodes = [TextNode(id_=str(row), text="", embedding=vector.tolist()) for row, vector in enumerate(vectors)]
    store.add(nodes)

    def find(query: Any) -> Sequence[int]:
        result = store.query(VectorStoreQuery(query_embedding=query.tolist(), similarity_top_k=k))
        return [int(name) for name in result.ids or ()]

    return find, __version__


PEERS = {"FAISS flat": _faiss, "LanceDB flat": _lancedb, "LlamaIndex default store": _llama_index}


if __name__ == "__main__":
    main()
