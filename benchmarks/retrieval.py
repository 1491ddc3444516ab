"""How long a search takes: hybrid over 10,000 and 200,000 passages, 200 tenants in a small cache, vectors beside peers.

    script/bench retrieval [--ours-only] [--json FILE]

Without embedding the query, which is measured by itself. The peers search the same vectors in processes of their own,
in turns with ours; writes the tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from django.conf import settings

from benchmarks.retrieval_library import SHIPPED_CACHE_MB, Library, Source, add_library, make_book, read_source
from benchmarks.retrieval_peers import PASSAGES_A_BOOK, K, measure_peers, peer_rows
from benchmarks.retrieval_set import read_questions
from benchmarks.retrieval_timing import Remembering, Report, islice_round, read_memory_mb, summarise, time_ms
from benchmarks.tables import write_table
from hellotutor.embeddings.minilm import MiniLMConfig, MiniLMEmbedder
from hellotutor.retrieval.search import Search

BOOKS, LEAFLETS, PASSAGES_A_LEAFLET = 20, 1_000, 50
TENANTS, LEAST_PASSAGES, MOST_PASSAGES = 200, 2_000, 5_000
TENANTS_CACHE_MB = 300


@dataclass
class Setting:
    """What every measurement needs."""

    source: Source
    embedder: Remembering
    questions: list[str]
    folder: Path
    rounds: int
    report: Report = field(default_factory=dict)


def main() -> None:
    """Measure, write the tables and the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_library(parser)
    parser.add_argument("--rounds", type=int, default=10, help="of ten queries each")
    parser.add_argument("--parts", nargs="*", choices=tuple(PARTS), default=tuple(PARTS), help="what is measured")
    parser.add_argument("--ours-only", action="store_true", help="without the peers")
    parser.add_argument("--json", type=Path, help="where the report is written")
    options = parser.parse_args()
    configure()
    with tempfile.TemporaryDirectory() as folder:
        setting = prepare(options, Path(folder))
        for name in PARTS:
            if name in options.parts and not (name == "peers" and options.ours_only):
                PARTS[name](setting)
    if options.json:
        options.json.write_text(json.dumps(setting.report, indent=2), encoding="utf-8")
    write_tables(setting.report)


def prepare(options: argparse.Namespace, folder: Path) -> Setting:
    """Read the book and the questions, and measure how long a question takes to embed."""
    model = MiniLMEmbedder(MiniLMConfig(options.models))
    source = read_source(options.book, model, options.kept / f"{options.book.stem}.npy")
    questions = [question.text for question in read_questions(options.questions)]
    model.embed(questions[:3])
    took = [time_ms(lambda text=text: model.embed([text])) for text in questions[:100]]
    setting = Setting(source, Remembering(model, questions), questions, folder, options.rounds)
    setting.report["embed_query_ms"] = summarise(took)
    return setting


def measure_hybrid(setting: Setting) -> None:
    """Ask one book, then all 20, then 1,000 leaflets of a tenant; tell the parts of a search, too."""
    library = Library(setting.folder / "hybrid", setting.embedder, cache_bytes=SHIPPED_CACHE_MB << 19)
    versions = [f"book-{number:02}" for number in range(BOOKS)]
    for number, version in enumerate(versions):
        library.add("reader", version, make_book(setting.source, number, PASSAGES_A_BOOK))
    leaflets = [f"leaflet-{number:04}" for number in range(LEAFLETS)]
    pile = make_book(setting.source, BOOKS, LEAFLETS * PASSAGES_A_LEAFLET)
    for number, version in enumerate(leaflets):
        some = slice(number * PASSAGES_A_LEAFLET, (number + 1) * PASSAGES_A_LEAFLET)
        library.add("reader", version, Source(pile.texts[some], pile.vectors[some]))
    search = Search(library.lexical, library.vectors, setting.embedder)
    setting.report["hybrid"] = []
    for asked, passages in (
        (versions[:1], PASSAGES_A_BOOK),
        (versions, BOOKS * PASSAGES_A_BOOK),
        (leaflets, len(pile.texts)),
    ):
        where = {"tenants": ["reader"], "versions": asked}
        parts: dict[str, Callable[[str], object]] = {
            "whole": lambda text, where=where: search.search(text, **where, k=K),
            "lexical": lambda text, where=where: library.lexical.score(text, **where),
            "vectors": lambda text, asked=asked: library.vectors.query(
                setting.embedder.known[text], tenants=["reader"], version_ids=asked, k=200, stamp=library.stamp
            ),
        }
        first_ms = time_ms(lambda where=where: search.search(setting.questions[-1], **where, k=K))
        took: dict[str, list[float]] = {name: [] for name in ("processor", *parts)}
        for text in islice_round(setting.questions, 10 * setting.rounds):
            begun = time.thread_time()
            for name, part in parts.items():
                took[name].append(time_ms(lambda part=part, text=text: part(text)))
                if name == "whole":
                    took["processor"].append((time.thread_time() - begun) * 1000)
        sizes = {"passages": passages, "versions": len(asked), "first_ms": round(first_ms, 1)}
        setting.report["hybrid"].append({**sizes, **{name: summarise(ms) for name, ms in took.items()}})


