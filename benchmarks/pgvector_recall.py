"""Print how much of what exact search finds pgvector's index finds for one tenant of a hundred, and how fast.

    script/bench pgvector_recall [--vectors 100000] [--growth] [--embedded FILE]

A Postgres of its own is started. Its vectors are made of real passages: each tenant has a stretch of a textbook or of
the retrieval set, and each of its vectors is a mix of two of that stretch, so that tenants keep to their subjects and
lie among others that have the same. The questions are the retrieval set's, most of them about none of a tenant's
subjects. Beside the index stand exact search, the index without iterative scans, and what the adapter chooses.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray
from tests.postgres_server import run_postgres

from benchmarks.retrieval_set import PASSAGE_CHARACTERS, cut_passages, read_corpora, read_questions
from benchmarks.shared import add_models, add_path
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.retrieval.base import IndexStamp
from hellotutor.retrieval.pgvector.index import PgvectorConfig, PgvectorIndex

Vectors = NDArray[np.float32]
Place = tuple[str, int]  # version id and ordinal
Way = Callable[[Vectors, Sequence[int], int], list[Place]]  # question, tenants, k

STAMP = IndexStamp(MiniLMEmbedder.name, MiniLMEmbedder.version, MiniLMEmbedder.dimensions)
TENANTS = 100
STRETCH = 300  # passages that a tenant's vectors are mixed of
REAL_PASSAGES = 6_000
QUESTIONS = 60
_WITHOUT_ITERATIVE_SCAN = """
select v.version_id, n.ordinal from {} n join hellotutor_vector_versions v on v.id = n.version
where n.version = any(%s) order by n.vector <=> %s::halfvec limit %s"""


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_path(parser, "--data", help_text="folder of the shared data")
    add_models(parser)
    parser.add_argument("--vectors", type=int, default=100_000, help="how many are stored in all")
    parser.add_argument("--growth", action="store_true", help="measure at each power of ten on the way, too")
    parser.add_argument("--embedded", type=Path, help="where the real passages' vectors are kept (.npz)")
    arguments = parser.parse_args()
    passages, questions = embed(arguments.data, arguments.models, arguments.embedded)
    steps = [10**power for power in range(4, 9) if 10**power < arguments.vectors] if arguments.growth else []
    growth = []
    with run_postgres() as server:
        library = Library(server.make_database(), passages)
        for size in [*steps, arguments.vectors]:
            stored = library.grow(size)
            growth.append({**stored, **library.measure_growth(questions)} if arguments.growth else stored)
        by_share = {f"{count}%": library.measure_recall(questions, count) for count in (1, 10, 100)}
        library.close()
    print(json.dumps({"questions": len(questions), "growth": growth, "by_share_of_tenants": by_share}, indent=2))


def embed(data: Path, models: Path, kept: Path | None) -> tuple[Vectors, Vectors]:
    """Return the vectors of real passages, in the order of their texts, and of questions."""
    if kept and kept.exists():
        arrays = np.load(kept)
        return arrays["passages"], arrays["questions"]
    texts = [passage.text for passages in read_corpora(data / "retrieval").values() for passage in passages]
    textbook = (data / "textbook" / "biology.md").read_text(encoding="utf-8")
    texts += [passage.text for passage in cut_passages(textbook, PASSAGE_CHARACTERS) if len(passage.text) > 80]
    embedder = MiniLMEmbedder(MiniLMConfig(models))
    questions = embedder.embed([question.text for question in read_questions(data / "retrieval")[:QUESTIONS]])
    passages = embedder.embed(texts[:REAL_PASSAGES])
    if kept:
        np.savez(kept, passages=passages, questions=questions)
    return passages, questions


class Library:
    """A hundred tenants of one version each, in Postgres and in memory."""

    def __init__(self, url: str, passages: Vectors) -> None:
        self._passages = passages
        self._random = np.random.default_rng(0)
        self._starts = self._random.integers(len(passages) - STRETCH, size=TENANTS)
        self._held = [np.zeros((0, STAMP.dimensions), np.float32) for _ in range(TENANTS)]
        self._connection = psycopg.connect(url, autocommit=True)
        weights = {"exact": math.inf, "index": 0.0, "chosen": PgvectorConfig(url).index_weight}
        # the index may take longer to find everything than a learner would wait
        self._indexes = {
            name: PgvectorIndex(PgvectorConfig(url, query_timeout_s=60, index_weight=weight))
            for name, weight in weights.items()
        }

    def grow(self, size: int) -> dict[str, float]:
        """Store vectors through the adapter until there are so many; return what a vector took and takes."""
        index, had, begun = self._indexes["chosen"], sum(map(len, self._held)), time.perf_counter()
        index.prepare(STAMP)
        for tenant, held in enumerate(self._held):
            more, name = self._mix(tenant, size // TENANTS - len(held)), str(tenant)
            index.upsert(tenant=name, version_id=name, first_ordinal=len(held), vectors=more, stamp=STAMP)
            self._held[tenant] = np.concatenate([held, more.astype(np.float16).astype(np.float32)])
        took_s = time.perf_counter() - begun
        self._connection.execute("vacuum analyze")  # as the server does by itself after a while
        asked = "select pg_relation_size(oid), pg_indexes_size(oid) from pg_class where relname = %s"
        table_bytes, index_bytes = self._connection.execute(asked, [self._table()]).fetchone() or (0, 0)
        return {
            "vectors": size,
            "store_ms_a_vector": round(took_s * 1000 / (size - had), 3),
            "table_bytes_a_vector": round(table_bytes / size),
            "index_bytes_a_vector": round(index_bytes / size),
        }

    def measure_growth(self, questions: Vectors) -> dict[str, dict[str, float]]:
        """Return each way's median milliseconds for 200 passages of one tenant of the hundred, and of all at once."""
        measured = {}
        for who, asked in (("one_tenant", [0]), ("all_tenants", range(TENANTS))):
            took_s: dict[str, list[float]] = {name: [] for name in self._indexes}
            for question in questions:
                for name, taken in took_s.items():
                    taken.append(time_way(self._way(name), question, asked, 200)[0])
            measured[f"{who}_p50_ms"] = {name: median_ms(taken) for name, taken in took_s.items()}
        return measured

    def measure_recall(self, questions: Vectors, count: int) -> dict[str, dict[str, float]]:
        """Return each way's recall and median milliseconds over so many tenants, others for each question."""
        ways = {name: self._way(name) for name in self._indexes}
        ways["index_without_iterative_scan"] = self._ask_without_iterative_scan
        asked = [[(7 * number + step) % TENANTS for step in range(count)] for number in range(len(questions))]
        best = [self._find_best(question, tenants) for question, tenants in zip(questions, asked, strict=True)]
        took_s: dict[str, list[float]] = {name: [] for name in ways}
        recall: dict[str, list[float]] = {name: [] for name in ways}
        for question, tenants, places in zip(questions, asked, best, strict=True):
            for name, way in ways.items():  # in turn, so that what else the machine does falls on all alike
                took, found = time_way(way, question, tenants, 10)
                took_s[name].append(took)
                recall[name].append(len(set(found) & set(places)) / len(places))
        return {
            name: {
                "recall_at_10": round(float(np.mean(recall[name])), 4),
                "p50_ms": median_ms(took_s[name]),
                "time_to_exact": round(float(np.median(np.divide(took_s[name], took_s["exact"]))), 2),
            }
            for name in ways
        }

    def close(self) -> None:
        """End the connections."""
        self._connection.close()
        for index in self._indexes.values():
            index.close()

    def _mix(self, tenant: int, count: int) -> Vectors:
        stretch = self._passages[self._starts[tenant] :][:STRETCH]
        one, other = (stretch[self._random.integers(len(stretch), size=count)] for _ in range(2))
        share = self._random.uniform(0.6, 1, size=(count, 1)).astype(np.float32)
        mixed = share * one + (1 - share) * other
        return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), dtype=np.float32)

    def _table(self) -> str:
        asked = "select tablename from pg_tables where tablename ~ '^hellotutor_vectors_[0-9a-f]+$'"
        return str((self._connection.execute(asked).fetchone() or [""])[0])

    def _way(self, name: str) -> Way:
        def ask(question: Vectors, tenants: Sequence[int], k: int) -> list[Place]:
            names = [str(tenant) for tenant in tenants]
            hits = self._indexes[name].query(question, tenants=names, version_ids=names, k=k, stamp=STAMP)
            return [(hit.version_id, hit.ordinal) for hit in hits]

        return ask

    def _ask_without_iterative_scan(self, question: Vectors, tenants: Sequence[int], k: int) -> list[Place]:
        names = [str(tenant) for tenant in tenants]
        with self._connection.transaction():
            for setting, value in (("hnsw.ef_search", "400"), ("enable_sort", "off"), ("enable_seqscan", "off")):
                self._connection.execute("select set_config(%s, %s, true)", [setting, value])
            numbers = self._connection.execute(
                "select array_agg(id) from hellotutor_vector_versions where version_id = any(%s)", [names]
            ).fetchone()
            statement = psycopg.sql.SQL(_WITHOUT_ITERATIVE_SCAN).format(psycopg.sql.Identifier(self._table()))
            vector = str(question.astype(np.float16).tolist())
            return self._connection.execute(statement, [*(numbers or [[]]), vector, k]).fetchall()

    def _find_best(self, question: Vectors, tenants: Sequence[int]) -> list[Place]:
        half = question.astype(np.float16).astype(np.float32)
        places = [(str(tenant), ordinal) for tenant in tenants for ordinal in range(len(self._held[tenant]))]
        cosines = np.concatenate([self._held[tenant] for tenant in tenants]) @ half
        return [places[at] for at in np.argsort(-cosines)[:10]]


def time_way(way: Way, question: Vectors, tenants: Sequence[int], k: int) -> tuple[float, list[Place]]:
    """Return the seconds that it took and what it found."""
    begun = time.perf_counter()
    found = way(question, tenants, k)
    return time.perf_counter() - begun, found


def median_ms(seconds: Sequence[float]) -> float:
    """Return the median in milliseconds."""
    return round(float(np.median(seconds)) * 1000, 2)


if __name__ == "__main__":
    main()
