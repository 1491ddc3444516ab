"""Print how fast words are searched beside SQLite FTS5, how well languages are told, and what headings are worth.

    script/bench lexical [--speed-only]

Speed: the passages of a textbook, drawn again and again, in versions of one tenant; the questions are its learning
objectives. SQLite FTS5 (Porter stemmer, bm25) holds the same passages in one table in memory; both give the best 50.
Languages: six strings at a time of Django's own translations, twenty times for each language that can be stemmed.
Headings: objectives should find passages of their section, and “What is …?” the passage in which that term is bold.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from gettext import GNUTranslations
from pathlib import Path

import django
import numpy as np
from django.conf import settings
from django.core.files.storage import InMemoryStorage
from numpy.typing import NDArray

from benchmarks.shared import add_path
from hellotutor.core.text import normalise
from hellotutor.ingestion.readers.base import BEGINNING, ReadingLimits
from hellotutor.ingestion.readers.markdown import MarkdownReader
from hellotutor.ingestion.splitting import split
from hellotutor.retrieval.fusion import rank, smooth
from hellotutor.retrieval.lexical import bm25
from hellotutor.retrieval.lexical.analysis import ENGLISH
from hellotutor.retrieval.lexical.index import LexicalIndex
from hellotutor.retrieval.lexical.languages import LANGUAGES, UNKNOWN, find_language
from hellotutor.retrieval.lexical.postings import Segment, build_segment

LIBRARIES = {"10,000 in 1": (1, 10_000), "50,000 in 1,000": (1_000, 50), "200,000 in 20": (20, 10_000)}
WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0)
TENANT = "bench"
MOST = 50
SHORT, FEWEST = 40, 20  # characters of a string; strings of a language
_OBJECTIVES = re.compile(r"By the end of this section, you will be able to:\n((?:\* .*\n)+)")
_BOLD = re.compile(r"\*\*([A-Za-z][A-Za-z \-]{3,40})\*\*")


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage and the headings above it."""

    headings: tuple[str, ...]
    text: str


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_path(
        parser, "--textbook", "textbook", "biology.md", help_text="a textbook in Markdown with learning objectives"
    )
    parser.add_argument("--speed-only", action="store_true", help="leave languages and headings out")
    arguments = parser.parse_args()
    if not settings.configured:
        settings.configure()
    passages = read_passages(arguments.textbook)
    text = arguments.textbook.read_text(encoding="utf-8")
    objectives = find_objectives(text)
    questions = [question for question, _ in objectives[::4]]
    report: dict[str, object] = {
        "speed": {name: measure_speed(passages, questions, *size) for name, size in LIBRARIES.items()}
    }
    if not arguments.speed_only:
        report["languages"] = measure_languages()
        report["headings"] = measure_headings(passages, objectives, find_terms(text, passages))
    print(json.dumps(report, indent=2))


def read_passages(path: Path) -> list[Passage]:
    """Return the passages as the pipeline makes them."""
    pages = MarkdownReader(ReadingLimits(characters=10**8)).read(path, BEGINNING)
    return [Passage(tuple(p.page.page.heading_path), p.text) for _, found in split(pages) for p in found]


def sections_of(text: str) -> list[tuple[str, str]]:
    """Return title and body of each part under a heading of the first rank."""
    parts = re.split(r"(?m)^# (.*)$", text)[1:]
    return [(title.strip(), body) for title, body in zip(parts[::2], parts[1::2], strict=True)]


def find_objectives(text: str) -> list[tuple[str, str]]:
    """Return each learning objective with the title of its section."""
    found = [(title, match[1]) for title, body in sections_of(text) if (match := _OBJECTIVES.search(body))]
    return [(line, title) for title, lines in found for line in re.findall(r"\* (.*)", lines)]