def measure_tenants(setting: Setting) -> None:
    """Ask random tenants, whose segments and vectors together don't fit in the cache, by a process of its own."""
    folder = setting.folder / "tenants"
    library = Library(folder, setting.embedder, cache_bytes=TENANTS_CACHE_MB << 19)
    sizes = np.linspace(LEAST_PASSAGES, MOST_PASSAGES, BOOKS).astype(int).tolist()
    for number, size in enumerate(sizes):
        library.add(f"tenant-{number:03}", "book", make_book(setting.source, number + 1, size))
    for number in range(BOOKS, TENANTS):
        shutil.copytree(folder / f"tenant-{number % BOOKS:03}", folder / f"tenant-{number:03}")
    spawned = multiprocessing.get_context("spawn")  # with no memory that building the library has left
    with ProcessPoolExecutor(1, spawned, configure) as process:
        asked = process.submit(ask_tenants, folder, setting.embedder, setting.questions, setting.rounds).result()
    passages = sum(sizes) * (TENANTS // BOOKS)
    setting.report["tenants"] = {"tenants": TENANTS, "passages": passages, "cache_mb": TENANTS_CACHE_MB} | asked


def configure() -> None:
    """Have Django go by its defaults."""
    if not settings.configured:
        settings.configure()


def ask_tenants(folder: Path, embedder: Remembering, questions: Sequence[str], rounds: int) -> Report:
    """Ask each tenant once and then random ones."""
    library = Library(folder, embedder, cache_bytes=TENANTS_CACHE_MB << 19)
    search = Search(library.lexical, library.vectors, embedder)
    before, random, took = read_memory_mb(), np.random.default_rng(0), []
    asked = [f"tenant-{number:03}" for number in range(TENANTS)]
    asked += [f"tenant-{number:03}" for number in random.integers(0, TENANTS, 50 * rounds)]
    for tenant, text in zip(asked, islice_round(questions, len(asked)), strict=True):
        took.append(time_ms(lambda text=text, of=tenant: search.search(text, tenants=[of], versions=["book"], k=K)))
    after = read_memory_mb()
    return {
        "first": summarise(took[:TENANTS]),
        "random": summarise(took[TENANTS:]),
        "anonymous_mb_grown": round(after["RssAnon"] - before["RssAnon"]),
        "mapped_mb": round(after["RssFile"]),
    }


def measure_beside_peers(setting: Setting) -> None:
    """Search the vectors of one book, and of 20, beside others."""
    same = {"source": setting.source, "embedder": setting.embedder, "folder": setting.folder, "rounds": setting.rounds}
    setting.report["peers"] = [measure_peers(**same, books=books) for books in (1, BOOKS)]


PARTS = {"hybrid": measure_hybrid, "tenants": measure_tenants, "peers": measure_beside_peers}


def write_tables(report: Report) -> None:
    """Write what was measured into docs/performance.md."""
    if "hybrid" in report:
        write_table("search", "\n".join(_hybrid_rows(report["hybrid"])))
    if "tenants" in report:
        write_table("search of tenants", "\n".join(_tenant_rows(report["tenants"])))
    if "peers" in report:
        write_table("search beside peers", "\n".join(peer_rows(report["peers"])))


def _hybrid_rows(rows: Sequence[Report]) -> Iterator[str]:
    yield "| passages | versions | first ms | p50 / p95 ms | of the processor p50 | words p50 | vectors p50 |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        whole = f"{row['whole']['p50']} / {row['whole']['p95']}"
        parts = f"{row['processor']['p50']} | {row['lexical']['p50']} | {row['vectors']['p50']}"
        yield f"| {row['passages']:,} | {row['versions']:,} | {row['first_ms']} | {whole} | {parts} |"


def _tenant_rows(of: Report) -> Iterator[str]:
    yield "| tenants | passages | cache MB | first p50 / p95 ms | random p50 / p95 ms | own memory MB | mapped MB |"
    yield "|---|---|---|---|---|---|---|"
    first, later = (f"{of[name]['p50']} / {of[name]['p95']}" for name in ("first", "random"))
    numbers = f"{of['tenants']} | {of['passages']:,} | {of['cache_mb']} | {first} | {later}"
    yield f"| {numbers} | +{of['anonymous_mb_grown']} | {of['mapped_mb']} |"


if __name__ == "__main__":
    main()
