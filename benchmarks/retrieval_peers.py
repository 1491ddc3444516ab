"""Ours beside FAISS, LanceDB and LlamaIndex's default store, over the same vectors, in turns."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from benchmarks.retrieval_library import SHIPPED_CACHE_MB, Library, Source, make_book
from benchmarks.retrieval_timing import Remembering, Report, measure_recall, summarise, time_both_ms

K, PASSAGES_A_BOOK = 10, 10_000
PEERS = ("FAISS flat", "LanceDB flat", "LlamaIndex default store")
_PEER = Path(__file__).parents[1] / ".tools" / "bench" / "bin" / "python"


def measure_peers(source: Source, embedder: Remembering, folder: Path, *, books: int, rounds: int) -> Report:
    """Search the same vectors with ours and each peer, in turns; recall is of the 10 nearest by float32."""
    vectors = np.concatenate([make_book(source, book, PASSAGES_A_BOOK).vectors for book in range(books)])
    queries = np.stack(list(embedder.known.values()))
    library = Library(folder / f"peers-{books}", embedder, cache_bytes=SHIPPED_CACHE_MB << 19)
    library.add_vectors("reader", "all", vectors)
    paths = [folder / f"{name}-{books}.npy" for name in ("vectors", "queries")]
    for path, array in zip(paths, (vectors, queries), strict=True):
        np.save(path, array)
    nearest = [set(np.argpartition(-(vectors @ query), K)[:K].tolist()) for query in queries]
    where = {"tenants": ["reader"], "version_ids": ["all"], "k": K, "stamp": library.stamp}
    ours = [[hit.ordinal for hit in library.vectors.query(query, **where)] for query in queries]
    own: Report = {"ms": [], "cpu_ms": [], "recall": measure_recall(ours, nearest)}
    ways: dict[str, Report] = {"HelloTutor local": own}
    with ExitStack() as stack:
        peers = {name: stack.enter_context(open_peer(name, paths)) for name in PEERS}
        ways |= {name: {"ms": [], "cpu_ms": [], "found": [], **peer.made} for name, peer in peers.items()}
        for number in range(rounds):
            for query in queries[10 * number : 10 * number + 10]:
                took, cpu = time_both_ms(lambda query=query: library.vectors.query(query, **where))
                own["ms"].append(took)
                own["cpu_ms"].append(cpu)
            for name, peer in peers.items():
                if name != PEERS[-1] or books == 1 or number < 2:  # 10 s a query
                    peer.ask(2 if name == PEERS[-1] else 10, ways[name])
    for name in PEERS:
        ways[name]["recall"] = measure_recall(ways[name].pop("found"), nearest)
    for way in ways.values():
        way |= {name: summarise(way[name]) for name in ("ms", "cpu_ms")}
    return {"vectors": len(vectors), "ways": ways}


class Peer:
    """A peer in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.made = self._read()

    def ask(self, queries: int, way: Report) -> None:
        """Have it answer so many further queries, and note how."""
        assert self._process.stdin
        self._process.stdin.write(f"{queries}\n")
        self._process.stdin.flush()
        answer = self._read()
        way["ms"] += answer["ms"]
        way["cpu_ms"] += answer["cpu_ms"]
        way["found"] += answer["found"]
        way["peak_mb"] = answer["peak_mb"]

    def _read(self) -> Report:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("A peer ended: what it said stands above.")
        answer: Report = json.loads(line)
        return answer


@contextmanager
def open_peer(name: str, paths: Sequence[Path]) -> Iterator[Peer]:
    """Start a peer; it ends with the block."""
    command = [_PEER, Path(__file__).with_name("retrieval_peer.py"), name, *paths, "--k", str(K)]
    with subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Peer(process)
        finally:
            assert process.stdin
            process.stdin.close()


def peer_rows(reports: Sequence[Report]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield (
        "| vectors | way | p50 / p95 ms | × HelloTutor | of the processor p50 | × HelloTutor | recall@10 | filled in s "
        "| peak MB of its process |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for report in reports:
        own = report["ways"]["HelloTutor local"]
        for name, way in report["ways"].items():
            label = f"{name} {way.get('version', '')}".strip()
            rest = f"{way['made_s']:.1f} | {way['peak_mb']:,.0f}" if "made_s" in way else "– | –"
            ms, cpu_ms = (
                f"{mine['p50']:,}{tail} | {mine['p50'] / ours['p50']:.1f}"
                for mine, ours, tail in (
                    (way["ms"], own["ms"], f" / {way['ms']['p95']:,}"),
                    (way["cpu_ms"], own["cpu_ms"], ""),
                )
            )
            yield f"| {report['vectors']:,} | {label} | {ms} | {cpu_ms} | {way['recall']} | {rest} |"