def find_terms(text: str, passages: Sequence[Passage]) -> list[tuple[str, int]]:
    """Return “What is …?” for each bold term, with the number of the passage in which it is bold first."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, passage in enumerate(passages):
        numbers[passage.headings[0] if passage.headings else ""].append(number)
    found: dict[str, tuple[str, int]] = {}
    for title, body in sections_of(text):
        body = body.partition("### Glossary")[0]
        for match in _BOLD.finditer(body):
            around = normalise(re.sub(r"\*+", "", body[max(0, match.start() - 30) : match.end() + 30])).text
            holders = [number for number in numbers[title] if around in passages[number].text]
            if holders:
                found.setdefault(match[1].lower(), (f"What is {match[1].lower()}?", holders[0]))
    return list(found.values())


def measure_speed(
    passages: Sequence[Passage], questions: Sequence[str], versions: int, size: int
) -> dict[str, float | int]:
    """Return milliseconds of a query, ours and FTS5's, and what ours needs before it and to be kept."""
    drawn = random.Random(versions)
    storage = InMemoryStorage()
    index = LexicalIndex(storage, cache_bytes=1 << 30)
    table = sqlite3.connect(":memory:")
    table.execute("create virtual table passages using fts5(text, tokenize='porter unicode61')")
    names = [f"v{number}" for number in range(versions)]
    began = time.process_time()
    made = [[drawn.choice(passages) for _ in range(size)] for _ in names]
    for name, chosen in zip(names, made, strict=True):
        texts, headings = [p.text for p in chosen], [p.headings for p in chosen]
        index.build(tenant=TENANT, version_id=name, texts=texts, headings=headings)
    built_s = time.process_time() - began
    for chosen in made:
        table.executemany("insert into passages values (?)", [(" ".join([p.text, *p.headings]),) for p in chosen])
    index = LexicalIndex(storage, cache_bytes=1 << 30)

    def ask_ours(question: str) -> object:
        return rank(index.score(question, tenants=[TENANT], versions=names).scores, MOST)

    def ask_fts5(question: str) -> object:
        words = " OR ".join(f'"{term}"' for term, _, _ in ENGLISH.terms(question))
        return table.execute(
            "select rowid, bm25(passages) from passages where passages match ? order by rank limit ?", [words, MOST]
        ).fetchall()

    first_ms = time_ms(ask_ours, questions[:1])[0]
    ours, theirs = time_ms(ask_ours, questions), time_ms(ask_fts5, questions)
    busy = time_ms(ask_ours, questions, time.process_time)
    files = (f"{TENANT}/{name}/{file}" for name in names for file in storage.listdir(f"{TENANT}/{name}")[1])
    return {
        "build_passages_per_s": round(versions * size / built_s),
        "file_bytes_per_passage": round(sum(map(storage.size, files)) / (versions * size)),
        "first_query_ms": round(first_ms),
        "query_p50_ms": round(float(np.median(ours)), 2),
        "query_cpu_p50_ms": round(float(np.median(busy)), 2),
        "query_p95_ms": round(float(np.percentile(ours, 95)), 2),
        "fts5_p50_ms": round(float(np.median(theirs)), 2),
        "fts5_times_as_long": round(float(np.median(theirs) / np.median(ours)), 1),
    }


def time_ms(
    call: Callable[[str], object], questions: Sequence[str], clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Return how long each call took by a clock: of the wall, or of the processor where others use it too."""
    took = []
    for question in questions:
        began = clock()
        call(question)
        took.append((clock() - began) * 1000)
    return took


def measure_languages() -> dict[str, int]:
    """Return how many small texts were told to be in their language, left open, or taken for another's."""
    drawn = random.Random(1)
    counts = {"right": 0, "open": 0, "wrong": 0, "languages": 0}
    for path in sorted((Path(django.__file__).parent / "conf" / "locale").glob("*/LC_MESSAGES/django.mo")):
        language = {"nb": "no"}.get(path.parts[-3], path.parts[-3])
        with path.open("rb") as file:
            catalogue = GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # it has no public list
        texts = [text for key, text in catalogue.items() if key and isinstance(text, str) and len(text) > SHORT]
        if language not in LANGUAGES or len(texts) < FEWEST:
            continue
        counts["languages"] += 1
        for _ in range(20):
            found = find_language(drawn.sample(texts, 6))
            counts["right" if found == language else "open" if found in ("", UNKNOWN) else "wrong"] += 1
    return counts


def measure_headings(
    passages: Sequence[Passage], objectives: Sequence[tuple[str, str]], terms: Sequence[tuple[str, int]]
) -> dict[str, dict[str, float]]:
    """Return for each way of indexing headings how well objectives and terms find what they should."""
    texts, headings = [p.text for p in passages], [p.headings for p in passages]
    titles = np.array([p.headings[0] if p.headings else "" for p in passages])
    is_objective = np.array(["By the end of this section" in text for text in texts])

    def measure(segment: Segment, weight: float) -> dict[str, float]:
        bm25.HEADING_WEIGHT = weight
        found = [score(segment, question) for question, _ in objectives]
        tops = [np.argsort(-np.where(is_objective, -1, scores), kind="stable")[:10] for scores in found]
        of_section = [titles[top] == title for top, (_, title) in zip(tops, objectives, strict=True)]
        ranks = [int((scores > scores[at]).sum()) for scores, at in ((score(segment, q), at) for q, at in terms)]
        return {
            "objective_precision_at_10": round(float(np.mean(of_section)), 3),
            "term_mrr": round(float(np.mean([1 / (1 + rank) for rank in ranks])), 3),
            "term_hit_at_10": round(float(np.mean([rank < 10 for rank in ranks])), 3),
        }

    field = build_segment(texts, ENGLISH, headings)[0]
    appended = build_segment([" ".join([p.text, *p.headings]) for p in passages], ENGLISH)[0]
    report = {
        "appended to the text": measure(appended, 0.0),
        "left out": measure(build_segment(texts, ENGLISH)[0], 0.0),
    }
    return report | {f"a field of weight {weight}": measure(field, weight) for weight in WEIGHTS}


def score(segment: Segment, question: str) -> NDArray[np.float32]:
    """Return the smoothed scores of all passages."""
    scores = bm25.score_bm25([segment], ENGLISH.query_terms(question))[0]
    return smooth(scores, np.array([0, len(scores)]))


if __name__ == "__main__":
    main()
